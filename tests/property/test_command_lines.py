import shlex
from contextlib import suppress

from hypothesis import given
from hypothesis import strategies as st

from renderio_box.jobs.command_line import InvalidCommandError, bind, parse, placeholders
from renderio_box.jobs.expectation import output_seconds
from renderio_box.jobs.invocation import CONTROL, PROTOCOLS, Build, adapt, invoke
from renderio_box.jobs.options import Role, items
from renderio_box.jobs.words import joined_words, split_words

CONTROL_WORDS = len((*CONTROL, "-progress", "pipe:1"))
DEMUXERS = frozenset({"concat", "hls", "mov"})
NEW_BUILD = Build(version="9.0.2", options=frozenset({"i", "fps_mode"}), demuxers=DEMUXERS)

aliases = st.sampled_from(["in_a", "in_b", "out_c"])
pieces = st.sampled_from(
    [
        *("'", '"', "\\", "\\\n", " ", "\t", "\n", "\r\n", "{", "}", "é", "5", "x=1"),
        *("-vf", "-filter_complex", "-i", "-y", "-t", "ffmpeg"),
        *("{{in_a}}", "<<in_b>>", "\\{\\{out_c\\}\\}", "{in_a}"),
    ]
)
commands = st.lists(pieces | st.text(max_size=4), max_size=20).map("".join)
words = st.sampled_from(
    [
        *("-i", "-", "--", "-y", "-n", "-an", "-ss", "5", "-t", "-threads", "-vsync", "-vf"),
        *("-loop", "-progress", "-filter:v:0", "-psnr", "1", "a.mp4", "{{in_a}}", "{{out_c}}"),
    ]
)
argument_lists = st.lists(words | st.text(max_size=5), max_size=15).filter(
    lambda listed: listed.count("--") <= 1
)


@given(st.lists(st.text(max_size=12), max_size=12))
def test_quoted_words_are_split_back_to_exactly_those_words(listed: list[str]) -> None:
    assert split_words(shlex.join(listed)) == listed


@given(argument_lists)
def test_joined_words_are_split_back_to_exactly_those_words(listed: list[str]) -> None:
    assert split_words(joined_words(listed)) == listed


@given(st.lists(pieces | st.text(max_size=6), max_size=12))
def test_quoted_words_are_split_back_even_after_a_filter_option(listed: list[str]) -> None:
    assert split_words(shlex.join(listed)) == listed


@given(commands)
def test_any_text_is_either_read_or_refused(command: str) -> None:
    with suppress(InvalidCommandError):
        assert parse(command)


@given(commands)
def test_reading_a_command_again_from_its_words_changes_nothing(command: str) -> None:
    with suppress(InvalidCommandError):
        arguments = parse(command)

        assert parse(shlex.join(("ffmpeg", *arguments))) == arguments


@given(commands, st.dictionaries(aliases, st.text(), min_size=3))
def test_binding_never_changes_the_number_of_arguments(command: str, paths: dict[str, str]) -> None:
    with suppress(InvalidCommandError, KeyError):
        arguments = parse(command)

        assert len(bind(arguments, paths)) == len(arguments)


@given(commands, st.dictionaries(aliases, st.text(), min_size=3))
def test_binding_touches_only_arguments_that_hold_a_placeholder(
    command: str, paths: dict[str, str]
) -> None:
    with suppress(InvalidCommandError, KeyError):
        arguments = parse(command)

        plain = [word for word in arguments if not placeholders([word])]
        assert plain == list(bind(plain, paths))


@given(argument_lists)
def test_the_words_of_all_items_are_exactly_the_arguments(arguments: list[str]) -> None:
    assert [word for item in items(arguments) for word in item.words] == arguments


@given(argument_lists, st.none() | st.integers(1, 64))
def test_every_input_is_opened_behind_the_protocol_whitelist(
    arguments: list[str], threads: int | None
) -> None:
    invoked = invoke(arguments, NEW_BUILD, threads=threads)[CONTROL_WORDS:]

    listed = [item.words for item in items(invoked)]
    guarded = [
        listed[max(0, at - 2) : at].count(("-protocol_whitelist", PROTOCOLS))
        for at, item in enumerate(items(invoked))
        if item.role is Role.INPUT
    ]
    assert guarded == [1] * sum(item.role is Role.INPUT for item in items(arguments))


@given(argument_lists)
def test_inputs_and_outputs_keep_their_order(arguments: list[str]) -> None:
    invoked = invoke(arguments, NEW_BUILD, threads=2)[CONTROL_WORDS:]

    assert files_of(invoked) == files_of(arguments)


@given(argument_lists)
def test_a_build_that_knows_everything_changes_nothing(arguments: list[str]) -> None:
    names = frozenset(item.name for item in items(arguments))
    build = Build(version="0", options=names, demuxers=DEMUXERS)

    with suppress(InvalidCommandError):
        assert adapt(arguments, build).arguments == tuple(arguments)


@given(argument_lists)
def test_any_arguments_are_either_adapted_or_refused(arguments: list[str]) -> None:
    with suppress(InvalidCommandError):
        adapt(arguments, NEW_BUILD)


@given(argument_lists)
def test_an_expected_length_is_positive_or_unknown(arguments: list[str]) -> None:
    seconds = output_seconds(arguments, {"a.mp4": 10.0})

    assert seconds is None or seconds > 0


def files_of(arguments: list[str] | tuple[str, ...]) -> list[tuple[Role, str]]:
    return [(item.role, item.value) for item in items(arguments) if item.role is not Role.OPTION]
