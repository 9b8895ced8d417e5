from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from renderio_box.api.renderio.preset_requests import (
    NEW,
    Execution,
    NewPreset,
    PresetChange,
    edited,
)
from renderio_box.api.work import Terms
from renderio_box.errors import DescriptionError, InvalidRequestError
from renderio_box.identifiers import PresetId
from renderio_box.jobs.job import CommandType, Dialect, Submission, TextSource, UrlSource
from renderio_box.jobs.limits import JobLimits
from renderio_box.jobs.preset import Preset, Recipe
from tests.unit.samples import CREATED, NEW_BUILD, OLD_BUILD

LIMITS = JobLimits(default_run_seconds=60, max_run_seconds=300, vcpus=4)
TERMS = Terms(limits=LIMITS, build=OLD_BUILD, dialect=Dialect.RENDERIO, origin="https://box.test")
SCALE: dict[str, Any] = {
    "name": "Scale",
    "ffmpeg_command": "-i {{in_video}} -vf scale=640:-2 {{out_video}}",
    "input_file_keys": ["in_video"],
    "output_file_definitions": {"out_video": "small.mp4"},
}
OTHER_FORM: dict[str, Any] = {
    "name": "Scale",
    "ffmpeg_command": SCALE["ffmpeg_command"],
    "input_files": {"in_video": ""},
    "output_files": {"out_video": "small.mp4"},
}
CHAIN: dict[str, Any] = {
    "name": "Chain",
    "ffmpeg_commands": ["-i {{in_video}} {{out_video}}", "-i {{out_video}} {{out_image}}"],
    "input_file_keys": ["in_video"],
    "output_file_definitions": {"out_video": "small.mp4", "out_image": "image.png"},
}
URL = "https://example.org/a.mp4"


def made(body: dict[str, Any] = SCALE, **changes: object) -> Recipe:
    return edited(NEW, msgspec.convert(body | changes, NewPreset), TERMS)


def changed(recipe: Recipe, **change: object) -> Recipe:
    return edited(recipe, msgspec.convert(change, PresetChange), TERMS)


def test_both_forms_make_the_same_preset() -> None:
    assert made(SCALE) == made(OTHER_FORM)


def test_the_command_type_follows_from_the_commands() -> None:
    assert (made().command_type, made(CHAIN).command_type) == (
        CommandType.SINGLE,
        CommandType.CHAINED,
    )


def test_a_value_in_the_second_form_is_the_default() -> None:
    assert made(OTHER_FORM, input_files={"in_video": URL}).inputs == {"in_video": URL}


def test_a_default_may_name_another_input() -> None:
    recipe = made(
        ffmpeg_command="-f concat -i {{in_list}} {{out_video}}",
        input_file_keys=None,
        input_files={"in_list": "data:,file '{{in_video}}'", "in_video": ""},
    )

    assert recipe.inputs["in_video"] == ""


@pytest.mark.parametrize(
    ("changes", "loc"),
    [
        ({"ffmpeg_command": None}, ("ffmpeg_command",)),
        ({"ffmpeg_commands": ["-i {{in_video}} {{out_video}}"]}, ("ffmpeg_commands",)),
        ({"command_type": "CHAINED_COMMAND"}, ("ffmpeg_commands",)),
        ({"ffmpeg_command": "-i '{{in_video}} {{out_video}}"}, ("ffmpeg_command",)),
        ({"ffmpeg_command": "-i {in_video} {{out_video}}"}, ("ffmpeg_command",)),
        ({"ffmpeg_command": "ffmpeg"}, ("ffmpeg_command",)),
        ({"ffmpeg_command": "-i {{in_gone}} {{out_video}}"}, ("ffmpeg_command",)),
        ({"ffmpeg_command": "-i a {{out_video}}"}, ("input_file_keys", "in_video")),
        ({"ffmpeg_command": "{{in_video}} {{out_video}}"}, ("ffmpeg_command",)),
        ({"input_file_keys": ["video"]}, ("input_file_keys", "video")),
        ({"output_file_definitions": {}}, ("output_file_definitions",)),
        ({"output_file_definitions": {"out_video": "a"}}, ("output_file_definitions", "out_video")),
        ({"output_file_definitions": {"out_video": 5}}, ("output_file_definitions", "out_video")),
        ({"output_files": {"out_video": "small.mp4"}}, ("output_files",)),
        ({"input_files": {"in_other": ""}}, ("input_files",)),
        ({"input_files": {"in_video": "ftp://example.org/"}}, ("input_files", "in_video")),
        ({"input_files": {"in_video": None}}, ("input_files", "in_video")),
        ({"metadata": {"a": {}}}, ("metadata", "a")),
    ],
    ids=str,
)
def test_what_is_wrong_is_named_as_its_sender_calls_it(
    changes: dict[str, object], loc: tuple[str, ...]
) -> None:
    with pytest.raises(DescriptionError) as refused:
        made(**changes)

    assert refused.value.loc == loc


