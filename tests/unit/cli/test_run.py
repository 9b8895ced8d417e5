from pathlib import Path

import pytest

from renderio_box.cli.outcome import CliError
from renderio_box.cli.run import RunRequest, aliased, body_of, check_targets, output_names
from renderio_box.jobs.command_line import parse


def test_files_are_counted_from_one() -> None:
    assert aliased(["a.mp4", "b.srt"], "in_") == {"in_1": "a.mp4", "in_2": "b.srt"}


def test_a_file_may_be_named() -> None:
    assert aliased(["in_video=a.mp4", "in_srt=b.srt"], "in_") == {
        "in_video": "a.mp4",
        "in_srt": "b.srt",
    }


def test_a_file_that_is_not_named_has_the_number_of_its_place() -> None:
    assert aliased(["in_video=a.mp4", "b.srt"], "in_") == {"in_video": "a.mp4", "in_2": "b.srt"}


@pytest.mark.parametrize("value", ["https://h/a.mp4?x=1", "video=a.mp4", "in_=a.mp4", "a=b.mp4"])
def test_an_equals_sign_alone_names_nothing(value: str) -> None:
    assert aliased([value], "in_") == {"in_1": value}


@pytest.mark.parametrize("value", ["in_list=data:,a=b", "in_list=a\nb"])
def test_what_follows_the_name_is_taken_whole(value: str) -> None:
    assert aliased([value], "in_") == {"in_list": value.removeprefix("in_list=")}


def test_no_files_have_no_aliases() -> None:
    assert aliased([], "in_") == {}


def test_one_name_for_two_files_is_refused() -> None:
    with pytest.raises(CliError, match="in_a names two files"):
        aliased(["in_a=a.mp4", "in_a=b.mp4"], "in_")


@pytest.mark.parametrize(
    ("target", "name"),
    [
        ("clip.mp4", "clip.mp4"),
        ("/tmp/out/clip.mp4", "clip.mp4"),
        ("my clip.mp4", "out_1.mp4"),
        ("clé.MP4", "out_1.mp4"),
        ("-clip.mp4", "out_1.mp4"),
        ("x" * 125 + ".mp4", "out_1.mp4"),
    ],
)
def test_the_box_is_asked_for_a_name_that_it_allows(target: str, name: str) -> None:
    assert output_names({"out_1": Path(target)}) == {"out_1": name}


def test_targets_of_one_name_in_two_directories_are_told_apart() -> None:
    names = output_names({"out_1": Path("a/x.mp4"), "out_2": Path("b/x.mp4")})

    assert names == {"out_1": "x.mp4", "out_2": "out_2.mp4"}


@pytest.mark.parametrize("target", ["clip", "my clip", "clip."])
def test_a_target_without_an_extension_is_refused(target: str) -> None:
    with pytest.raises(CliError, match="has no extension; FFmpeg needs one"):
        check_targets({"out_1": Path(target)})


def test_the_body_to_submit() -> None:
    request = RunRequest(
        inputs={"in_1": "a.mp4"},
        outputs={"out_1": Path("/tmp/my clip.mp4")},
        arguments=("-i", "{{in_1}}", "-vf", "drawtext=text='a b'", "{{out_1}}"),
        run_seconds=60,
        vcpus=2,
    )

    assert body_of(request, {"in_1": "id"}) == {
        "ffmpeg_command": ("-i '{{in_1}}' -vf 'drawtext=text='\"'\"'a b'\"'\"'' '{{out_1}}'"),
        "input_files": {"in_1": "id"},
        "output_files": {"out_1": "out_1.mp4"},
        "max_command_run_seconds": 60,
        "vcpu_count": 2,
    }


def test_what_was_not_asked_for_is_not_sent() -> None:
    request = RunRequest(inputs={}, outputs={}, arguments=("-version",))

    assert sorted(body_of(request, {})) == ["ffmpeg_command", "input_files", "output_files"]


def test_arguments_arrive_as_they_were_typed() -> None:
    arguments = ("-i", "{{in_1}}", "-vf", r"select='lte(n\,1)'", "-metadata", "title=My 'T'", "")

    body = body_of(RunRequest(inputs={}, outputs={}, arguments=arguments), {})

    assert parse(str(body["ffmpeg_command"])) == arguments
