"""Commands that name what lies outside, by every way of submitting them."""

import pytest
from httpx import AsyncClient

from tests.builders import make_body
from tests.integration.box import COMMANDS, PRESETS, RUN, Box, problem
from tests.integration.preset_steps import SCALE
from tests.integration.test_chains import CHAIN, FLAT, LISTED
from tests.integration.test_multiple import MULTIPLE

ESCAPE = "-i /etc/passwd {{out_clip}}"
SAID = "-i names '/etc/passwd', which is an absolute path;"
FIRST, SECOND = LISTED["commands"]


@pytest.mark.parametrize(
    ("path", "body", "loc", "said"),
    [
        (RUN, make_body(ffmpeg_command=ESCAPE), ["ffmpeg_command"], SAID),
        ("/api/v1/validate", make_body(ffmpeg_command=ESCAPE), ["ffmpeg_command"], SAID),
        (
            CHAIN,
            FLAT | {"ffmpeg_commands": [FLAT["ffmpeg_commands"][0], ESCAPE]},
            ["ffmpeg_commands", "1"],
            f"Step 2: {SAID}",
        ),
        (
            CHAIN,
            {"commands": [FIRST, SECOND | {"ffmpeg_command": ESCAPE}]},
            ["commands", "1", "ffmpeg_command"],
            f"Step 2: {SAID}",
        ),
        (
            MULTIPLE,
            {"commands": [make_body(), make_body(ffmpeg_command=ESCAPE)]},
            ["commands", "1", "ffmpeg_command"],
            f"Command 2: {SAID}",
        ),
    ],
)
async def test_an_escape_is_refused_naming_the_argument(
    shared_client: AsyncClient, path: str, body: object, loc: list[str], said: str
) -> None:
    refused = await shared_client.post(path, json=body)

    assert problem(refused) == (400, "INVALID_COMMAND")
    assert refused.json()["message"].startswith(said)
    assert refused.json()["detail"][0]["loc"] == loc


async def test_a_preset_cannot_hold_an_escape(shared_client: AsyncClient) -> None:
    body = SCALE | {"ffmpeg_command": "-i {{in_video}} -vf movie=/x {{out_video}}"}

    refused = await shared_client.post(PRESETS, json=body)

    assert problem(refused) == (422, "VALIDATION_ERROR")
    assert refused.json()["message"].startswith("movie in -vf names '/x', ")


async def test_rendis_clients_are_told_in_their_envelope(shared_client: AsyncClient) -> None:
    refused = await shared_client.post(
        "/v1/run-ffmpeg-command", json=make_body(ffmpeg_command=ESCAPE)
    )

    assert (refused.status_code, refused.json()["detail"].startswith(SAID)) == (400, True)


async def test_nothing_is_queued_for_a_refused_command(box: Box, client: AsyncClient) -> None:
    await client.post(RUN, json=make_body(ffmpeg_command=ESCAPE))

    assert (await client.get(COMMANDS)).json()["commands"] == []
    assert box.executor.executions == []
