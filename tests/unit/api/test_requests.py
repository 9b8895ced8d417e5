import msgspec
import pytest
from msgspec.structs import replace

from renderio_box.api.requests import RunCommandRequest
from renderio_box.api.work import NO_Y, Terms
from renderio_box.errors import InvalidRequestError
from renderio_box.jobs.command_line import InvalidCommandError
from renderio_box.jobs.job import (
    Dialect,
    JobSpec,
    StoredSource,
    Submission,
    TextSource,
    UrlSource,
)
from renderio_box.jobs.limits import JobLimits
from tests.unit.samples import (
    FILE_ID,
    NEW_BUILD,
    OLD_BUILD,
)

LIMITS = JobLimits(default_run_seconds=60, max_run_seconds=300, vcpus=4)
TERMS = Terms(limits=LIMITS, build=OLD_BUILD, dialect=Dialect.RENDERIO, origin="https://box.test")
SCALE = {
    "ffmpeg_command": "ffmpeg -i {{in_video}} -vf scale=640:-2 {{ out_video }}",
    "input_files": {"in_video": "https://example.org/a.mp4"},
    "output_files": {"out_video": "clip.mp4"},
}


def decoded(**changes: object) -> RunCommandRequest:
    return msgspec.convert(SCALE | changes, RunCommandRequest, strict=False)


def submitted(**changes: object) -> Submission:
    return decoded(**changes).to_submission(SCALE | changes, TERMS)


def test_a_request_becomes_a_spec() -> None:
    assert submitted().spec == JobSpec(
        steps=(("-i", "{{in_video}}", "-vf", "scale=640:-2", "{{out_video}}"),),
        inputs={"in_video": UrlSource("https://example.org/a.mp4")},
        outputs={"out_video": "clip.mp4"},
        max_run_seconds=60,
        vcpu_count=1,
        pinned=False,
        priority=50,
    )


def test_a_request_is_kept_as_sent_with_the_defaults_that_were_applied() -> None:
    applied = {"max_command_run_seconds": 60, "vcpu_count": 1}

    assert submitted(unheard=1).original_request == {**SCALE, "unheard": 1, **applied}


def test_unknown_fields_are_ignored() -> None:
    assert submitted(unheard={"of": 1}).spec == submitted().spec


def test_a_request_without_inputs_is_accepted() -> None:
    submission = submitted(ffmpeg_command="-f lavfi -i testsrc -t 1 {{out_video}}", input_files={})

    assert submission.spec.inputs == {}


@pytest.mark.parametrize(
    ("field", "value"),
    [("max_command_run_seconds", 300), ("vcpu_count", 2), ("priority", 0)],
)
def test_a_numeric_string_is_taken_for_an_integer(field: str, value: int) -> None:
    assert submitted(**{field: str(value)}).spec == submitted(**{field: value}).spec


def test_a_cpu_count_is_clipped_and_the_job_is_held_to_it() -> None:
    spec = submitted(vcpu_count=64).spec

    assert (spec.vcpu_count, spec.pinned) == (4, True)


def test_a_clipped_cpu_count_is_echoed_as_used() -> None:
    assert submitted(vcpu_count=64).original_request["vcpu_count"] == 4


def test_a_priority_of_0_is_no_default() -> None:
    assert submitted(priority=0).spec.priority == 0


def test_metadata_is_kept() -> None:
    metadata = {"text": "a", "whole": 1, "part": 1.5, "flag": True}

    assert submitted(metadata=metadata).metadata == metadata


