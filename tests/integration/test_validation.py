import pytest
from httpx import AsyncClient

from tests.builders import make_body
from tests.integration.box import COMMANDS, NOWHERE, RUN, Box, problem, upload
from tests.integration.test_chains import CHAIN, FLAT, LISTED
from tests.integration.test_multiple import MULTIPLE

VALIDATE = "/api/v1/validate"
READING = make_body(ffmpeg_command="-i {{in_v}} {{out_clip}}", input_files={"in_v": NOWHERE})
OTHER = make_body(
    ffmpeg_command="-f lavfi -i testsrc {{out_other}}", output_files={"out_other": "a.mp4"}
)
UNDECLARED = {
    "commands": [
        LISTED["commands"][0],
        LISTED["commands"][1] | {"ffmpeg_command": "-i {{out_a}} {{out_b}}", "input_files": {}},
    ]
}


async def validated(client: AsyncClient, body: object) -> dict[str, object]:
    answered = await client.post(VALIDATE, json=body)
    assert answered.status_code == 200, answered.text
    return dict(answered.json())


async def test_a_command_is_shown_as_ffmpeg_would_get_it(shared_client: AsyncClient) -> None:
    body = make_body(
        ffmpeg_command="ffmpeg -i <<in_v>> -vf \"drawtext=text='a b'\" {{ out_clip }}",
        input_files={"in_v": "https://example.org/a.mp4"},
    )

    assert await validated(shared_client, body) == {
        "valid": True,
        "arguments": [["-i", "{{in_v}}", "-vf", "drawtext=text='a b'", "{{out_clip}}"]],
        "warnings": [],
    }


async def test_what_the_installed_build_lacks_is_said_and_replaced(
    shared_client: AsyncClient,
) -> None:
    body = make_body(ffmpeg_command="-absf x -f lavfi -i testsrc {{out_clip}}")

    answered = await validated(shared_client, body)

    assert answered["arguments"] == [
        ["-bsf:a", "x", "-f", "lavfi", "-i", "testsrc", "{{out_clip}}"]
    ]
    assert answered["warnings"] == [
        "-absf was passed as -bsf:a, because FFmpeg 7.1 no longer knows it."
    ]


@pytest.mark.parametrize(
    ("body", "last_words"),
    [
        (make_body(), ["{{out_clip}}"]),
        (FLAT, ["{{out_a}}", "{{out_b}}"]),
        (LISTED, ["{{out_a}}", "{{out_b}}"]),
        (UNDECLARED, ["{{out_a}}", "{{out_b}}"]),
        ({"commands": [make_body()] * 3}, ["{{out_clip}}"] * 3),
        ({"commands": [make_body()]}, ["{{out_clip}}"]),
        (make_body(commands=None, ffmpeg_commands=None), ["{{out_clip}}"]),
        (make_body(priority="7"), ["{{out_clip}}"]),
    ],
)
async def test_every_form_of_submit_is_validated(
    shared_client: AsyncClient, body: object, last_words: list[str]
) -> None:
    arguments = (await validated(shared_client, body))["arguments"]

    assert [words[-1] for words in arguments] == last_words


WRONG = [
    {"ffmpeg_command": "-i 'a"},
    {"ffmpeg_command": 1},
    {"ffmpeg_command": ""},
    {"ffmpeg_command": None},
    {"output_files": {}},
    {"output_files": []},
    {"output_files": {"out_clip": 1}},
    {"output_files": {"out_clip": "../a.mp4"}},
    {"input_files": {"in_v": "ftp://example.org/a"}},
    {"input_files": {f"in_{number}": "x" for number in range(65)}},
    {"metadata": {"a": []}},
    {"metadata": 1},
    {"webhook_url": "nowhere"},
    {"priority": 101},
    {"priority": "high"},
    {"vcpu_count": 0},
    READING,
]


@pytest.mark.parametrize("path", [RUN, MULTIPLE, CHAIN])
@pytest.mark.parametrize("wrong", WRONG)
async def test_what_a_submit_refuses_is_refused_in_the_same_words(
    shared_client: AsyncClient, wrong: dict[str, object], path: str
) -> None:
    single = make_body(**wrong)
    chained = single | {"ffmpeg_commands": [single["ffmpeg_command"]] * 2}
    body = {RUN: single, MULTIPLE: {"commands": [OTHER, single]}, CHAIN: chained}[path]

    submitted = await shared_client.post(path, json=body)
    answered = await shared_client.post(VALIDATE, json=body)

    assert submitted.status_code == 400
    assert (answered.status_code, answered.json()) == (400, submitted.json())


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (RUN, {}),
        (RUN, []),
        (RUN, "text"),
        (RUN, {"commands": None}),
        (MULTIPLE, {"commands": []}),
        (MULTIPLE, {"commands": "x"}),
        (MULTIPLE, {"commands": [make_body(), 1]}),
        (MULTIPLE, {"commands": [make_body(), {}]}),
        (MULTIPLE, {"commands": [make_body()] * 11}),
        (CHAIN, {"ffmpeg_commands": []}),
        (CHAIN, FLAT | LISTED),
        (CHAIN, {"commands": [LISTED["commands"][1]]}),
        (CHAIN, {"commands": [*LISTED["commands"], LISTED["commands"][0]]}),
        (CHAIN, {"commands": [*LISTED["commands"], {"ffmpeg_command": 1}]}),
    ],
)
async def test_a_body_of_the_wrong_form_is_refused_in_the_same_words(
    shared_client: AsyncClient, path: str, body: object
) -> None:
    submitted = await shared_client.post(path, json=body)
    answered = await shared_client.post(VALIDATE, json=body)

    assert submitted.status_code == 400
    assert (answered.status_code, answered.json()) == (400, submitted.json())


async def test_files_of_this_box_are_looked_up(client: AsyncClient, stranger: AsyncClient) -> None:
    stored = await upload(client)
    body = READING | {"input_files": {"in_v": stored["file_id"]}}

    mine = await client.post(VALIDATE, json=body)
    somebody_elses = await stranger.post(VALIDATE, json=body)

    assert (mine.status_code, problem(somebody_elses)) == (200, (400, "INVALID_REQUEST"))


async def test_nothing_is_queued_by_validating(box: Box, client: AsyncClient) -> None:
    await validated(client, {"commands": [make_body()] * 3})

    assert (await client.get(COMMANDS)).json()["commands"] == []
    assert not box.wakeup.next_signal.is_set()


async def test_an_idempotency_key_is_not_used_up_by_validating(client: AsyncClient) -> None:
    headers = {"Idempotency-Key": "order-1"}
    await client.post(VALIDATE, json=make_body(priority=1), headers=headers)

    assert (await client.post(RUN, json=make_body(), headers=headers)).status_code == 202


async def test_validating_needs_a_key(shared_anonymous: AsyncClient) -> None:
    answered = await shared_anonymous.post(VALIDATE, json=make_body())

    assert problem(answered) == (401, "UNAUTHORIZED")


@pytest.mark.parametrize("content", [b"", b"{", b"[" * 100_000, b"\xff"])
async def test_what_is_no_json_is_refused_in_the_same_words(
    shared_client: AsyncClient, content: bytes
) -> None:
    headers = {"Content-Type": "application/json"}

    submitted = await shared_client.post(RUN, content=content, headers=headers)
    answered = await shared_client.post(VALIDATE, content=content, headers=headers)

    assert (answered.status_code, answered.json()) == (submitted.status_code, submitted.json())
