"""Rules that the real FFmpeg's failures do not reach; those that they do are in tests/media."""

import pytest
from msgspec.structs import replace

from renderio_box.ffmpeg.complaints.rule import Asked
from renderio_box.ffmpeg.explanations import MAX_LINE, RULES, explanation_of
from renderio_box.jobs.words import split_words
from tests.unit.samples import NEW_BUILD

COMMAND = ("-i", "{{in_video}}", "{{out_video}}")
ASKED = Asked(
    words=COMMAND,
    paths={"in_video": "../in/in_video.mp4", "out_video": "clip.mp4"},
    build=replace(
        NEW_BUILD,
        encoders=frozenset({"libx264", "libx265", "aac", "libvpx"}),
        filters=frozenset({"scale", "hflip", "volume"}),
    ),
)


def asked(command: str) -> Asked:
    return replace(ASKED, words=tuple(split_words(command)))


def explained(log: str, command: str = "-i {{in_video}} {{out_video}}") -> tuple[str, str | None]:
    found = explanation_of(log, asked(command))
    assert found is not None
    return found.sentence, found.suggestion


@pytest.mark.parametrize("log", ["", "frame=1", "Conversion failed!", "[aac] Qavg: 1.0"])
def test_a_log_that_no_rule_knows_is_not_explained(log: str) -> None:
    assert explanation_of(log, ASKED) is None


@pytest.mark.parametrize(
    ("log", "words"),
    [
        (
            "[Parsed_drawtext_0] Cannot find a valid font for the family Sans",
            "fontfile={{in_font}}",
        ),
        ("[drawtext] Could not load fontface from file 'x.ttf'", "font was not found"),
        ("Application provided invalid, non monotonically increasing dts to muxer", "go backwards"),
        ("[matroska] Can't write packet with unknown timestamp", "-fflags +genpts"),
        ("o.mp4: Permission denied", "bare file name"),
        ("Media type mismatch between the 'a' filter output pad 0 (video) and", "sound"),
        ("Unknown encoder 'libx999'", "no encoder called 'libx999'; use libx"),
    ],
)
def test_a_complaint_is_put_into_a_sentence(log: str, words: str) -> None:
    assert words in explained(log)[0]


def test_a_missing_timestamp_is_made_up_where_flags_stand_already() -> None:
    command = "-fflags +igndts -i {{in_video}} -c copy {{out_video}}"

    _, suggestion = explained("Can't write packet with unknown timestamp", command)

    assert suggestion == "-fflags +igndts+genpts -i {{in_video}} -c copy {{out_video}}"


def test_hardware_is_replaced_with_all_that_belongs_to_it() -> None:
    command = (
        "-hwaccel cuda -c:v h264_cuvid -i {{in_video}} -vf hwupload_cuda,scale_cuda=64:36"
        " -c:v hevc_nvenc -preset p5 -cq 20 -b:v 1M {{out_video}}"
    )

    _, suggestion = explained("[hevc_nvenc @ 0x1] Cannot load libcuda.so.1", command)

    assert suggestion == "-i {{in_video}} -vf scale=64:36 -c:v libx265 -b:v 1M {{out_video}}"


def test_hardware_that_this_build_cannot_replace_is_not_replaced() -> None:
    _, suggestion = explained(
        "[av1_nvenc @ 0x1] No capable devices found", "-i {{in_video}} -c:v av1_nvenc {{out_video}}"
    )

    assert suggestion is None


def test_a_build_whose_encoders_are_not_known_gets_no_suggestion() -> None:
    bare = replace(asked("-i {{in_video}} -c:v libx246 {{out_video}}"), build=NEW_BUILD)

    found = explanation_of("Unknown encoder 'libx246'", bare)

    assert found is not None
    assert found.suggestion is None


def test_a_graph_that_the_build_names_only_by_its_arguments_is_searched_for_the_filter() -> None:
    sentence, suggestion = explained(
        "[AVFilterGraph @ 0x1] No option name near '2'", "-i {{in_video}} -af volum=2 {{out_video}}"
    )

    assert sentence == "This FFmpeg has no filter called 'volum'; use volume."
    assert suggestion == "-i {{in_video}} -af volume=2 {{out_video}}"


def test_the_line_of_the_complaint_comes_without_addresses_and_bounded() -> None:
    found = explanation_of(f"[mov @ 0x55d1af96b880] moov atom not found {'x' * 1000}\n", ASKED)

    assert found is not None
    assert found.line.startswith("[mov] moov atom not found x")
    assert len(found.line) <= MAX_LINE


@pytest.mark.parametrize(
    "log",
    [
        "moov atom not found\n" + "noise\n" * 1000,
        "Option " + "(" * 200_000,
        "parameters (size " * 20_000,
        "'" * 300_000,
        "\n" * 500_000,
    ],
    ids=["long ago", "parentheses", "repeated", "quotes", "empty lines"],
)
def test_a_hostile_log_costs_little(log: str) -> None:
    assert explanation_of(log, ASKED) is None


def test_a_name_in_the_log_that_looks_like_a_group_stays_as_it_is() -> None:
    assert r"'a\1b'" in explained(r"Unknown encoder 'a\1b'")[0]


def test_every_rule_says_something_and_ends_in_no_full_stop() -> None:
    assert [rule.says for rule in RULES if not rule.says or rule.says.endswith(".")] == []
    assert [rule.remedy for rule in RULES if rule.remedy.endswith(".")] == []


def test_no_two_rules_know_the_same_words() -> None:
    patterns = [rule.pattern.pattern for rule in RULES]

    assert len(set(patterns)) == len(patterns)
