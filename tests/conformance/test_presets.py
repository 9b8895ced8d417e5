"""Section 7: commands that are kept with names to fill in."""

import pytest

from tests.conformance.client import (
    NOWHERE,
    Client,
    Problem,
    Record,
    problem_of,
    without,
)
from tests.conformance.conftest import MakeClient
from tests.conformance.receiver import Receiver
from tests.conformance.shapes import (
    identifier,
    is_one_of,
    mapping,
    moment,
    no,
    null,
    or_null,
    text,
    wrong_fields,
)

SCALE = "-i {{in_video}} -vf scale=32:-2 -an {{out_video}}"
SMALLER = {
    "name": "Smaller",
    "description": "Half as wide",
    "category": "video",
    "ffmpeg_command": SCALE,
    "input_file_keys": ["in_video"],
    "output_file_definitions": {"out_video": "small.mp4"},
    "metadata": {"made_by": "preset", "kind": "small"},
}
STILLS = {
    "name": "Smaller, and a still of it",
    "command_type": "CHAINED_COMMAND",
    "ffmpeg_commands": [SCALE, "-i {{out_video}} -frames:v 1 {{out_still}}"],
    "input_file_keys": ["in_video"],
    "output_file_definitions": {"out_video": "small.mp4", "out_still": "still.png"},
}
AGENTS_FORM = {
    "name": "Smaller, as agents write it",
    "ffmpeg_command": SCALE,
    "input_files": {"in_video": ""},
    "output_files": {"out_video": "small.mp4"},
}
PRESET = {
    "preset_id": identifier,
    "name": text,
    "description": or_null(text),
    "category": or_null(text),
    "is_system": no,
    "command_type": is_one_of("FFMPEG_COMMAND"),
    "ffmpeg_command": text,
    "ffmpeg_commands": null,
    "input_file_keys": lambda value: isinstance(value, list),
    "output_file_definitions": mapping,
    "metadata": mapping,
    "created_at": moment,
    "updated_at": moment,
}
WRONG = [
    {},
    without(SMALLER, "name"),
    without(SMALLER, "ffmpeg_command"),
    without(SMALLER, "input_file_keys"),
    without(SMALLER, "output_file_definitions"),
    SMALLER | {"name": ""},
    SMALLER | {"name": "x" * 201},
    SMALLER | {"name": 5},
    SMALLER | {"command_type": "SOMETHING"},
    SMALLER | {"command_type": "CHAINED_COMMAND"},
    SMALLER | {"input_file_keys": "in_video"},
    SMALLER | {"input_file_keys": ["video"]},
    SMALLER | {"output_file_definitions": {"video": "small.mp4"}},
    SMALLER | {"output_file_definitions": {"out_video": "no-extension"}},
    SMALLER | {"metadata": {"deep": {}}},
    SMALLER | {"metadata": {str(number): number for number in range(11)}},
    STILLS | {"ffmpeg_commands": []},
    STILLS | {"ffmpeg_commands": [SCALE] * 11},
]


def made(client: Client, body: Record) -> Record:
    answer = client.post("/presets", body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def executed(client: Client, preset: Record, body: Record) -> Record:
    return client.finished(client.accepted(f"/presets/{preset['preset_id']}/execute", body))


@pytest.fixture(scope="module")
def smaller(client: Client) -> Record:
    return made(client, SMALLER)


@pytest.fixture(scope="module")
def system(client: Client) -> list[Record]:
    """The presets that come with the box."""
    presets = client.fetch("/presets", limit=100)["presets"]
    return [preset for preset in presets if preset["is_system"]]


def test_a_preset_is_answered_with_every_field(smaller: Record) -> None:
    assert wrong_fields(smaller, PRESET) == {}
    assert {name: smaller[name] for name in SMALLER} == SMALLER


def test_a_preset_can_hold_a_chain(client: Client) -> None:
    preset = made(client, STILLS)

    assert (preset["command_type"], preset["ffmpeg_command"]) == ("CHAINED_COMMAND", None)
    assert preset["ffmpeg_commands"] == STILLS["ffmpeg_commands"]
    assert (preset["description"], preset["category"], preset["metadata"]) == (None, None, {})


def test_a_preset_can_be_written_as_agents_do(client: Client) -> None:
    preset = made(client, AGENTS_FORM)

    assert wrong_fields(preset, PRESET) == {}
    assert preset["input_file_keys"] == ["in_video"]
    assert preset["output_file_definitions"] == {"out_video": "small.mp4"}


@pytest.mark.parametrize("body", WRONG)
def test_a_preset_that_is_not_described_rightly_is_refused(client: Client, body: Record) -> None:
    problem = problem_of(client.post("/presets", body))

    assert (problem.status, problem.code) == (422, "VALIDATION_ERROR")


@pytest.mark.parametrize("name", ["x", "x" * 200])
def test_a_name_has_1_to_200_characters(client: Client, name: str) -> None:
    assert made(client, SMALLER | {"name": name})["name"] == name


def test_a_preset_can_be_looked_at(client: Client, smaller: Record) -> None:
    assert client.fetch(f"/presets/{smaller['preset_id']}") == smaller


def test_presets_are_listed_with_those_of_the_system(newcomer: Client) -> None:
    mine = made(newcomer, SMALLER)

    page = newcomer.fetch("/presets", limit=100)

    assert [each for each in page["presets"] if not each["is_system"]] == [mine]
    assert len([each for each in page["presets"] if each["is_system"]]) >= 10
    assert (page["limit"], page["offset"]) == (100, 0)


def test_a_page_of_presets_is_what_was_asked_for(newcomer: Client) -> None:
    everything = newcomer.fetch("/presets", limit=100)["presets"]

    page = newcomer.fetch("/presets", limit=3, offset=2)

    assert (page["presets"], page["limit"], page["offset"]) == (everything[2:5], 3, 2)


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 101}, {"offset": -1}, {"limit": "x"}])
def test_a_bad_query_for_presets_is_refused(client: Client, query: Record) -> None:
    problem = problem_of(client.get("/presets", **query))

    assert (problem.status, problem.code) == (400, "INVALID_REQUEST")


