import pytest

from renderio_box.errors import ErrorCode
from renderio_box.jobs.command_line import (
    InvalidCommandError,
    bind,
    bind_text,
    check_aliases,
    check_use,
    parse,
    placeholders,
    shortened,
)

VIDEO_OUT = {"out_video": "clip.mp4"}


@pytest.mark.parametrize(
    "written",
    [
        "{{in_video}}",
        "{{ in_video }}",
        "{{  in_video}}",
        "{{\tin_video\n}}",
        "<<in_video>>",
        "<< in_video >>",
        r"\{\{in_video\}\}",
        r"\{\{ in_video \}\}",
        r"{\{in_video\}}",
        '"{{in_video}}"',
        "'<<in_video>>'",
        r'"\{\{in_video\}\}"',
    ],
)
def test_every_form_of_a_placeholder_means_the_same(written: str) -> None:
    assert parse(f"-i {written}") == ("-i", "{{in_video}}")


def test_forms_may_be_mixed() -> None:
    arguments = parse(r"-i <<in_a>> -i \{\{in_b\}\} {{out_c}}")

    assert placeholders(arguments) == {"in_a", "in_b", "out_c"}


@pytest.mark.parametrize(
    ("command", "word"),
    [
        ("-vf subtitles={{in_srt}}:force_style='Fontsize=20'", 1),
        ("-vf subtitles=<< in_srt >>", 1),
        ('-filter_complex "movie={{ in_srt }}[logo]"', 1),
        ("-attach {{in_srt}}", 1),
    ],
)
def test_a_placeholder_may_stand_inside_an_argument(command: str, word: int) -> None:
    assert placeholders([parse(command)[word]]) == {"in_srt"}


def test_a_placeholder_may_stand_more_than_once() -> None:
    assert parse("-i {{in_a}} -i {{in_a}} {{out_b}}").count("{{in_a}}") == 2


@pytest.mark.parametrize(
    "written", ["{in_video}", "{ in_video }", "x={in_video}:y", '"{in_video}"']
)
def test_single_braces_are_refused_and_the_right_form_is_shown(written: str) -> None:
    with pytest.raises(InvalidCommandError, match=r"single braces; write \{\{in_video\}\}"):
        parse(f"-i {written} {{{{out_video}}}}")


@pytest.mark.parametrize("word", ["{0}", "%{pts}", "{eif:n}", "a{b}c"])
def test_braces_that_hold_no_alias_are_left_alone(word: str) -> None:
    assert parse(word) == (word,)


def test_shifts_that_hold_no_alias_are_left_alone() -> None:
    assert parse("-metadata a<<b>>c") == ("-metadata", "a<<b>>c")


@pytest.mark.parametrize("command", ["ffmpeg -i a b.mp4", "  ffmpeg\n-i a b.mp4", "-i a b.mp4"])
def test_a_leading_ffmpeg_is_dropped(command: str) -> None:
    assert parse(command) == ("-i", "a", "b.mp4")


def test_only_the_first_ffmpeg_is_dropped() -> None:
    assert parse("ffmpeg ffmpeg -i a") == ("ffmpeg", "-i", "a")


@pytest.mark.parametrize("command", ["", " \n ", "ffmpeg", " ffmpeg \\\n"])
def test_a_command_without_arguments_is_refused(command: str) -> None:
    with pytest.raises(InvalidCommandError, match="is empty"):
        parse(command)


@pytest.mark.parametrize("command", ["-i 'a", '-i "a', "-i a\\"])
def test_an_open_quote_is_an_invalid_command(command: str) -> None:
    with pytest.raises(InvalidCommandError) as caught:
        parse(command)

    assert (caught.value.code, caught.value.loc) == (
        ErrorCode.INVALID_COMMAND,
        ("ffmpeg_command",),
    )


def test_a_nul_character_is_refused() -> None:
    with pytest.raises(InvalidCommandError, match="NUL"):
        parse("-i a\0b")


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        (
            "-i {{in_1}} -vf select='lte(n\\,1)+gt(scene,0.4)',setpts='PTS*0.025' {{out_1}}",
            (
                "-i",
                "{{in_1}}",
                "-vf",
                r"select='lte(n\,1)+gt(scene,0.4)',setpts='PTS*0.025'",
                "{{out_1}}",
            ),
        ),
        (
            "ffmpeg -i {{in_1}} -metadata title='My Title' \\\n  -c copy {{out_1}}",
            ("-i", "{{in_1}}", "-metadata", "title=My Title", "-c", "copy", "{{out_1}}"),
        ),
        (
            '-i {{in_1}} -filter_complex "[0:v]split=2[a][b]" -map "[a]" {{out_1}}',
            ("-i", "{{in_1}}", "-filter_complex", "[0:v]split=2[a][b]", "-map", "[a]", "{{out_1}}"),
        ),
    ],
)
def test_commands_are_read_as_in_a_terminal(command: str, arguments: tuple[str, ...]) -> None:
    assert parse(command) == arguments


def test_a_path_replaces_its_alias_wherever_it_stands() -> None:
    bound = bind(
        ("-i", "{{in_a}}", "-vf", "subtitles={{in_b}}:x={{in_a}}", "{{out_c}}"),
        {"in_a": "../in/a.mp4", "in_b": "../in/b.srt", "out_c": "c.mp4"},
    )

    assert bound == ("-i", "../in/a.mp4", "-vf", "subtitles=../in/b.srt:x=../in/a.mp4", "c.mp4")