def test_a_request_without_metadata_has_none() -> None:
    assert submitted(metadata=None).metadata == {}


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"ffmpeg_command": ""}, "length >= 1"),
        ({"ffmpeg_command": "x" * 16_385}, "length <= 16384"),
        ({"ffmpeg_command": 1}, "Expected `str`"),
        ({"input_files": []}, "Expected `object"),
        ({"input_files": {f"in_{number}": "u" for number in range(65)}}, "length <= 64"),
        ({"output_files": {f"out_{number}": "u" for number in range(65)}}, "length <= 64"),
        ({"output_files": 5}, "Expected `str | object`"),
        ({"metadata": {str(number): 1 for number in range(11)}}, "length <= 10"),
        ({"max_command_run_seconds": 0}, ">= 1"),
        ({"max_command_run_seconds": "soon"}, "Expected `int"),
        ({"vcpu_count": 0}, ">= 1"),
        ({"priority": 101}, "<= 100"),
        ({"priority": -1}, ">= 0"),
    ],
)
def test_a_field_of_the_wrong_shape_is_refused(changes: dict[str, object], complaint: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=complaint):
        decoded(**changes)


@pytest.mark.parametrize("field", ["ffmpeg_command", "output_files"])
def test_a_required_field_may_not_be_missing(field: str) -> None:
    body = {name: value for name, value in SCALE.items() if name != field}

    with pytest.raises(msgspec.ValidationError, match=f"missing required field `{field}`"):
        msgspec.convert(body, RunCommandRequest)


@pytest.mark.parametrize(
    "changes",
    [
        {"ffmpeg_command": "-i {{in_video}} {out_video}"},
        {"ffmpeg_command": "-i '{{in_video}} {{out_video}}"},
        {"ffmpeg_command": "-i {{in_video}} -i {{in_other}} {{out_video}}"},
        {"ffmpeg_command": "-f lavfi -i testsrc {{out_video}}"},
        {"ffmpeg_command": "-i {{in_video}} -f null -"},
        {"ffmpeg_command": "-i {{in_video}} {{out_video}} {{in_video}}"},
        {"input_files": {"video": "https://example.org/a.mp4"}},
        {"output_files": {}},
        {"output_files": {"out_video": "../clip.mp4"}},
    ],
)
def test_a_command_that_cannot_run_as_written_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(InvalidCommandError):
        submitted(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        {"max_command_run_seconds": 301},
        {"input_files": {"in_video": "file:///etc/passwd"}},
        {"webhook_url": "ftp://example.org"},
        {"webhook_url": ""},
        {"input_files": {"in_video": 5}},
        {"output_files": {"out_video": None}},
        {"metadata": {"a": {"b": 1}}},
        {"metadata": {"a": None}},
        {"metadata": {"a": "x" * 4097}},
        {"metadata": {"a" * 4097: 1}},
    ],
)
def test_a_value_that_the_box_does_not_grant_is_refused(changes: dict[str, object]) -> None:
    with pytest.raises(InvalidRequestError):
        submitted(**changes)


def test_a_file_of_the_box_may_be_an_input() -> None:
    assert submitted(input_files={"in_video": FILE_ID}).spec.inputs == {
        "in_video": StoredSource(FILE_ID)
    }


def test_an_input_that_only_a_list_in_the_request_names_counts_as_used() -> None:
    listing = "data:,file '{{in_video}}'"

    spec = submitted(
        ffmpeg_command="-f concat -safe 0 -i {{in_list}} -c copy {{out_video}}",
        input_files={"in_list": listing, "in_video": "https://example.org/a.mp4"},
    ).spec

    assert spec.inputs["in_list"] == TextSource("file '{{in_video}}'", "txt")


def rendi(command: str, **changes: object) -> Submission:
    request = decoded(ffmpeg_command=command, **changes)
    return request.to_submission(SCALE, replace(TERMS, dialect=Dialect.RENDI))


def test_a_rendi_client_is_told_in_rendis_words_not_to_send_y() -> None:
    with pytest.raises(InvalidCommandError) as refused:
        rendi("-y -i {{in_video}} {{out_video}}")

    assert str(refused.value) == NO_Y


def test_a_value_that_looks_like_the_flag_is_none() -> None:
    submission = rendi("-i {{in_video}} -metadata -y {{out_video}}")

    assert submission.dialect is Dialect.RENDI


