import pytest

from renderio_box.jobs.chain import Step, joined, parse_steps
from renderio_box.jobs.command_line import InvalidCommandError

SCALE = Step("-i {{in_v}} {{out_small}}", {"in_v": "http://h/a.mp4"}, {"out_small": "small.mp4"})


def test_a_later_step_may_take_an_earlier_output_as_its_input() -> None:
    thumb = Step("-i {{in_v}} {{out_t}}", {"in_v": "{{out_small}}"}, {"out_t": "t.jpg"})

    chain = joined([SCALE, thumb])

    assert chain.steps[1] == ("-i", "{{out_small}}", "{{out_t}}")
    assert chain.inputs == {"in_v": "http://h/a.mp4"}
    assert chain.outputs == {"out_small": "small.mp4", "out_t": "t.jpg"}


@pytest.mark.parametrize("source", ["{{ out_small }}", "<<out_small>>", r"\{\{out_small\}\}"])
def test_an_earlier_output_may_be_named_in_every_form(source: str) -> None:
    thumb = Step("-i {{in_v}} {{out_t}}", {"in_v": source}, {"out_t": "t.jpg"})

    assert joined([SCALE, thumb]).steps[1] == ("-i", "{{out_small}}", "{{out_t}}")


def test_a_later_command_may_name_an_earlier_output_itself() -> None:
    thumb = Step("-i {{out_small}} {{out_t}}", {}, {"out_t": "t.jpg"})

    assert joined([SCALE, thumb]).steps[1] == ("-i", "{{out_small}}", "{{out_t}}")


def test_steps_share_an_input_that_both_take_from_one_source() -> None:
    thumb = Step("-i {{in_v}} {{out_t}}", {"in_v": "http://h/a.mp4"}, {"out_t": "t.jpg"})

    assert joined([SCALE, thumb]).inputs == {"in_v": "http://h/a.mp4"}


def test_an_input_with_another_source_gets_a_name_of_its_own() -> None:
    thumb = Step("-i {{in_v}} {{out_t}}", {"in_v": "http://h/b.mp4"}, {"out_t": "t.jpg"})

    chain = joined([SCALE, thumb])

    assert chain.steps[1] == ("-i", "{{in_v_step2}}", "{{out_t}}")
    assert chain.inputs == {"in_v": "http://h/a.mp4", "in_v_step2": "http://h/b.mp4"}


@pytest.mark.parametrize(
    ("second", "complaint"),
    [
        (Step("-i {{in_v}} {{out_t}}", {"in_v": "{{out_x}}"}, {"out_t": "t.jpg"}), "no earlier"),
        (Step("-i {{in_v}} {{out_t}}", {"in_v": "{{out_t}}"}, {"out_t": "t.jpg"}), "no earlier"),
        (Step("-i {{in_x}} {{out_t}}", {}, {"out_t": "t.jpg"}), "do not declare"),
        (Step("-i {{out_small}} -f null -", {}, {"out_t": "t.jpg"}), "never uses"),
        (
            Step("-i {{in_v}} {{out_small}}", SCALE.inputs, {"out_small": "b.mp4"}),
            "another alias",
        ),
        (Step("-i {in_v} {{out_t}}", SCALE.inputs, {"out_t": "t.jpg"}), "single braces"),
    ],
)
def test_a_step_that_does_not_fit_is_named(second: Step, complaint: str) -> None:
    with pytest.raises(InvalidCommandError, match=f"Step 2: .*{complaint}") as refused:
        joined([SCALE, second])

    assert refused.value.loc[:2] == ("commands", "1")


def test_a_flat_step_that_cannot_be_split_is_named() -> None:
    with pytest.raises(InvalidCommandError, match="Step 2: ") as refused:
        parse_steps(["-i {{in_v}} {{out_v}}", "-i 'a"])

    assert refused.value.loc == ("ffmpeg_commands", "1")


def test_flat_steps_stay_in_order() -> None:
    assert parse_steps(["ffmpeg -i a b", "-i b c"]) == (("-i", "a", "b"), ("-i", "b", "c"))


def test_a_name_that_the_step_itself_declares_is_not_given_to_another_input() -> None:
    inputs = {"in_v": "http://h/b.mp4", "in_v_step2": "http://h/c.mp4"}
    second = Step("-i {{in_v}} -i {{in_v_step2}} {{out_t}}", inputs, {"out_t": "t.mp4"})

    with pytest.raises(InvalidCommandError, match=r"Step 2: in_v has another source"):
        joined([SCALE, second])