@pytest.mark.parametrize(
    "change",
    [
        {"name": "Other"},
        {"description": "Another description", "category": "other"},
        {"ffmpeg_command": "-i {{in_video}} -vn {{out_video}}"},
        {"output_file_definitions": {"out_video": "other.mkv"}},
        {"metadata": {"only": "this"}},
        {"metadata": {}},
    ],
)
def test_any_subset_can_be_changed(client: Client, change: Record) -> None:
    before = made(client, SMALLER)

    answer = client.put(f"/presets/{before['preset_id']}", change)

    after = answer.json()
    assert answer.status_code == 200
    assert without(after, "updated_at") == without(before, "updated_at") | change
    assert after["updated_at"] >= before["updated_at"]
    assert client.fetch(f"/presets/{before['preset_id']}") == after


@pytest.mark.parametrize(
    "change", [{"name": ""}, {"ffmpeg_command": 5}, {"input_file_keys": ["video"]}]
)
def test_a_change_that_does_not_fit_is_refused(client: Client, change: Record) -> None:
    preset = made(client, SMALLER)
    path = f"/presets/{preset['preset_id']}"

    problem = problem_of(client.put(path, change))

    assert (problem.status, problem.code) == (422, "VALIDATION_ERROR")
    assert client.fetch(path) == preset


def test_a_preset_can_be_deleted(client: Client) -> None:
    preset_id = made(client, SMALLER)["preset_id"]

    answer = client.delete(f"/presets/{preset_id}")

    assert (answer.status_code, answer.json()) == (200, {"deleted": True, "preset_id": preset_id})
    assert problem_of(client.get(f"/presets/{preset_id}")) == Problem(404, "NOT_FOUND")


def test_what_is_no_preset_is_not_found(client: Client) -> None:
    path = f"/presets/{NOWHERE}"

    answers = [
        client.get(path),
        client.put(path, {"name": "Other"}),
        client.delete(path),
        client.post(f"{path}/execute", {"input_files": {}}),
    ]

    assert [problem_of(answer) for answer in answers] == [Problem(404, "NOT_FOUND")] * 4


def test_somebody_elses_preset_is_not_there(stranger: Client, smaller: Record) -> None:
    path = f"/presets/{smaller['preset_id']}"

    answers = [
        stranger.get(path),
        stranger.put(path, {"name": "Mine"}),
        stranger.delete(path),
        stranger.post(f"{path}/execute", {"input_files": {"in_video": "https://example.com/a"}}),
    ]

    assert [problem_of(answer) for answer in answers] == [Problem(404, "NOT_FOUND")] * 4
    assert smaller not in stranger.fetch("/presets", limit=100)["presets"]


def test_presets_of_the_system_cannot_be_changed(admin: Client, system: list[Record]) -> None:
    path = f"/presets/{system[0]['preset_id']}"

    changed, deleted = admin.put(path, {"name": "Mine"}), admin.delete(path)

    assert problem_of(changed) == problem_of(deleted) == Problem(403, "FORBIDDEN")
    assert admin.fetch(path) == system[0]


