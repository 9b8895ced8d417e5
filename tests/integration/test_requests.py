import json

import pytest
from httpx import AsyncClient

from tests.builders import make_body
from tests.integration.box import (
    COMMANDS,
    RUN,
    posted,
    problem,
    show,
    submit,
)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "nonsense",
        "[]",
        "null",
        '"text"',
        b"\xff\xfe",
        '{"ffmpeg_command": "\\ud800"}',
        "[" * 20_000,
        '{"a":' * 5_000,
    ],
    ids=lambda text: str(text[:8]),
)
async def test_a_body_that_is_no_json_object_is_refused(
    shared_client: AsyncClient, text: str | bytes
) -> None:
    assert problem(await posted(shared_client, text)) == (400, "INVALID_REQUEST")


@pytest.mark.parametrize("field", ["ffmpeg_command", "output_files"])
async def test_a_missing_field_is_named(shared_client: AsyncClient, field: str) -> None:
    body = make_body()
    del body[field]

    answered = await shared_client.post(RUN, json=body)

    assert answered.json() == {
        "error": "INVALID_REQUEST",
        "message": f"{field}: is required",
        "detail": [{"loc": [field], "msg": "is required", "type": "value_error"}],
    }


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ffmpeg_command", 5),
        ("ffmpeg_command", None),
        ("ffmpeg_command", ""),
        ("ffmpeg_command", "x" * 16_385),
        ("input_files", []),
        ("input_files", {"in_a": 5}),
        ("input_files", {f"in_{number}": "http://a.test/" for number in range(65)}),
        ("output_files", "clip.mp4"),
        ("max_command_run_seconds", 0),
        ("max_command_run_seconds", -5),
        ("max_command_run_seconds", "soon"),
        ("max_command_run_seconds", 1.5),
        ("max_command_run_seconds", 901),
        ("max_command_run_seconds", 10**40),
        ("vcpu_count", 0),
        ("vcpu_count", True),
        ("priority", 101),
        ("priority", -1),
        ("metadata", []),
        ("metadata", {f"key{number}": "x" for number in range(11)}),
        ("metadata", {"nested": {"a": 1}}),
        ("metadata", {"nested": [1]}),
        ("metadata", {"nothing": None}),
        ("webhook_url", "ftp://a.test/"),
        ("webhook_url", 5),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_a_field_that_does_not_fit_is_named(
    shared_client: AsyncClient, field: str, value: object
) -> None:
    answered = await shared_client.post(RUN, json=make_body(**{field: value}))

    assert (*problem(answered), answered.json()["detail"][0]["loc"][0]) == (
        400,
        "INVALID_REQUEST",
        field,
    )


@pytest.mark.parametrize(
    "source",
    [
        *("ftp://a.test/x", "/etc/passwd", "file:///etc/passwd", "clip.mp4", "", "http://"),
        "http+unix://%2Frun%2Fdocker.sock/",
    ],
)
async def test_a_source_that_is_none_is_named(shared_client: AsyncClient, source: str) -> None:
    body = make_body(ffmpeg_command="-i {{in_a}} {{out_clip}}", input_files={"in_a": source})

    answered = await shared_client.post(RUN, json=body)

    assert answered.json()["detail"][0]["loc"] == ["input_files", "in_a"]


@pytest.mark.parametrize(
    ("changes", "loc"),
    [
        ({"ffmpeg_command": "-i {{in_gone}} {{out_clip}}"}, ["ffmpeg_command"]),
        ({"ffmpeg_command": "-i {in_a} {{out_clip}}"}, ["ffmpeg_command"]),
        ({"ffmpeg_command": "-i 'a {{out_clip}}"}, ["ffmpeg_command"]),
        ({"ffmpeg_command": "-i a b.mp4"}, ["output_files", "out_clip"]),
        ({"ffmpeg_command": "ffmpeg"}, ["ffmpeg_command"]),
        ({"output_files": {}}, ["output_files"]),
        ({"output_files": {"clip": "clip.mp4"}}, ["output_files", "clip"]),
        ({"output_files": {"out_clip": "../clip.mp4"}}, ["output_files", "out_clip"]),
        ({"output_files": {"out_clip": "clip"}}, ["output_files", "out_clip"]),
        ({"input_files": {"a": "http://a.test/"}}, ["input_files", "a"]),
        ({"input_files": {"in_a": "http://a.test/"}}, ["input_files", "in_a"]),
    ],
    ids=str,
)
async def test_a_command_that_cannot_run_is_refused_with_the_place(
    shared_client: AsyncClient, changes: dict[str, object], loc: list[str]
) -> None:
    answered = await shared_client.post(RUN, json=make_body(**changes))

    assert (*problem(answered), answered.json()["detail"][0]["loc"]) == (
        400,
        "INVALID_COMMAND",
        loc,
    )


async def test_a_refused_command_is_not_queued(client: AsyncClient) -> None:
    await client.post(RUN, json=make_body(ffmpeg_command="-i {{in_gone}} {{out_clip}}"))

    assert (await client.get(COMMANDS)).json()["commands"] == []


@pytest.mark.parametrize("field", ["max_command_run_seconds", "vcpu_count", "priority"])
async def test_a_numeric_string_is_taken_for_an_integer(client: AsyncClient, field: str) -> None:
    accepted = await client.post(RUN, json=make_body(**{field: "3"}))

    assert accepted.status_code == 202


async def test_a_time_limit_sent_as_text_is_applied_as_a_number(client: AsyncClient) -> None:
    command_id = await submit(client, make_body(max_command_run_seconds="300"))

    shown = await show(client, command_id)

    assert shown["original_request"]["max_command_run_seconds"] == 300


async def test_unknown_fields_are_ignored(client: AsyncClient) -> None:
    accepted = await client.post(RUN, json=make_body(made_up={"deep": [1, 2]}, dry_run=True))

    assert accepted.status_code == 202


@pytest.mark.parametrize("value", ["5", "true", "", 5, 1.5, True, False, 0, -1, "ünï 🎬", 10**18])
async def test_metadata_keeps_its_type(client: AsyncClient, value: object) -> None:
    command_id = await submit(client, make_body(metadata={"key": value}))

    shown = await show(client, command_id)

    assert json.dumps(shown["metadata"]) == json.dumps({"key": value})


async def test_vcpus_are_clipped_to_the_machine(client: AsyncClient) -> None:
    command_id = await submit(client, make_body(vcpu_count=64))

    assert (await show(client, command_id))["vcpu_count"] == 4


async def test_a_command_without_metadata_shows_none(client: AsyncClient) -> None:
    assert (await show(client, await submit(client, make_body())))["metadata"] == {}