def test_a_rendi_client_may_leave_an_input_unused() -> None:
    inputs = {"in_video": "https://example.org/a.mp4", "in_more": "https://example.org/b.mp4"}

    assert rendi("-i {{in_video}} {{out_video}}", input_files=inputs).spec.inputs.keys() == {
        "in_video",
        "in_more",
    }


def test_inputs_are_required_where_no_archive_brings_them() -> None:
    with pytest.raises(InvalidRequestError) as refused:
        submitted(input_files=None)

    assert refused.value.loc == ("input_files",)


def test_an_archive_takes_the_place_of_inputs() -> None:
    spec = submitted(
        ffmpeg_command="-i clip.mp4 {{out_video}}",
        input_files=None,
        input_compressed_folder="https://example.org/all.zip",
    ).spec

    assert (spec.archive, spec.inputs) == (UrlSource("https://example.org/all.zip"), {})


def test_an_archive_beside_inputs_is_refused() -> None:
    with pytest.raises(InvalidRequestError) as refused:
        submitted(input_compressed_folder="https://example.org/all.zip")

    assert refused.value.loc == ("input_compressed_folder",)


def test_an_archive_must_be_a_url_or_a_file_of_this_box() -> None:
    with pytest.raises(InvalidRequestError) as refused:
        submitted(
            ffmpeg_command="-i clip.mp4 {{out_video}}",
            input_files={},
            input_compressed_folder="data:,zip",
        )

    assert refused.value.loc == ("input_compressed_folder",)


def test_a_folder_of_outputs_needs_no_declared_output() -> None:
    spec = submitted(
        ffmpeg_command="-i {{in_video}} frame_%03d.png", output_files="OUTPUT_FOLDER"
    ).spec

    assert (spec.folder, spec.outputs) == (True, {})


def test_any_other_text_in_place_of_outputs_is_refused() -> None:
    with pytest.raises(msgspec.ValidationError):
        decoded(output_files="output_folder")


@pytest.mark.parametrize("name", ["list.m3u8", "manifest.mpd", "LIST.M3U8"])
def test_a_playlist_is_called_like_one(name: str) -> None:
    spec = submitted(
        ffmpeg_command="-i {{in_video}} {{out_playlist_1}}", output_files={"out_playlist_1": name}
    ).spec

    assert spec.outputs == {"out_playlist_1": name}


def test_a_playlist_of_another_kind_is_refused() -> None:
    with pytest.raises(InvalidCommandError) as refused:
        submitted(
            ffmpeg_command="-i {{in_video}} {{out_playlist_1}}",
            output_files={"out_playlist_1": "clip.mp4"},
        )

    assert refused.value.loc == ("output_files", "out_playlist_1")


def test_what_was_changed_for_the_installed_build_is_told() -> None:
    changes = {"ffmpeg_command": "-i {{in_video}} -vsync 0 {{out_video}}"}

    submission = decoded(**changes).to_submission(changes, replace(TERMS, build=NEW_BUILD))

    assert [warning.split(",")[0] for warning in submission.warnings] == [
        "-vsync was passed as -fps_mode passthrough"
    ]


def test_a_spec_keeps_the_callers_words_whatever_build_is_installed() -> None:
    changes = {"ffmpeg_command": "-i {{in_video}} -vsync 0 {{out_video}}"}

    submission = decoded(**changes).to_submission(changes, replace(TERMS, build=NEW_BUILD))

    assert submission.spec.steps == (("-i", "{{in_video}}", "-vsync", "0", "{{out_video}}"),)


@pytest.mark.parametrize(
    ("field", "key", "value"),
    [("input_files", "in_video", 5), ("output_files", "out_video", []), ("metadata", "a", {})],
)
def test_a_wrong_value_in_a_map_is_named_by_its_key(field: str, key: str, value: object) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        submitted(**{field: {key: value}})

    assert refused.value.loc == (field, key)
