import pytest
from msgspec.structs import replace

from renderio_box.errors import DescriptionError
from renderio_box.jobs.command_line import InvalidCommandError
from renderio_box.jobs.job import CommandType
from renderio_box.jobs.preset import Recipe, filled, steps_of

SCALE = Recipe(
    name="Scale",
    commands=("-i {{in_video}} -i {{in_logo}} {{out_video}}",),
    inputs={"in_video": "", "in_logo": "https://example.org/logo.png"},
    outputs={"out_video": "small.mp4"},
    metadata={"team": "web", "take": 1},
)
VIDEO = {"in_video": "https://example.org/a.mp4"}


def fill(
    recipe: Recipe = SCALE,
    *,
    inputs: dict[str, str] = VIDEO,
    outputs: dict[str, str] | None = None,
    metadata: dict[str, str | int] | None = None,
) -> Recipe:
    return filled(recipe, inputs=inputs, outputs=outputs or {}, metadata=metadata or {})


def test_an_input_without_a_source_gets_its_default() -> None:
    assert fill().inputs == {**VIDEO, "in_logo": "https://example.org/logo.png"}


def test_a_source_goes_before_the_default() -> None:
    other = "https://example.org/other.png"

    assert fill(inputs=VIDEO | {"in_logo": other}).inputs["in_logo"] == other


def test_inputs_stand_in_the_order_of_the_preset() -> None:
    inputs = {"in_logo": "https://example.org/other.png", **VIDEO}

    assert list(fill(inputs=inputs).inputs) == ["in_video", "in_logo"]


def test_a_missing_input_is_named() -> None:
    with pytest.raises(DescriptionError, match="lacks in_video; the inputs") as refused:
        fill(inputs={})

    assert refused.value.loc == ("input_files", "in_video")


def test_an_unknown_input_is_named() -> None:
    with pytest.raises(DescriptionError, match="has in_more, which") as refused:
        fill(inputs=VIDEO | {"in_more": "https://example.org/b.mp4"})

    assert refused.value.loc == ("input_files", "in_more")


def test_every_missing_and_unknown_input_is_named() -> None:
    with pytest.raises(
        DescriptionError,
        match=r"lacks in_video and has in_a, in_b, which .* are: in_video, in_logo",
    ):
        fill(inputs={"in_b": "https://example.org/", "in_a": "https://example.org/"})


def test_a_preset_without_inputs_takes_none() -> None:
    with pytest.raises(DescriptionError, match="are: none"):
        fill(replace(SCALE, inputs={}))


def test_an_endless_alias_is_not_repeated_to_its_end() -> None:
    with pytest.raises(DescriptionError) as refused:
        fill(inputs=VIDEO | {"x" * 10_000: ""})

    assert len(str(refused.value)) < 300


def test_an_output_may_be_renamed() -> None:
    assert fill(outputs={"out_video": "tiny.mp4"}).outputs == {"out_video": "tiny.mp4"}


def test_an_output_that_the_preset_lacks_is_named() -> None:
    with pytest.raises(DescriptionError, match=r"no output out_more; .* out_video") as refused:
        fill(outputs={"out_more": "more.mp4"})

    assert refused.value.loc == ("output_files", "out_more")


def test_metadata_is_added_and_wins() -> None:
    assert fill(metadata={"take": 2, "by": "ann"}).metadata == {
        "team": "web",
        "take": 2,
        "by": "ann",
    }


def test_filling_in_leaves_the_preset_as_it_was() -> None:
    before = replace(SCALE)

    fill(outputs={"out_video": "tiny.mp4"}, metadata={"take": 2})

    assert before == SCALE


def test_a_command_is_one_step() -> None:
    assert steps_of(SCALE) == (("-i", "{{in_video}}", "-i", "{{in_logo}}", "{{out_video}}"),)


def test_a_chain_has_a_step_for_each_command_and_says_which_is_wrong() -> None:
    chain = replace(SCALE, command_type=CommandType.CHAINED, commands=("-i a b.mp4", "-i 'a"))

    with pytest.raises(InvalidCommandError, match=r"^Step 2: ") as refused:
        steps_of(chain)

    assert refused.value.loc == ("ffmpeg_commands", "1")
