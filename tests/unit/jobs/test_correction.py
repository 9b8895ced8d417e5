import pytest

from renderio_box.jobs.correction import (
    Words,
    before_input,
    before_output,
    called,
    graphs_of,
    in_graphs,
    moved,
    with_codec,
    with_filter,
    with_name,
    with_value,
    without,
    without_codecs,
)
from renderio_box.jobs.options import Role


def words(text: str) -> Words:
    return tuple(text.split())


def test_a_value_is_changed_and_the_rest_stays() -> None:
    changed = with_value(words("-i {{in_1}} -ar 96000 -b:a 1k {{out_1}}"), called("ar"), "48000")

    assert changed == words("-i {{in_1}} -ar 48000 -b:a 1k {{out_1}}")


def test_a_name_is_changed_and_its_stream_stays() -> None:
    assert with_name(words("-presett:v fast {{out_1}}"), called("presett"), "preset") == words(
        "-preset:v fast {{out_1}}"
    )


def test_an_option_goes_with_its_value_and_a_flag_without_one() -> None:
    assert without(words("-an -hwaccel cuda -i {{in_1}} {{out_1}}"), called("an", "hwaccel")) == (
        words("-i {{in_1}} {{out_1}}")
    )


@pytest.mark.parametrize(
    ("before", "to", "after"),
    [
        ("-vf hflip -i {{in_1}} {{out_1}}", Role.OUTPUT, "-i {{in_1}} -vf hflip {{out_1}}"),
        ("-i {{in_1}} -vf hflip {{out_1}}", Role.INPUT, "-vf hflip -i {{in_1}} {{out_1}}"),
    ],
)
def test_an_option_is_moved_to_the_other_side(before: str, to: Role, after: str) -> None:
    assert moved(words(before), called("vf"), to) == words(after)


@pytest.mark.parametrize(
    "command",
    [
        "-vf hflip -i {{in_1}} {{out_1}} {{out_2}}",
        "-vf hflip -i {{in_1}}",
        "-vf hflip -- {{out_1}}",
    ],
)
def test_nothing_is_moved_or_added_where_the_place_is_not_certain(command: str) -> None:
    assert moved(words(command), called("vf"), Role.OUTPUT) == words(command)
    assert before_output(words(command), "-an") == words(command)


def test_options_of_an_input_are_added_only_where_there_is_one_input() -> None:
    two = words("-i {{in_1}} -i {{in_2}} {{out_1}}")

    assert before_input(words("-i {{in_1}} {{out_1}}"), "-re") == words("-re -i {{in_1}} {{out_1}}")
    assert before_input(two, "-re") == two


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("-i {{in_1}} {{out_1}}", "-i {{in_1}} -vf even {{out_1}}"),
        ("-i {{in_1}} -vf hflip {{out_1}}", "-i {{in_1}} -vf hflip,even {{out_1}}"),
        (
            "-i {{in_1}} -filter_complex [0:v]hflip[v] -map [v] -map 0:a {{out_1}}",
            "-i {{in_1}} -filter_complex [0:v]hflip[v];[v]even[v_new] -map [v_new] -map 0:a {{out_1}}",
        ),
        (
            "-i {{in_1}} -filter_complex split[a][b] -map [v] -map [w] {{out_1}}",
            "-i {{in_1}} -filter_complex split[a][b] -map [v] -map [w] {{out_1}}",
        ),
    ],
)
def test_a_filter_is_added_behind_the_others(before: str, after: str) -> None:
    assert with_filter(words(before), "even") == words(after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("-c:v h264 -i {{in_1}} -c:v x {{out_1}}", "-c:v h264 -i {{in_1}} -c:v new {{out_1}}"),
        ("-i {{in_1}} -vcodec x {{out_1}}", "-i {{in_1}} -vcodec new {{out_1}}"),
        ("-i {{in_1}} -c:a copy {{out_1}}", "-i {{in_1}} -c:a copy -c:v new {{out_1}}"),
        ("-i {{in_1}} -c copy {{out_1}}", "-i {{in_1}} -c copy -c:v new {{out_1}}"),
    ],
)
def test_a_codec_of_the_output_is_replaced_or_added(before: str, after: str) -> None:
    assert with_codec(words(before), "v", "new") == words(after)


def test_codecs_of_the_outputs_go_and_those_of_the_inputs_stay() -> None:
    command = words("-c:v h264 -i {{in_1}} -codec copy -c:v x -acodec y -crf 1 {{out_1}}")

    assert without_codecs(command) == words("-c:v h264 -i {{in_1}} -crf 1 {{out_1}}")


def test_graphs_are_those_of_filters_and_of_lavfi_inputs() -> None:
    command = words("-f lavfi -i one -i {{in_1}} -filter_complex two -af three -t 1 {{out_1}}")

    assert graphs_of(command) == ["one", "two", "three"]
    assert in_graphs(command, str.upper) == words(
        "-f lavfi -i ONE -i {{in_1}} -filter_complex TWO -af THREE -t 1 {{out_1}}"
    )
