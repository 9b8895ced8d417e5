import base64

import pytest
from httpx import AsyncClient

from tests.builders import make_body
from tests.integration.box import (
    FILES,
    RUN,
    Box,
    problem,
    show,
    submit,
    upload,
)

UNKNOWN_ID = "00000000-0000-7000-8000-000000000000"


def reading(*sources: str) -> dict[str, object]:
    """Return the body of a command that reads these sources as in_0, in_1, ..."""
    aliases = [f"in_{number}" for number in range(len(sources))]
    inputs = " ".join(f"-i {{{{{alias}}}}}" for alias in aliases)
    return make_body(
        ffmpeg_command=f"{inputs} {{{{out_clip}}}}",
        input_files=dict(zip(aliases, sources, strict=True)),
    )


async def read(box: Box, client: AsyncClient, *sources: str) -> dict[str, bytes]:
    """Run a command that reads the sources; return the files that FFmpeg found."""
    command_id = await submit(client, reading(*sources))
    report = await box.work_until_final(command_id)
    assert report.job.state == "succeeded", report.job.error_message
    return box.executor.inputs[0]


async def test_a_storage_url_becomes_a_stored_source(box: Box, client: AsyncClient) -> None:
    stored = await upload(client, b"uploaded")

    command_id = await submit(client, reading(str(stored["storage_url"])))

    inputs = (await box.report(command_id)).job.spec.inputs
    assert inputs["in_0"].file_id == stored["file_id"]


async def test_a_storage_url_is_read_from_disk(box: Box, client: AsyncClient) -> None:
    stored = await upload(client, b"uploaded")

    assert await read(box, client, str(stored["storage_url"])) == {"in_0.mp4": b"uploaded"}


async def test_a_storage_url_is_known_whatever_host_it_names(box: Box, client: AsyncClient) -> None:
    stored = await upload(client, b"uploaded")
    url = str(stored["storage_url"]).replace("box.test", "other-name.invalid:81/renderio")

    assert await read(box, client, url) == {"in_0.mp4": b"uploaded"}


@pytest.mark.parametrize("field", ["file_id", "storage_url"])
async def test_a_file_deleted_before_the_submit_is_refused(client: AsyncClient, field: str) -> None:
    stored = await upload(client)
    await client.delete(f"{FILES}/{stored['file_id']}")

    refused = await client.post(RUN, json=reading(str(stored[field])))

    assert (*problem(refused), refused.json()["detail"][0]["loc"]) == (
        400,
        "INVALID_REQUEST",
        ["input_files", "in_0"],
    )


async def test_a_storage_url_is_shown_as_it_was_sent(client: AsyncClient) -> None:
    url = str((await upload(client))["storage_url"])

    shown = await show(client, await submit(client, reading(url)))

    assert shown["original_request"]["input_files"] == {"in_0": url}


async def test_a_file_id_is_read_from_disk(box: Box, client: AsyncClient) -> None:
    stored = await upload(client, b"uploaded", "song.MP3")

    assert await read(box, client, str(stored["file_id"])) == {"in_0.mp3": b"uploaded"}


async def test_a_file_id_may_be_in_upper_case(box: Box, client: AsyncClient) -> None:
    stored = await upload(client, b"uploaded")

    assert await read(box, client, str(stored["file_id"]).upper()) == {"in_0.mp4": b"uploaded"}


@pytest.mark.usefixtures("without_reflinks")
async def test_a_stored_input_is_no_copy(box: Box, client: AsyncClient) -> None:
    stored = await upload(client, b"uploaded")

    await read(box, client, str(stored["file_id"]))

    assert box.executor.input_links == [{"in_0.mp4": 2}]


async def test_an_output_can_be_the_next_commands_input(box: Box, client: AsyncClient) -> None:
    command_id = await submit(client, make_body())
    await box.work_until_final(command_id)
    output = (await show(client, command_id))["output_files"]["out_clip"]

    await box.work_until_final(await submit(client, reading(output["storage_url"])))

    assert box.executor.inputs[1] == {"in_0.mp4": b"written by the script"}


