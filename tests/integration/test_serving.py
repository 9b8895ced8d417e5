import hashlib
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient, Response

from tests.integration.box import Box, problem, upload

CONTENT = bytes(range(100))
ETAG = f'"{hashlib.sha256(CONTENT).hexdigest()}"'
MODIFIED = "Thu, 01 Jan 2026 12:00:00 GMT"
LATER = "Thu, 01 Jan 2026 12:00:01 GMT"
EARLIER = "Thu, 01 Jan 2026 11:59:59 GMT"


@pytest.fixture(scope="session")
async def url(shared_client: AsyncClient) -> str:
    return str((await upload(shared_client, CONTENT))["storage_url"])


async def fetched(client: AsyncClient, url: str, **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await client.get(url, headers=named)


async def test_a_file_is_served_whole(shared_anonymous: AsyncClient, url: str) -> None:
    served = await fetched(shared_anonymous, url)

    assert (served.status_code, served.content) == (200, CONTENT)


async def test_a_served_file_is_described_in_its_headers(
    shared_anonymous: AsyncClient, url: str
) -> None:
    expected = {
        "content-type": "video/mp4",
        "content-length": "100",
        "accept-ranges": "bytes",
        "etag": ETAG,
        "last-modified": MODIFIED,
        "x-content-type-options": "nosniff",
        "cross-origin-resource-policy": "cross-origin",
        "content-disposition": "inline; filename*=UTF-8''clip.mp4",
    }

    served = await fetched(shared_anonymous, url)

    assert {name: served.headers[name] for name in expected} == expected


@pytest.mark.parametrize(
    ("asked", "content", "shown"),
    [
        ("bytes=0-9", CONTENT[0:10], "bytes 0-9/100"),
        ("bytes=0-0", CONTENT[0:1], "bytes 0-0/100"),
        ("bytes=5-", CONTENT[5:], "bytes 5-99/100"),
        ("bytes=-5", CONTENT[-5:], "bytes 95-99/100"),
        ("bytes=99-", CONTENT[99:], "bytes 99-99/100"),
        ("bytes=90-500", CONTENT[90:], "bytes 90-99/100"),
        ("bytes=-500", CONTENT, "bytes 0-99/100"),
        ("bytes=0-99", CONTENT, "bytes 0-99/100"),
    ],
)
async def test_a_range_is_served_as_partial_content(
    shared_anonymous: AsyncClient, url: str, asked: str, content: bytes, shown: str
) -> None:
    served = await fetched(shared_anonymous, url, Range=asked)

    assert (served.status_code, served.content, served.headers["Content-Range"]) == (
        206,
        content,
        shown,
    )


async def test_a_range_says_its_own_length(shared_anonymous: AsyncClient, url: str) -> None:
    served = await fetched(shared_anonymous, url, Range="bytes=10-19")

    assert served.headers["Content-Length"] == "10"


@pytest.mark.parametrize("asked", ["bytes=100-", "bytes=500-600", "bytes=-0"])
async def test_a_range_beyond_the_end_cannot_be_served(
    shared_anonymous: AsyncClient, url: str, asked: str
) -> None:
    served = await fetched(shared_anonymous, url, Range=asked)

    assert (served.status_code, served.headers["Content-Range"]) == (416, "bytes */100")


async def test_a_range_of_an_empty_file_cannot_be_served(shared_client: AsyncClient) -> None:
    stored = await upload(shared_client, b"", "empty.txt")

    served = await fetched(shared_client, str(stored["storage_url"]), Range="bytes=0-")

    assert served.status_code == 416


@pytest.mark.parametrize(
    "asked",
    ["bytes=0-1,5-6", "lines=0-1", "bytes", "bytes=a-b", "bytes=0-" + "9" * 30, "bytes=٣-٤"],
)
async def test_a_range_that_is_not_understood_means_the_whole_file(
    shared_anonymous: AsyncClient, url: str, asked: str
) -> None:
    served = await shared_anonymous.get(url, headers={"Range": asked.encode()})

    assert (served.status_code, served.content) == (200, CONTENT)


@pytest.mark.parametrize(
    ("validator", "status_code"),
    [
        (ETAG, 206),
        ('"other"', 200),
        (f"W/{ETAG}", 200),
        (MODIFIED, 206),
        (EARLIER, 200),
        (LATER, 200),
        ("nonsense", 200),
    ],
)
async def test_a_range_is_served_only_of_the_file_it_was_asked_of(
    shared_anonymous: AsyncClient, url: str, validator: str, status_code: int
) -> None:
    served = await fetched(shared_anonymous, url, Range="bytes=0-9", If_Range=validator)

    assert served.status_code == status_code


@pytest.mark.parametrize("known", [ETAG, f"W/{ETAG}", f'"other", {ETAG}', "*"])
async def test_a_file_that_the_caller_has_is_not_sent_again(
    shared_anonymous: AsyncClient, url: str, known: str
) -> None:
    served = await fetched(shared_anonymous, url, If_None_Match=known)

    assert (served.status_code, served.content, served.headers["ETag"]) == (304, b"", ETAG)


async def test_another_etag_gets_the_file(shared_anonymous: AsyncClient, url: str) -> None:
    served = await fetched(shared_anonymous, url, If_None_Match='"other"')

    assert served.status_code == 200


@pytest.mark.parametrize(
    ("since", "status_code"), [(MODIFIED, 304), (LATER, 304), (EARLIER, 200), ("nonsense", 200)]
)
async def test_a_file_is_sent_when_it_is_newer(
    shared_anonymous: AsyncClient, url: str, since: str, status_code: int
) -> None:
    served = await fetched(shared_anonymous, url, If_Modified_Since=since)

    assert served.status_code == status_code


async def test_an_etag_wins_over_a_date(shared_anonymous: AsyncClient, url: str) -> None:
    served = await fetched(shared_anonymous, url, If_None_Match='"other"', If_Modified_Since=LATER)

    assert served.status_code == 200


async def test_head_tells_the_length_and_sends_nothing(
    shared_anonymous: AsyncClient, url: str
) -> None:
    served = await shared_anonymous.head(url)

    assert (served.status_code, served.headers["Content-Length"], served.content) == (
        200,
        "100",
        b"",
    )


async def test_head_has_the_headers_of_get(shared_anonymous: AsyncClient, url: str) -> None:
    head, served = await shared_anonymous.head(url), await shared_anonymous.get(url)

    assert without_id(head) == without_id(served)


def without_id(response: Response) -> dict[str, Any]:
    return {name: value for name, value in response.headers.items() if name != "x-request-id"}


@pytest.mark.parametrize(
    "name", ["page.html", "logo.svg", "list.xml", "code.js", "subtitles.ttml", "PAGE.HTML"]
)
async def test_what_a_browser_would_run_is_a_download(
    shared_client: AsyncClient, name: str
) -> None:
    stored = await upload(shared_client, b"<script>alert(1)</script>", name)

    served = await shared_client.get(str(stored["storage_url"]))

    assert served.headers["Content-Disposition"].startswith("attachment;")


@pytest.mark.parametrize(
    "name", ["page.xhtml", "page.htm", "code.mjs", "page.shtml", "no-extension"]
)
async def test_a_type_that_is_unknown_is_served_as_bytes(
    shared_client: AsyncClient, name: str
) -> None:
    stored = await upload(shared_client, b"<script>alert(1)</script>", name)

    served = await shared_client.get(str(stored["storage_url"]))

    assert served.headers["Content-Type"] == "application/octet-stream"


async def test_a_download_can_be_asked_for(shared_anonymous: AsyncClient, url: str) -> None:
    served = await shared_anonymous.get(url, params={"download": "1"})

    assert served.headers["Content-Disposition"] == "attachment; filename*=UTF-8''clip.mp4"


async def test_an_odd_name_cannot_break_the_header(shared_client: AsyncClient) -> None:
    stored = await upload(shared_client, b"content", 'a";x="ü.mp4')

    served = await shared_client.get(str(stored["storage_url"]))

    assert served.headers["Content-Disposition"].endswith("UTF-8''a%22%3Bx%3D%22%C3%BC.mp4")


async def test_the_name_in_the_address_does_not_decide_the_type(
    shared_anonymous: AsyncClient, url: str
) -> None:
    served = await shared_anonymous.get(url.replace("clip.mp4", "page.html"))

    assert served.headers["Content-Type"] == "video/mp4"


async def test_a_wrong_token_opens_nothing(shared_anonymous: AsyncClient, url: str) -> None:
    refused = await shared_anonymous.get(url.replace("/files/", "/files/x"))

    assert problem(refused) == (404, "NOT_FOUND")


async def test_a_file_id_is_no_token(
    shared_client: AsyncClient, shared_anonymous: AsyncClient
) -> None:
    stored = await upload(shared_client)

    refused = await shared_anonymous.get(f"/files/{stored['file_id']}/clip.mp4")

    assert problem(refused) == (404, "NOT_FOUND")


async def test_two_uploads_of_the_same_bytes_have_two_addresses(
    shared_client: AsyncClient,
) -> None:
    first = await upload(shared_client, CONTENT)
    second = await upload(shared_client, CONTENT)

    assert first["storage_url"] != second["storage_url"]


async def test_a_file_that_the_disk_has_lost_is_not_found(box: Box, client: AsyncClient) -> None:
    url = str((await upload(client))["storage_url"])
    (lost,) = [path for path in (box.root / "files/uploads").rglob("*") if path.is_file()]
    lost.unlink()

    assert problem(await client.get(url)) == (404, "NOT_FOUND")
    assert (await client.head(url)).status_code == 404


async def test_a_range_is_no_matter_for_head(shared_anonymous: AsyncClient, url: str) -> None:
    answered = await shared_anonymous.head(url, headers={"Range": "bytes=0-9"})

    assert (answered.status_code, answered.headers["Content-Length"]) == (200, "100")


async def test_a_range_that_cannot_be_served_has_no_body(
    shared_anonymous: AsyncClient, url: str
) -> None:
    assert (await fetched(shared_anonymous, url, range="bytes=100-")).content == b""


async def test_a_link_in_the_place_of_a_file_is_not_followed(
    box: Box, client: AsyncClient, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_bytes(b"secret!")
    url = str((await upload(client, b"content"))["storage_url"])
    (stored,) = [path for path in (box.root / "files/uploads").rglob("*") if path.is_file()]
    stored.unlink()
    stored.symlink_to(tmp_path / "secret")

    assert problem(await client.get(url)) == (404, "NOT_FOUND")