def test_a_preset_is_executed(client: Client, smaller: Record, clip: Record) -> None:
    path = f"/presets/{smaller['preset_id']}/execute"

    answer = client.post(path, {"input_files": {"in_video": clip["storage_url"]}})

    polled = client.finished(answer.json()["command_id"])
    record = polled["output_files"]["out_video"]
    assert (answer.status_code, answer.json().keys()) == (202, {"command_id"})
    assert (polled["status"], polled["command_type"]) == ("SUCCESS", "FFMPEG_COMMAND")
    assert (record["filename"], record["width"]) == ("small.mp4", 32)
    assert polled["metadata"] == SMALLER["metadata"]


def test_a_chain_is_executed(client: Client, clip: Record) -> None:
    polled = executed(client, made(client, STILLS), {"input_files": {"in_video": clip["file_id"]}})

    assert (polled["status"], polled["command_type"]) == ("SUCCESS", "CHAINED_COMMAND")
    assert polled["output_files"]["out_still"]["width"] == 32


def test_metadata_are_merged_and_the_requests_win(
    client: Client, smaller: Record, clip: Record
) -> None:
    body = {
        "input_files": {"in_video": clip["file_id"]},
        "metadata": {"kind": "tiny", "order": "A-17"},
    }

    polled = executed(client, smaller, body)

    assert polled["metadata"] == {"made_by": "preset", "kind": "tiny", "order": "A-17"}


def test_outputs_may_be_renamed(client: Client, smaller: Record, clip: Record) -> None:
    body = {
        "input_files": {"in_video": clip["file_id"]},
        "output_files": {"out_video": "renamed.mkv"},
    }

    polled = executed(client, smaller, body)

    assert polled["output_files"]["out_video"]["filename"] == "renamed.mkv"


def test_an_execution_has_a_webhook_of_its_own(
    client: Client, smaller: Record, clip: Record, receiver: Receiver
) -> None:
    hook = receiver.answering(200)
    body = {"input_files": {"in_video": clip["file_id"]}, "webhook_url": hook.url}

    polled = executed(client, smaller, body)

    assert polled["command_id"].encode() in hook.wait()[0].body


@pytest.mark.parametrize(
    "inputs",
    [
        {},
        {"in_other": "https://example.com/a.mp4"},
        {"in_video": "https://example.com/a.mp4", "in_other": "https://example.com/b.mp4"},
    ],
)
def test_the_inputs_are_exactly_those_of_the_preset(
    client: Client, smaller: Record, inputs: dict[str, str]
) -> None:
    path = f"/presets/{smaller['preset_id']}/execute"

    problem = problem_of(client.post(path, {"input_files": inputs}))

    assert (problem.status, problem.code) == (422, "VALIDATION_ERROR")


def test_an_input_that_a_preset_brings_may_be_left_out(client: Client, clip: Record) -> None:
    preset = made(client, AGENTS_FORM | {"input_files": {"in_video": clip["storage_url"]}})

    polled = executed(client, preset, {"input_files": {}})

    assert polled["output_files"]["out_video"]["width"] == 32


def test_an_input_that_a_preset_brings_may_be_replaced(
    client: Client, clip: Record, receiver: Receiver
) -> None:
    gone = receiver.answering(404)
    preset = made(client, AGENTS_FORM | {"input_files": {"in_video": gone.url}})

    polled = executed(client, preset, {"input_files": {"in_video": clip["file_id"]}})

    assert (polled["status"], gone.received) == ("SUCCESS", [])


def test_a_key_that_may_only_read_executes_nothing(
    make_client: MakeClient, system: list[Record]
) -> None:
    reader = make_client(scopes=["read"])

    answer = reader.post(f"/presets/{system[0]['preset_id']}/execute", {"input_files": {}})

    assert problem_of(answer) == Problem(403, "FORBIDDEN")


def test_every_preset_of_the_system_works(client: Client, system: list[Record]) -> None:
    video = client.made(
        "-f lavfi -i testsrc2=size=32x24:rate=2:duration=11 -f lavfi -i sine=duration=11"
        " -c:v libx264 -pix_fmt yuv420p -c:a aac {{out_1}}",
        "long.mp4",
    )["file_id"]
    picture = client.made("-f lavfi -i color=red:size=8x8 -frames:v 1 {{out_1}}", "logo.png")
    pictures = dict.fromkeys(
        ("in_logo", "in_watermark", "in_image", "in_overlay"), picture["file_id"]
    )
    bodies = {
        preset["preset_id"]: {
            "input_files": {key: pictures.get(key, video) for key in preset["input_file_keys"]}
        }
        for preset in system
    }

    ids = [client.accepted(f"/presets/{each}/execute", body) for each, body in bodies.items()]

    ended = [client.finished(command_id) for command_id in ids]
    assert [each["error_message"] for each in ended] == [None] * len(system)
    assert len(system) >= 10
