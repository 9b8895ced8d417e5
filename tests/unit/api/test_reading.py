import pytest

from renderio_box.api.reading import is_chain


def step(command: object = "-i x {{out_a}}", **files: object) -> dict[str, object]:
    return {
        "ffmpeg_command": command,
        "input_files": {},
        "output_files": {"out_a": "a.mp4"},
    } | files


FIRST = step()
OTHER = step("-i x {{out_b}}", output_files={"out_b": "b.mp4"})


@pytest.mark.parametrize(
    "second",
    [
        step("-i {{in_v}} {{out_b}}", input_files={"in_v": "{{out_a}}"}),
        step("-i {{in_v}} {{out_b}}", input_files={"in_v": " <<out_a>> "}),
        step("-i {{in_v}} {{out_b}}", input_files={"in_v": "{{out_nowhere}}"}),
        step("-i {{out_a}} {{out_b}}", output_files={"out_b": "b.mp4"}),
        step("-i <<out_a>> {{out_b}}", output_files={"out_b": "b.mp4"}),
        step(r"-i \{\{out_a\}\} {{out_b}}", output_files={}),
    ],
)
def test_commands_of_which_one_reads_what_another_writes_are_a_chain(
    second: dict[str, object],
) -> None:
    assert is_chain([FIRST, second])


def test_what_is_written_two_steps_before_makes_a_chain() -> None:
    assert is_chain([FIRST, OTHER, step("-i {{out_a}} {{out_c}}", output_files={"out_c": "c.mp4"})])


@pytest.mark.parametrize(
    "commands",
    [
        None,
        {},
        [],
        [FIRST],
        [FIRST, FIRST],
        [FIRST, OTHER],
        [step("-i {{out_b}} {{out_a}}"), OTHER],
        [FIRST, step("-i {{in_v}} {{out_b}}", input_files={"in_v": "https://a.b/{{out_a}}"})],
        [FIRST, step(input_files={"in_v": 1})],
        [FIRST, 1, None, "x", [], {}],
        [step(1), step(None, input_files=[], output_files="OUTPUT_FOLDER")],
    ],
)
def test_commands_that_stand_alone_are_no_chain(commands: object) -> None:
    assert not is_chain(commands)
