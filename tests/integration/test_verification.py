"""Success that was verified: asked for, reported, refused, and off by default."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, cast

import pytest
from httpx import AsyncClient
from msgspec.structs import replace

from renderio_box.api.app import create_app
from renderio_box.ffmpeg.progress import Report
from renderio_box.jobs.verification import Played, Verify
from tests.builders import LIMITS, make_body
from tests.fakes import Script, ScriptedExecutor, ScriptedPlayer
from tests.integration.box import (
    RUN,
    Box,
    Outside,
    files_kept,
    open_box,
    problem,
    show,
    speaking_to,
    submit,
)

CHAIN = "/api/v1/run-chained-ffmpeg-commands"
MULTIPLE = "/api/v1/run-multiple-ffmpeg-commands"
DECODE = {"decode": True}
BROKEN = Played(packets={"video": (3,)}, fault="bad cabac")
LOG = "Output #0, mp4, to 'clip.mp4':\n  Stream #0:0: Video: h264\n"
SOUND_TOO = LOG + "  Stream #0:1: Audio: aac\n"
FLAT = {
    "ffmpeg_commands": ["-f lavfi -i testsrc {{out_a}}", "-i {{out_a}} {{out_b}}"],
    "input_files": {},
    "output_files": {"out_a": "a.mp4", "out_b": "b.mp4"},
}
LISTED = {
    "commands": [
        {
            "ffmpeg_command": "-f lavfi -i testsrc {{out_a}}",
            "input_files": {},
            "output_files": {"out_a": "a.mp4"},
        }
    ]
}


async def ended(box: Box, client: AsyncClient, **more: object) -> dict[str, Any]:
    """Run a command that makes clip.mp4 to its end and return its poll response."""
    command_id = await submit(client, make_body(**more))
    await box.work_until_final(command_id)
    return await show(client, command_id)


async def test_nothing_is_verified_unless_it_is_asked_for(
    box: Box, client: AsyncClient, player: ScriptedPlayer
) -> None:
    polled = await ended(box, client)

    assert (polled["status"], polled["verification"], player.asked) == ("SUCCESS", None, [])


async def test_success_comes_with_the_report(box: Box, client: AsyncClient) -> None:
    polled = await ended(box, client, verify=DECODE)

    assert polled["status"] == "SUCCESS"
    assert polled["verification"] == {
        "out_clip": {
            "decode": "passed",
            "duration": {
                "result": "skipped",
                "at_least_seconds": None,
                "at_most_seconds": None,
                "found_seconds": None,
            },
            "streams": {"result": "skipped", "expected": None, "found": None},
            "message": None,
        }
    }


async def test_a_fault_fails_the_command_and_nothing_is_published(
    box: Box, client: AsyncClient, player: ScriptedPlayer
) -> None:
    player.found["clip.mp4"] = BROKEN

    polled = await ended(box, client, verify=DECODE)

    assert (polled["status"], polled["error_status"]) == ("FAILED", "VERIFICATION_FAILED")
    assert polled["error_message"] == (
        "FFmpeg ended well but out_clip (clip.mp4) failed its verification:"
        " it does not decode: bad cabac."
    )
    assert polled["verification"]["out_clip"]["decode"] == "failed"
    assert (polled["output_files"], files_kept(box)) == ({}, [])


async def test_a_missing_stream_fails_the_command(
    box: Box, client: AsyncClient, executor: ScriptedExecutor
) -> None:
    executor.script = Script(log=SOUND_TOO)

    polled = await ended(box, client, verify={"streams": True})

    streams = polled["verification"]["out_clip"]["streams"]
    assert polled["error_status"] == "VERIFICATION_FAILED"
    assert (streams["expected"], streams["found"]) == ({"video": 1, "audio": 1}, {"video": 1})


async def test_an_output_shorter_than_what_ffmpeg_wrote_fails_the_command(
    box: Box, client: AsyncClient, executor: ScriptedExecutor
) -> None:
    executor.script = Script(reports=(Report(out_time_us=9_000_000),))

    polled = await ended(box, client, verify={"duration_tolerance_seconds": 1})

    duration = polled["verification"]["out_clip"]["duration"]
    assert polled["error_status"] == "VERIFICATION_FAILED"
    assert (duration["at_least_seconds"], duration["found_seconds"]) == (9.0, 2.5)


async def test_rendi_leaves_the_report_out_where_there_is_none(
    box: Box, client: AsyncClient
) -> None:
    command_id = await submit(client, make_body())
    verified = await submit(client, make_body(verify=DECODE))
    for each in (command_id, verified):
        await box.work_until_final(each)

    polls = [(await client.get(f"/v1/commands/{each}")).json() for each in (command_id, verified)]

    assert ["verification" in poll for poll in polls] == [False, True]


@pytest.mark.parametrize("body", [FLAT, LISTED])
@pytest.mark.parametrize("address", [CHAIN, "/v1/run-chained-ffmpeg-commands"])
async def test_every_output_of_a_chain_is_verified(
    box: Box, client: AsyncClient, player: ScriptedPlayer, body: dict[str, Any], address: str
) -> None:
    accepted = await client.post(address, json=body | {"verify": DECODE})
    report = await box.work_until_final(accepted.json()["command_id"])

    names = [file.filename for file in report.outputs]
    assert (sorted(player.asked), sorted(report.job.verification or {})) == (
        sorted(names),
        sorted(str(file.alias) for file in report.outputs),
    )


async def test_each_of_several_commands_is_verified_as_it_asks(
    box: Box, client: AsyncClient
) -> None:
    body = {"commands": [make_body(verify=DECODE), make_body()]}
    accepted = await client.post(MULTIPLE, json=body)
    reports = [await box.work_until_final(each) for each in accepted.json()["command_ids"]]

    assert [report.job.verification is None for report in reports] == [False, True]


async def test_a_folder_is_not_looked_into(
    box: Box, client: AsyncClient, player: ScriptedPlayer
) -> None:
    body = {"ffmpeg_command": "-f lavfi -i testsrc a.mp4", "output_files": "OUTPUT_FOLDER"}

    polled = await ended(box, client, verify=DECODE, **body)

    assert polled["verification"]["output_folder"]["message"] == "A zip is not looked into."
    assert player.asked == []


@pytest.mark.parametrize(
    ("verify", "loc"),
    [
        (True, ["verify"]),
        ("all", ["verify"]),
        ([], ["verify"]),
        ({"decode": "soon"}, ["verify", "decode"]),
        ({"streams": [1]}, ["verify", "streams"]),
        ({"duration_tolerance_seconds": -1}, ["verify", "duration_tolerance_seconds"]),
        ({"duration_tolerance_seconds": "soon"}, ["verify", "duration_tolerance_seconds"]),
        ({"duration_tolerance_seconds": 10**9}, ["verify", "duration_tolerance_seconds"]),
        ({"decode": 2, "codec": True}, ["verify", "decode"]),
    ],
)
async def test_a_wish_that_cannot_be_read_is_refused(
    shared_client: AsyncClient, verify: object, loc: list[str]
) -> None:
    refused = await shared_client.post(RUN, json=make_body(verify=verify))

    assert problem(refused) == (400, "INVALID_REQUEST")
    assert refused.json()["detail"][0]["loc"] == loc


@pytest.mark.parametrize("address", [RUN, "/v1/run-ffmpeg-command"])
async def test_an_unknown_check_is_ignored_and_said_to_be(
    box: Box, client: AsyncClient, player: ScriptedPlayer, address: str
) -> None:
    cut = "x" * 40
    verify = {**DECODE, "codec": "h264", cut * 3: {}}
    accepted = await client.post(address, json=make_body(verify=verify))
    await box.work_until_final(accepted.json()["command_id"])
    polled = await show(client, accepted.json()["command_id"])

    assert (polled["status"], player.asked) == ("SUCCESS", ["clip.mp4"])
    assert polled["warnings"] == [
        f"verify knows decode, duration_tolerance_seconds and streams only; it ignores codec, {cut}."
    ]


@pytest.mark.parametrize("verify", [None, {}, DECODE])
async def test_checks_that_are_known_are_no_reason_to_warn(
    client: AsyncClient, verify: object
) -> None:
    polled = await show(client, await submit(client, make_body(verify=verify)))

    assert polled["warnings"] == []


async def test_each_of_several_commands_hears_of_its_own_unknown_checks(
    client: AsyncClient,
) -> None:
    body = {"commands": [make_body(verify={"codec": 1}), make_body(verify=DECODE)]}
    accepted = await client.post(MULTIPLE, json=body)

    polls = [await show(client, each) for each in accepted.json()["command_ids"]]

    assert [len(cast("list[str]", poll["warnings"])) for poll in polls] == [1, 0]


@pytest.fixture
async def strict(outside: Outside, tmp_path: Path) -> AsyncGenerator[tuple[Box, AsyncClient]]:
    """Return a box whose operator has everything decoded, with a client."""
    limits = replace(LIMITS, verify=Verify(decode=True))
    async with (
        open_box(tmp_path, replace(outside, limits=limits)) as box,
        speaking_to(create_app(box.parts), await box.key("ann")) as client,
    ):
        yield box, client


@pytest.mark.parametrize(
    ("verify", "is_verified"),
    [(None, True), ({}, True), ({"streams": True}, True), ({"decode": False}, False)],
)
async def test_a_command_says_otherwise_than_the_operator(
    strict: tuple[Box, AsyncClient], verify: object, *, is_verified: bool
) -> None:
    polled = await ended(*strict, verify=verify)

    assert (polled["verification"] is not None) is is_verified