@pytest.mark.parametrize(
    ("form", "field"), [(SCALE, "output_file_definitions"), (OTHER_FORM, "output_files")]
)
def test_the_message_names_the_field_that_was_sent(form: dict[str, Any], field: str) -> None:
    with pytest.raises(DescriptionError, match=f"of {field}"):
        made(form, ffmpeg_command="-i {{in_video}} -f null -")


def test_the_fault_of_a_chain_is_in_its_commands() -> None:
    with pytest.raises(DescriptionError, match=r"^ffmpeg_commands uses") as refused:
        made(CHAIN, input_file_keys=[])

    assert refused.value.loc == ("ffmpeg_commands",)


def test_a_step_that_cannot_be_split_is_named() -> None:
    with pytest.raises(DescriptionError, match=r"^Step 2: ") as refused:
        made(CHAIN, ffmpeg_commands=["-i {{in_video}} {{out_video}}", "-i 'a"])

    assert refused.value.loc == ("ffmpeg_commands", "1")


def test_what_the_installed_build_cannot_run_is_refused() -> None:
    gone = msgspec.convert(
        SCALE | {"ffmpeg_command": "-i {{in_video}} -async 1 {{out_video}}"}, NewPreset
    )

    with pytest.raises(DescriptionError, match="aresample"):
        edited(NEW, gone, replace(TERMS, build=NEW_BUILD))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "x" * 201),
        ("name", None),
        ("description", "x" * 2001),
        ("category", "x" * 101),
        ("command_type", "MULTIPLE_COMMAND"),
        ("ffmpeg_command", ""),
        ("ffmpeg_command", "x" * 16_385),
        ("ffmpeg_commands", []),
        ("ffmpeg_commands", ["x"] * 11),
        ("input_file_keys", {"in_video": ""}),
        ("input_file_keys", [5]),
        ("input_file_keys", ["in_a"] * 65),
        ("output_file_definitions", ["out_video"]),
        ("output_files", "OUTPUT_FOLDER"),
        ("metadata", {str(number): 1 for number in range(11)}),
    ],
)
def test_a_field_of_the_wrong_shape_is_refused(field: str, value: object) -> None:
    with pytest.raises(msgspec.ValidationError):
        made(**{field: value})


def test_what_is_not_sent_stays() -> None:
    before = made(description="Halves it.", category="video", metadata={"a": 1})

    assert changed(before, name="Half") == replace(before, name="Half")


def test_what_is_sent_as_null_is_taken_away() -> None:
    before = made(description="Halves it.", category="video", metadata={"a": 1})

    assert changed(before, description=None, category=None, metadata=None) == made()


def test_metadata_is_replaced() -> None:
    assert changed(made(metadata={"a": 1, "b": 2}), metadata={"c": 3}).metadata == {"c": 3}


def test_a_command_becomes_a_chain_by_its_commands() -> None:
    chain = changed(made(), ffmpeg_commands=["-i {{in_video}} a.mkv", "-i a.mkv {{out_video}}"])

    assert (chain.command_type, len(chain.commands)) == (CommandType.CHAINED, 2)


def test_a_chain_becomes_a_command_by_its_command() -> None:
    single = changed(made(CHAIN), ffmpeg_command="-i {{in_video}} {{out_video}} {{out_image}}")

    assert single.command_type is CommandType.SINGLE


def test_a_command_type_alone_changes_nothing_but_contradicts() -> None:
    with pytest.raises(DescriptionError, match="ffmpeg_commands is required"):
        changed(made(), command_type="CHAINED_COMMAND")


