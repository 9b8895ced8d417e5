import pytest

from renderio_box.jobs.words import UnclosedQuoteError, joined_words, split_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []),
        (" \t\r\n ", []),
        ("-i a.mp4 b.mp4", ["-i", "a.mp4", "b.mp4"]),
        ("  -i\ta.mp4\n\r\nb.mp4  ", ["-i", "a.mp4", "b.mp4"]),
        ("a\u00a0b", ["a\u00a0b"]),
    ],
)
def test_words_are_separated_by_blanks(text: str, words: list[str]) -> None:
    assert split_words(text) == words


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("'a b'", "a b"),
        ('"a b"', "a b"),
        (r"a\ b", "a b"),
        (r"'a\b'", r"a\b"),
        (r'"a\b"', r"a\b"),
        (r'"a\"b"', 'a"b'),
        (r'"a\\b"', r"a\b"),
        (r'"\$HOME\`id\`"', "$HOME`id`"),
        ('"it\'s"', "it's"),
        ("'say \"hi\"'", 'say "hi"'),
        ("title='My Title'", "title=My Title"),
        ("a'b'\"c\"d", "abcd"),
        (r"don\'t", "don't"),
        ("''", ""),
        ('""', ""),
        ("'a\nb'", "a\nb"),
    ],
)
def test_quotes_and_backslashes_mean_what_they_mean_in_a_posix_shell(text: str, word: str) -> None:
    assert split_words(text) == [word]


@pytest.mark.parametrize("text", ["$HOME", "$(id)", "`id`", "*.mp4", "~", "a|b", "a;b", "#x", ">o"])
def test_nothing_is_expanded(text: str) -> None:
    assert split_words(text) == [text]


@pytest.mark.parametrize(
    "option",
    [
        "-vf",
        "-af",
        "-filter",
        "-filter:v",
        "-filter:v:0",
        "-filter:a:1",
        "-filter_complex",
        "-lavfi",
    ],
)
def test_quotes_inside_an_unquoted_filter_value_are_left_to_ffmpeg(option: str) -> None:
    words = split_words(f"{option} select='lte(n\\,1)+gt(a,b)',setpts='PTS*0.025' out.mp4")

    assert words == [option, r"select='lte(n\,1)+gt(a,b)',setpts='PTS*0.025'", "out.mp4"]


def test_a_backslash_inside_an_unquoted_filter_value_is_left_to_ffmpeg() -> None:
    assert split_words(r"-vf scale=min(640\,iw):-2") == ["-vf", r"scale=min(640\,iw):-2"]


def test_blanks_in_kept_quotes_do_not_end_a_filter_value() -> None:
    assert split_words("-vf drawtext=text='Hello big world':x=1") == [
        "-vf",
        "drawtext=text='Hello big world':x=1",
    ]


@pytest.mark.parametrize(
    ("value", "word"),
    [
        (r'"select=lte(n\,1)"', r"select=lte(n\,1)"),
        (r"'select=lte(n\,1)'", r"select=lte(n\,1)"),
        ("\"drawtext=text='a b'\"", "drawtext=text='a b'"),
        ('scale="640:-2"', "scale=640:-2"),
    ],
)
def test_a_filter_value_in_quotes_is_unquoted_as_usual(value: str, word: str) -> None:
    assert split_words(f"-vf {value}") == ["-vf", word]


@pytest.mark.parametrize("option", ["-metadata", "-vfx", "-filter_complex_script", "vf", "-map"])
def test_values_of_other_options_lose_their_quotes(option: str) -> None:
    assert split_words(f"{option} title='My Title'") == [option, "title=My Title"]


def test_the_exception_ends_with_the_filter_value() -> None:
    assert split_words("-vf scale=1:1 title='My Title'")[-1] == "title=My Title"


@pytest.mark.parametrize("line_end", ["\\\n", "\\\r\n"])
def test_a_backslash_at_a_line_end_continues_the_command(line_end: str) -> None:
    assert split_words(f"-i a.mp4 {line_end}  -c copy {line_end}b.mp4") == [
        "-i",
        "a.mp4",
        "-c",
        "copy",
        "b.mp4",
    ]


@pytest.mark.parametrize("line_end", ["\\\n", "\\\r\n"])
def test_a_continued_line_may_fall_inside_a_word(line_end: str) -> None:
    assert split_words(f"out{line_end}put.mp4") == ["output.mp4"]


def test_a_continued_line_inside_double_quotes_leaves_no_trace() -> None:
    assert split_words('"[0:v]scale=1:1[a];\\\n[a]null"') == ["[0:v]scale=1:1[a];[a]null"]


def test_a_continued_line_inside_a_filter_value_leaves_no_backslash() -> None:
    assert split_words("-vf scale=1:1,\\\nnull") == ["-vf", "scale=1:1,null"]


def test_a_continued_line_before_the_end_adds_no_word() -> None:
    assert split_words("a.mp4 \\\n") == ["a.mp4"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("-i 'a.mp4 b.mp4", r"single quotation mark \('\).*: 'a.mp4"),
        ('-vf "scale=1:1 b.mp4', r'double quotation mark \("\).*: "scale'),
        ("a.mp4\\", "ends in a backslash"),
        ("-vf select='a", "single quotation mark"),
    ],
)
def test_what_is_opened_and_not_closed_is_named(text: str, complaint: str) -> None:
    with pytest.raises(UnclosedQuoteError, match=complaint):
        split_words(text)


def test_a_line_continued_with_crlf_inside_double_quotes_is_joined() -> None:
    assert split_words('-vf "a;\\\r\nb"') == ["-vf", "a;b"]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (("-i", "{{in_1}}", "-map", "0:a?", "a.mp4"), "-i {{in_1}} -map 0:a? a.mp4"),
        (("-vf", "select=lt(n\\,8)"), "-vf 'select=lt(n\\,8)'"),
        (("-metadata", "title=It's $1"), '-metadata "title=It\'s \\$1"'),
        (("-b:v", ""), "-b:v ''"),
    ],
)
def test_words_are_joined_so_that_they_are_split_again(words: tuple[str, ...], text: str) -> None:
    assert joined_words(words) == text
    assert tuple(split_words(text)) == words
