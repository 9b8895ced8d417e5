import pytest

from renderio_box.jobs.options import Item, Role, items


def test_a_command_line_falls_into_options_inputs_and_outputs() -> None:
    found = list(items(["-ss", "5", "-i", "a.mp4", "-an", "-c:v", "copy", "b.mp4"]))

    assert found == [
        Item(Role.OPTION, "ss", ("-ss", "5")),
        Item(Role.INPUT, "i", ("-i", "a.mp4")),
        Item(Role.OPTION, "an", ("-an",)),
        Item(Role.OPTION, "c", ("-c:v", "copy")),
        Item(Role.OUTPUT, "", ("b.mp4",)),
    ]


@pytest.mark.parametrize(
    "flag", ["-an", "-vn", "-y", "-shortest", "-copyts", "-noautorotate", "-nostats", "-xerror"]
)
def test_a_flag_takes_no_value(flag: str) -> None:
    assert [item.role for item in items([flag, "out.mp4"])] == [Role.OPTION, Role.OUTPUT]


@pytest.mark.parametrize(
    "option", ["-crf", "-movflags", "-noise_reduction", "-filter:v:0", "-map", "-unheard_of"]
)
def test_any_other_option_takes_the_next_word(option: str) -> None:
    assert [item.words for item in items([option, "-1"])] == [(option, "-1")]


@pytest.mark.parametrize(("follower", "taken"), [("0", True), ("1", True), ("out.mp4", False)])
def test_autorotate_takes_only_the_value_it_had_before_ffmpeg_6(
    follower: str, *, taken: bool
) -> None:
    first = next(items(["-autorotate", follower]))

    assert (follower in first.words) is taken


def test_an_option_at_the_end_has_no_value() -> None:
    assert list(items(["-crf"])) == [Item(Role.OPTION, "crf", ("-crf",))]


def test_a_dangling_i_is_no_input() -> None:
    assert [item.role for item in items(["-i"])] == [Role.OPTION]


def test_what_follows_i_is_an_input_even_with_a_dash() -> None:
    assert list(items(["-i", "-"])) == [Item(Role.INPUT, "i", ("-i", "-"))]


def test_a_single_dash_is_an_output() -> None:
    assert [item.role for item in items(["-"])] == [Role.OUTPUT]


def test_the_word_after_two_dashes_is_an_output() -> None:
    assert [item.role for item in items(["--", "-y"])] == [Role.OPTION, Role.OUTPUT]


def test_only_one_word_after_two_dashes_is_an_output() -> None:
    assert [item.role for item in items(["--", "-a.mp4", "-y"])][-1] is Role.OPTION


def test_the_value_of_an_item_is_its_last_word() -> None:
    assert [item.value for item in items(["-c", "copy", "-an", "b.mp4"])] == [
        "copy",
        "-an",
        "b.mp4",
    ]


def test_a_second_end_of_options_is_no_output() -> None:
    roles = [item.role for item in items(["--", "--", "o.mp4"])]

    assert roles == [Role.OPTION, Role.OPTION, Role.OUTPUT]