@pytest.mark.parametrize("file_id", [UNKNOWN_ID, UNKNOWN_ID.upper()])
async def test_an_unknown_file_id_is_refused(client: AsyncClient, file_id: str) -> None:
    refused = await client.post(RUN, json=reading(file_id))

    assert (*problem(refused), refused.json()["detail"][0]["loc"]) == (
        400,
        "INVALID_REQUEST",
        ["input_files", "in_0"],
    )


async def test_somebody_elses_file_id_is_refused(
    client: AsyncClient, stranger: AsyncClient
) -> None:
    stored = await upload(client)

    refused = await stranger.post(RUN, json=reading(str(stored["file_id"])))

    assert problem(refused) == (400, "INVALID_REQUEST")


async def test_a_deleted_file_id_is_refused(client: AsyncClient) -> None:
    stored = await upload(client)
    await client.delete(f"{FILES}/{stored['file_id']}")

    refused = await client.post(RUN, json=reading(str(stored["file_id"])))

    assert problem(refused) == (400, "INVALID_REQUEST")


@pytest.mark.parametrize("named_by", ["file_id", "storage_url"])
async def test_a_file_deleted_before_the_run_is_unreachable(
    box: Box, client: AsyncClient, named_by: str
) -> None:
    stored = await upload(client)
    command_id = await submit(client, reading(str(stored[named_by])))
    await client.delete(f"{FILES}/{stored['file_id']}")

    report = await box.work_until_final(command_id)

    assert report.job.error_status == "UNREACHABLE_INPUT_FILE"


@pytest.mark.parametrize(
    ("source", "name", "content"),
    [
        ("data:,hello%20world", "in_0.txt", b"hello world"),
        ("data:text/plain,a,b", "in_0.txt", b"a,b"),
        ("DATA:text/plain,x", "in_0.txt", b"x"),
        ("data:text/vtt,WEBVTT", "in_0.vtt", b"WEBVTT"),
        ("data:application/x-subrip;charset=utf-8,1", "in_0.srt", b"1"),
        ("data:text/plain,%C3%BC", "in_0.txt", "ü".encode()),
        (f"data:text/plain;base64,{base64.b64encode(b'x' * 9).decode()}", "in_0.txt", b"x" * 9),
        ("data:text/made-up,x", "in_0.txt", b"x"),
        ("data:,", "in_0.txt", b""),
    ],
)
async def test_data_text_becomes_a_file(
    box: Box, client: AsyncClient, source: str, name: str, content: bytes
) -> None:
    assert await read(box, client, source) == {name: content}


async def test_a_concat_list_names_the_other_inputs(box: Box, client: AsyncClient) -> None:
    stored = await upload(client, b"uploaded")
    body = make_body(
        ffmpeg_command="-f concat -i {{in_list}} {{out_clip}}",
        input_files={
            "in_list": "data:,file%20'{{in_part}}'%0Afile%20'{{in_part}}'",
            "in_part": str(stored["file_id"]),
        },
    )

    await box.work_until_final(await submit(client, body))

    assert box.executor.inputs[0]["in_list.txt"] == b"file 'in_part.mp4'\nfile 'in_part.mp4'"


@pytest.mark.parametrize(
    "source",
    [
        "data:text/plain",
        "data:text/plain;base64,/w==",
        "data:;base64,!!!",
        "data:;base64,QQ",
        "data:,%ff",
        "data:," + "x" * (64 * 1024 + 1),
    ],
    ids=lambda source: source[:30],
)
async def test_data_that_is_no_small_text_is_refused(
    shared_client: AsyncClient, source: str
) -> None:
    answered = await shared_client.post(RUN, json=reading(source))

    assert answered.status_code in {400, 413}
