"""Section 3, extension: ``validate`` says what a submit would, and runs nothing."""

import pytest

from tests.conformance.client import (
    BLACK,
    PNG,
    PNG_OUT,
    Client,
    Record,
    problem_of,
    single,
)

CHAIN = {
    "ffmpeg_commands": [f"{BLACK} {{{{out_1}}}}", "-i {{out_1}} {{out_2}}"],
    "input_files": {},
    "output_files": {"out_1": "a.png", "out_2": "b.png"},
}
CHAIN_OF_STEPS = {
    "commands": [
        {"ffmpeg_command": PNG, "input_files": {}, "output_files": PNG_OUT},
        {
            "ffmpeg_command": "-i {{in_x}} {{out_2}}",
            "input_files": {"in_x": "{{out_1}}"},
            "output_files": {"out_2": "b.png"},
        },
    ]
}
MULTIPLE = {"commands": [single(), single()]}
BAD = [
    ("/run-ffmpeg-command", single("-i {{in_1}} {{out_1}}")),
    ("/run-ffmpeg-command", single(outputs={"out_1": "no-extension"})),
    ("/run-ffmpeg-command", single(max_command_run_seconds=0)),
    ("/run-ffmpeg-command", single(metadata={"key": []})),
    ("/run-ffmpeg-command", {"ffmpeg_command": PNG, "input_files": {}}),
    ("/run-chained-ffmpeg-commands", CHAIN | {"output_files": {"out_1": "a.png"}}),
    ("/run-chained-ffmpeg-commands", CHAIN | {"ffmpeg_commands": []}),
    ("/run-multiple-ffmpeg-commands", {"commands": [single(), single("-i {{in_1}} {{out_1}}")]}),
]


@pytest.mark.parametrize(
    ("body", "count"), [(single(), 1), (CHAIN, 2), (CHAIN_OF_STEPS, 2), (MULTIPLE, 2)]
)
def test_a_valid_body_of_any_kind_is_shown_as_arguments(
    client: Client, body: Record, count: int
) -> None:
    answer = client.post("/validate", body)

    shown = answer.json()
    assert (answer.status_code, shown["valid"], shown["warnings"]) == (200, True, [])
    assert len(shown["arguments"]) == count
    assert all(isinstance(word, str) for words in shown["arguments"] for word in words)


def test_nothing_runs(newcomer: Client) -> None:
    newcomer.post("/validate", single())

    assert newcomer.fetch("/commands")["commands"] == []


@pytest.mark.parametrize(("path", "body"), BAD)
def test_a_bad_body_is_refused_as_its_submit_would_be(
    client: Client, path: str, body: Record
) -> None:
    validated = client.post("/validate", body)
    submitted = client.post(path, body)

    assert problem_of(validated) == problem_of(submitted)
    assert validated.json() == submitted.json()


@pytest.mark.parametrize("body", [{}, {"commands": []}, {"something": "else"}])
def test_a_body_of_no_kind_is_refused(client: Client, body: Record) -> None:
    problem = problem_of(client.post("/validate", body))

    assert (problem.status, problem.code) == (400, "INVALID_REQUEST")
