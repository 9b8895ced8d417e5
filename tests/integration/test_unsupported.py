import pytest
from httpx import AsyncClient

from tests.integration.box import problem

OFFERED_ELSEWHERE = ["/api/v1/ytdlp-download", "/api/v1/run-ytdlp-command"]


@pytest.mark.parametrize("path", OFFERED_ELSEWHERE)
@pytest.mark.parametrize("body", [b"", b"{bad", b'{"url": "https://example.com/watch"}'])
async def test_a_download_by_yt_dlp_is_refused_whatever_the_body(
    shared_client: AsyncClient, path: str, body: bytes
) -> None:
    answered = await shared_client.post(path, content=body)

    assert problem(answered) == (501, "NOT_SUPPORTED")


async def test_the_refusal_says_what_to_do_instead(shared_client: AsyncClient) -> None:
    answered = await shared_client.post(OFFERED_ELSEWHERE[0])

    assert answered.json()["message"].endswith("then upload it or give its URL.")


@pytest.mark.parametrize("path", OFFERED_ELSEWHERE)
async def test_a_stranger_does_not_learn_what_is_not_offered(
    shared_anonymous: AsyncClient, path: str
) -> None:
    assert problem(await shared_anonymous.post(path)) == (401, "UNAUTHORIZED")
