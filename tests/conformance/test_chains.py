"""Section 3: commands that run one after another as one."""

import pytest

from tests.conformance.client import (
    BLACK,
    PNG,
    PNG_OUT,
    Client,
    Record,
    problem_of,
)
from tests.conformance.shapes import SUCCEEDED, is_one_of, wrong_fields

RUN = "/run-chained-ffmpeg-commands"
SCALE = "-i {{in_video}} -vf scale=32:24 -c:v libx264 -an {{out_small}}"
STILL = "-i {{out_small}} -frames:v 1 {{out_still}}"
OUTPUTS = {"out_small": "small.mp4", "out_still": "still.jpg"}
CHAINED = {**SUCCEEDED, "command_type": is_one_of("CHAINED_COMMAND")}


def flat(*commands: str, outputs: object = PNG_OUT, **more: object) -> Record:
    return {"ffmpeg_commands": commands, "input_files": {}, "output_files": outputs, **more}


def step(command: str, inputs: dict[str, str], outputs: dict[str, str]) -> Record:
    return {"ffmpeg_command": command, "input_files": inputs, "output_files": outputs}


def ran(client: Client, body: Record) -> Record:
    return client.finished(client.accepted(RUN, body))


@pytest.fixture(scope="module")
def chain(client: Client, clip: Record) -> Record:
    """The poll response of a chain of two steps."""
    inputs = {"in_video": clip["storage_url"]}
    return ran(
        client,
        flat(SCALE, STILL, outputs=OUTPUTS) | {"input_files": inputs, "metadata": {"order": 7}},
    )


def test_a_chain_is_one_command(chain: Record) -> None:
    assert wrong_fields(chain, CHAINED) == {}
    assert chain["metadata"] == {"order": 7}


def test_a_later_step_reads_an_earlier_ones_output(chain: Record) -> None:
    still = chain["output_files"]["out_still"]

    assert (still["width"], still["height"], still["file_format"]) == (32, 24, "jpg")


def test_every_declared_output_is_stored(client: Client, chain: Record) -> None:
    records = chain["output_files"]

    assert {alias: record["filename"] for alias, record in records.items()} == OUTPUTS
    assert client.http.get(records["out_small"]["storage_url"]).content[4:8] == b"ftyp"


def test_the_original_request_is_shown_as_it_was_sent(chain: Record, clip: Record) -> None:
    request = chain["original_request"]

    assert request["ffmpeg_commands"] == [SCALE, STILL]
    assert request["input_files"] == {"in_video": clip["storage_url"]}
    assert request["output_files"] == OUTPUTS


def test_steps_may_declare_files_of_their_own(client: Client, clip: Record) -> None:
    steps = [
        step(SCALE, {"in_video": clip["storage_url"]}, {"out_small": "small.mp4"}),
        step(
            "-i {{in_small}} -frames:v 1 {{out_still}}",
            {"in_small": "{{out_small}}"},
            {"out_still": "still.jpg"},
        ),
    ]

    polled = ran(client, {"commands": steps})

    assert wrong_fields(polled, CHAINED) == {}
    assert polled["output_files"]["out_still"]["width"] == 32
    assert polled["output_files"].keys() == OUTPUTS.keys()


def test_a_step_with_files_of_its_own_may_name_an_earlier_output(
    client: Client, clip: Record
) -> None:
    steps = [
        step(SCALE, {"in_video": clip["storage_url"]}, {"out_small": "small.mp4"}),
        step(STILL, {}, {"out_still": "still.jpg"}),
    ]

    polled = ran(client, {"commands": steps})

    assert polled["status"] == "SUCCESS"


def test_undeclared_names_persist_between_steps_and_are_gone_afterwards(
    newcomer: Client,
) -> None:
    polled = ran(newcomer, flat(f"{BLACK} between.png", "-i between.png {{out_1}}"))
    again = ran(newcomer, flat("-i between.png {{out_1}}"))

    assert (polled["status"], again["error_status"]) == ("SUCCESS", "FFMPEG_FAILED")
    assert [file["filename"] for file in newcomer.fetch("/files")["files"]] == ["black.png"]


def test_the_first_step_that_fails_fails_the_chain_and_is_named(client: Client) -> None:
    polled = ran(
        client,
        flat(
            f"{BLACK} {{{{out_1}}}}",
            "-i {{out_1}} -vf nosuchfilter {{out_2}}",
            "-i {{out_1}} {{out_3}}",
            outputs={"out_1": "a.png", "out_2": "b.png", "out_3": "c.png"},
        ),
    )

    assert (polled["status"], polled["error_status"]) == ("FAILED", "FFMPEG_FAILED")
    assert "step 2" in polled["error_message"].lower()


def test_a_chain_has_at_most_ten_steps(client: Client) -> None:
    steps = [PNG, *["-i {{out_1}} -f null -"] * 9]

    taken = client.post("/validate", flat(*steps))
    refused = problem_of(client.post(RUN, flat(*steps, "-i {{out_1}} -f null -")))

    assert (taken.status_code, len(taken.json()["arguments"])) == (200, 10)
    assert (refused.status, refused.code) == (400, "INVALID_REQUEST")


@pytest.mark.parametrize(
    "body",
    [
        {},
        flat(),
        flat(5),  # type: ignore[arg-type] - what a client may send all the same
        {"commands": []},
        {"commands": [{"ffmpeg_command": PNG}]},
        {"ffmpeg_commands": PNG, "input_files": {}, "output_files": PNG_OUT},
    ],
)
def test_a_body_of_neither_form_is_refused(client: Client, body: Record) -> None:
    problem = problem_of(client.post(RUN, body))

    assert (problem.status, problem.code) == (400, "INVALID_REQUEST")


@pytest.mark.parametrize(
    ("body", "named"),
    [
        (flat(PNG, "-i {{out_2}} -f null -"), "{{out_2}}"),
        (flat(PNG, outputs={**PNG_OUT, "out_2": "b.png"}), "{{out_2}}"),
        (flat(PNG, input_files={"in_1": "https://example.com/a.mp4"}), "{{in_1}}"),
        (
            {"commands": [step("-i {{in_1}} {{out_1}}", {"in_1": "{{out_0}}"}, PNG_OUT)]},
            "{{out_0}}",
        ),
    ],
)
def test_every_file_is_declared_and_used_by_some_step(
    client: Client, body: Record, named: str
) -> None:
    answer = client.post(RUN, body)

    assert (answer.status_code, problem_of(answer).code) == (400, "INVALID_COMMAND")
    assert named in answer.json()["message"]


def test_a_chain_takes_the_options_of_a_single_command(client: Client) -> None:
    body = flat(PNG, "-i {{out_1}} -f null -", max_command_run_seconds="77", vcpu_count=1)

    polled = ran(client, body | {"metadata": {"step": "both"}, "priority": 60})

    assert polled["original_request"]["max_command_run_seconds"] == 77
    assert (polled["status"], polled["metadata"]) == ("SUCCESS", {"step": "both"})