def test_a_change_is_checked_with_what_stays() -> None:
    with pytest.raises(DescriptionError) as refused:
        changed(made(), output_files={"out_other": "other.mp4"})

    assert refused.value.loc == ("ffmpeg_command",)


def test_a_change_of_nothing_is_refused() -> None:
    with pytest.raises(DescriptionError, match="at least one field"):
        changed(made(), unheard="of")


def test_keys_alone_keep_the_defaults() -> None:
    before = made(OTHER_FORM, input_files={"in_video": URL})

    after = changed(
        before,
        ffmpeg_command="-i {{in_video}} -i {{in_logo}} {{out_video}}",
        input_file_keys=["in_video", "in_logo"],
    )

    assert after.inputs == {"in_video": URL, "in_logo": ""}


@pytest.mark.parametrize(
    "changed_form",
    [
        {"input_file_keys": ["in_video", "in_logo"], "input_files": {"in_video": ""}},
        {"input_file_keys": ["in_video"], "input_files": {"in_video": "", "in_logo": ""}},
    ],
)
def test_whoever_sends_a_preset_back_may_change_one_of_its_forms(
    changed_form: dict[str, object],
) -> None:
    command = "-i {{in_video}} -i {{in_logo}} {{out_video}}"

    after = changed(made(), ffmpeg_command=command, **changed_form)

    assert after.inputs == {"in_video": "", "in_logo": ""}


def test_forms_that_were_both_changed_to_different_inputs_are_refused() -> None:
    with pytest.raises(DescriptionError, match="different inputs"):
        changed(made(), input_file_keys=["in_a"], input_files={"in_b": ""})


def executed(recipe: Recipe, **body: object) -> Submission:
    preset = Preset(
        id=PresetId("p"), owner=None, recipe=recipe, created_at=CREATED, updated_at=CREATED
    )
    return msgspec.convert(body, Execution).to_submission(preset, body, TERMS)


def test_a_preset_that_is_filled_in_is_the_command_it_stands_for() -> None:
    submission = executed(made(), input_files={"in_video": URL})

    assert submission.spec.steps == (
        ("-i", "{{in_video}}", "-vf", "scale=640:-2", "{{out_video}}"),
    )
    assert submission.spec.inputs == {"in_video": UrlSource(URL)}
    assert submission.spec.outputs == {"out_video": "small.mp4"}


def test_the_request_that_is_shown_is_what_a_submit_would_have_said() -> None:
    submission = executed(made(metadata={"a": 1}), input_files={"in_video": URL}, priority=7)

    assert submission.original_request == {
        "ffmpeg_command": SCALE["ffmpeg_command"],
        "input_files": {"in_video": URL},
        "output_files": {"out_video": "small.mp4"},
        "metadata": {"a": 1},
        "priority": 7,
        "preset_id": "p",
        "max_command_run_seconds": 60,
        "vcpu_count": 1,
    }


def test_a_chain_is_executed_as_one() -> None:
    submission = executed(made(CHAIN), input_files={"in_video": URL})

    assert submission.spec.command_type is CommandType.CHAINED
    assert submission.original_request["ffmpeg_commands"] == CHAIN["ffmpeg_commands"]


def test_the_options_of_a_submit_are_those_of_an_execution() -> None:
    spec = executed(
        made(),
        input_files={"in_video": URL},
        priority=7,
        vcpu_count=2,
        max_command_run_seconds=5,
        webhook_url="https://example.org/hook",
    ).spec

    assert (spec.priority, spec.vcpu_count, spec.pinned, spec.max_run_seconds) == (7, 2, True, 5)
    assert spec.webhook_url == "https://example.org/hook"


def test_text_may_stand_in_for_a_file() -> None:
    spec = executed(made(), input_files={"in_video": "data:,hello"}).spec

    assert spec.inputs == {"in_video": TextSource("hello", "txt")}


def test_metadata_of_both_may_not_be_too_much_together() -> None:
    recipe = made(metadata={f"preset{number}": 1 for number in range(6)})
    more = {f"mine{number}": 1 for number in range(5)}

    with pytest.raises(InvalidRequestError) as refused:
        executed(recipe, input_files={"in_video": URL}, metadata=more)

    assert refused.value.loc == ("metadata",)