def test_a_path_with_blanks_and_quotes_stays_one_argument() -> None:
    assert bind(("-i", "{{in_a}}"), {"in_a": "a b' -y \"c"}) == ("-i", "a b' -y \"c")


def test_what_a_path_holds_is_not_bound_again() -> None:
    assert bind(("{{in_a}}",), {"in_a": "{{in_b}}", "in_b": "x"}) == ("{{in_b}}",)


def test_binding_an_alias_without_a_path_fails() -> None:
    with pytest.raises(KeyError, match="in_b"):
        bind_text("x={{in_b}}", {"in_a": "a.mp4"})


@pytest.mark.parametrize("alias", ["in_video", "in_1", "in_A_b", "in__", "in_" + "x" * 61])
def test_an_input_alias_begins_with_in_and_has_at_most_64_characters(alias: str) -> None:
    check_aliases([alias], VIDEO_OUT)


@pytest.mark.parametrize(
    "alias",
    [
        "",
        "in_",
        "video",
        "out_video",
        "IN_video",
        "in-video",
        "in_é",
        "in_a b",
        "in_a\n",
        "in_" + "x" * 62,
    ],
)
def test_other_input_aliases_are_refused_by_name(alias: str) -> None:
    with pytest.raises(InvalidCommandError, match="not a valid key of input_files") as caught:
        check_aliases([alias], VIDEO_OUT)

    assert caught.value.loc == ("input_files", alias)


@pytest.mark.parametrize("alias", ["in_video", "video", "out_", "out_a.b", "out_" + "x" * 61])
def test_other_output_aliases_are_refused_by_name(alias: str) -> None:
    with pytest.raises(InvalidCommandError, match="not a valid key of output_files") as caught:
        check_aliases([], {alias: "clip.mp4"})

    assert caught.value.loc == ("output_files", alias)


def test_a_command_without_outputs_is_refused() -> None:
    with pytest.raises(InvalidCommandError, match="at least one output") as caught:
        check_aliases([], {})

    assert caught.value.loc == ("output_files",)


@pytest.mark.parametrize(
    "name",
    [
        "a.b",
        "clip.mp4",
        "_.mp4",
        "1.mp4",
        "clip-1_final.v2.mp4",
        "frame.tar.gz",
        "x" * 124 + ".mp4",
    ],
)
def test_an_output_name_is_bare_with_an_extension(name: str) -> None:
    check_aliases([], {"out_a": name})


@pytest.mark.parametrize(
    "name",
    [
        "",
        "clip",
        ".mp4",
        "clip.",
        "-clip.mp4",
        "..mp4",
        "../clip.mp4",
        "a/b.mp4",
        "a\\b.mp4",
        "a b.mp4",
        "clé.mp4",
        "clip.mp4\n",
        "a:b.mp4",
        "%03d.png",
        "{{in_a}}.mp4",
        "x" * 125 + ".mp4",
    ],
)
def test_other_output_names_are_refused_with_an_example(name: str) -> None:
    with pytest.raises(InvalidCommandError, match=r"such as clip\.mp4") as caught:
        check_aliases([], {"out_a": name})

    assert caught.value.loc == ("output_files", "out_a")


def test_two_outputs_cannot_have_one_name() -> None:
    with pytest.raises(InvalidCommandError, match=r"out_a and out_b are both called clip\.mp4"):
        check_aliases([], {"out_a": "clip.mp4", "out_b": "clip.mp4"})


def test_a_command_that_uses_what_it_declares_is_accepted() -> None:
    check_use(
        frozenset({"in_a", "out_b"}), inputs=["in_a"], outputs=["out_b"], allow_unused_inputs=False
    )


def test_an_undeclared_placeholder_is_refused_by_name() -> None:
    with pytest.raises(InvalidCommandError, match=r"uses \{\{in_x\}\}, \{\{in_y\}\}, which"):
        check_use(
            frozenset({"in_y", "in_x", "out_b"}),
            inputs=[],
            outputs=["out_b"],
            allow_unused_inputs=True,
        )


def test_a_placeholder_that_is_no_alias_counts_as_undeclared() -> None:
    used = placeholders(parse("-i {{in-video}} {{out_b}}"))

    with pytest.raises(InvalidCommandError, match=r"uses \{\{in-video\}\}"):
        check_use(used, inputs=[], outputs=["out_b"], allow_unused_inputs=True)


@pytest.mark.parametrize("lenient", [True, False])
def test_an_unused_output_is_always_refused(*, lenient: bool) -> None:
    with pytest.raises(InvalidCommandError, match=r"never uses \{\{out_b\}\}") as caught:
        check_use(frozenset(), inputs=[], outputs=["out_b"], allow_unused_inputs=lenient)

    assert caught.value.loc == ("output_files", "out_b")


def test_an_unused_input_is_refused() -> None:
    with pytest.raises(InvalidCommandError, match=r"never uses \{\{in_a\}\}") as caught:
        check_use(
            frozenset({"out_b"}), inputs=["in_a"], outputs=["out_b"], allow_unused_inputs=False
        )

    assert caught.value.loc == ("input_files", "in_a")


def test_an_unused_input_is_accepted_where_the_dialect_has_no_such_rule() -> None:
    check_use(frozenset({"out_b"}), inputs=["in_a"], outputs=["out_b"], allow_unused_inputs=True)


@pytest.mark.parametrize(
    ("text", "shown"),
    [("", "(empty)"), ("a\nb", r"a\nb"), ("x" * 100, "x" * 60), ("in_a", "in_a")],
)
def test_a_callers_text_is_fit_to_stand_in_a_sentence(text: str, shown: str) -> None:
    assert shortened(text) == shown
