import posixpath
import shlex
from contextlib import suppress

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from renderio_box.jobs.command_line import InvalidCommandError, bind, parse
from renderio_box.jobs.filter_graph import Argument, filters_in
from renderio_box.jobs.invocation import Build, invoke
from renderio_box.jobs.options import Role, items
from renderio_box.jobs.reach import FONT_DIRECTORIES, OWN_DEVICES, fault_of

BUILD = Build(version="9", options=frozenset(), demuxers=frozenset({"hls", "mov"}))
ROOT = "/workspace"
PATHS = {"in_a": "../in/in_a.mp4", "in_b": "../in/in_b.m3u8", "out_c": "clip.mp4"}
BLANKS = " \n\t\r"

graph_pieces = st.sampled_from(
    [
        *("movie", "subtitles", "drawtext", "ladspa", "scale", "sendcmd", "libvmaf", "null"),
        *("=", ":", ",", ";", "[", "]", "'", "\\", "\\'", "\\:", "@", "|", " ", "\n"),
        *("filename", "textfile", "file", "model", "path", "f", "text", "/", "..", "~", "x"),
        *("/etc/passwd", "http://h/", "{{in_a}}", "<<in_b>>", "\\{\\{out_c\\}\\}", "%"),
    ]
)
graphs = st.lists(graph_pieces | st.text(max_size=3), max_size=15).map("".join)
names = st.lists(
    st.sampled_from(
        [
            *("{{in_a}}", "{{in_b}}", "{{out_c}}", "/", "..", ".", "a", "~", "%d", " ", "+", "|"),
            *("file:", "concat:", "crypto:", "subfile,,:", "tee:", "pipe:", "http:", "data:", ":"),
        ]
    ),
    max_size=8,
).map("".join)
options = st.sampled_from(
    [
        *("-i", "-vf", "-af", "-filter_complex", "-f", "-attach", "-x264-params", "-/filter"),
        *("-metadata", "-t", "-y", "-an", "-progress", "-hls_segment_filename", "--"),
    ]
)
values = graphs | names | st.sampled_from(["lavfi", "tee", "null", "mp4"]) | st.text(max_size=4)
argument_lists = st.lists(options | values, max_size=12)
outside = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["/", "../", "~/", "file:/", "http://", "file:../", "/dev/", "unix:"]),
        st.text(alphabet="ab:,;[]='\\ \n|@", max_size=6),
        st.just("x"),
    ),
)
inside = st.text(alphabet="ab0._-:,;[]='\\ \n|@%", max_size=8).filter(
    lambda name: fault_of(name) is None
)
styles = st.lists(st.sampled_from(["plain", "escaped", "quoted"]), min_size=1, max_size=12)


def quoted(text: str, ends: str, choices: list[str]) -> str:
    """Return the text as one token of FFmpeg's, each character written in one of the ways."""
    pieces: list[str] = []
    for at, char in enumerate(text):
        choice = choices[at % len(choices)]
        if choice == "quoted" and char != "'":
            pieces.append(f"'{char}'")
        elif choice == "escaped" or char in f"{ends}{BLANKS}'\\":
            pieces.append(f"\\{char}")
        else:
            pieces.append(char)
    return "".join(pieces)


def graph_of(name: str, inner: list[str], outer: list[str]) -> str:
    """Return a graph whose movie has that name, quoted on both levels."""
    arguments = f"filename={quoted(name, ':', inner)}"
    return f"null,movie={quoted(arguments, '[],;', outer)}[m]"


@given(argument_lists)
def test_any_arguments_are_either_passed_as_they_are_or_refused(listed: list[str]) -> None:
    with suppress(InvalidCommandError):
        assert parse(shlex.join(("ffmpeg", "-an", *listed)))[0] == "-an"


@given(graphs)
def test_any_graph_can_be_read(graph: str) -> None:
    assert all(isinstance(found.name, str) for found in filters_in(graph))


@given(inside, styles, styles)
def test_a_graph_is_read_back_as_it_was_quoted(
    name: str, inner: list[str], outer: list[str]
) -> None:
    found = list(filters_in(graph_of(name, inner, outer)))

    assert [each.name for each in found] == ["null", "movie"]
    assert found[1].arguments == (Argument("filename", name),)


@given(outside, styles, styles)
def test_no_quoting_hides_a_file_that_lies_outside(
    name: str, inner: list[str], outer: list[str]
) -> None:
    with pytest.raises(InvalidCommandError, match="movie in -vf names "):
        parse(shlex.join(["-i", "a.mp4", "-vf", graph_of(name, inner, outer), "b.mp4"]))


@given(inside, styles, styles)
def test_no_quoting_makes_a_file_of_ones_own_look_foreign(
    name: str, inner: list[str], outer: list[str]
) -> None:
    assume("{" not in name)

    assert parse(shlex.join(["-i", "a.mp4", "-vf", graph_of(name, inner, outer), "b.mp4"]))


@given(argument_lists)
def test_what_passes_opens_no_plain_path_outside_of_its_workspace(listed: list[str]) -> None:
    with suppress(InvalidCommandError, KeyError):
        arguments = parse(shlex.join(("ffmpeg", *listed)))
        invoked = invoke(bind(arguments, PATHS), BUILD, threads=None)

        assert [name for name in plain_files(invoked) if not lies_within(name)] == []


@given(names)
def test_a_name_that_passes_stays_in_the_workspace_when_it_is_bound(name: str) -> None:
    with suppress(InvalidCommandError):
        bound = bind(parse(shlex.join(["-i", name, "x.mp4"])), PATHS)[1]

        assert ":" in bound or lies_within(bound)


@given(argument_lists)
def test_invoking_adds_nothing_of_the_callers(listed: list[str]) -> None:
    with suppress(InvalidCommandError, KeyError):
        arguments = bind(parse(shlex.join(("ffmpeg", *listed))), PATHS)
        invoked = invoke(arguments, BUILD, threads=None)

        assert [word for _, word in files_in(invoked)] == [word for _, word in files_in(arguments)]


def files_in(arguments: tuple[str, ...]) -> list[tuple[str, str]]:
    """Return every input and output with the format that was named for it."""
    files: list[tuple[str, str]] = []
    form = ""
    for item in items(arguments):
        if item.role is Role.OPTION:
            form = item.value if item.words[0] == "-f" else form
        else:
            files.append((form, item.value))
            form = ""
    return files


def plain_files(arguments: tuple[str, ...]) -> list[str]:
    """Return the inputs and outputs that are file names and nothing else."""
    return [
        name
        for form, name in files_in(arguments)
        if form not in {"lavfi", "tee"} and ":" not in name
    ]


def lies_within(name: str) -> bool:
    if name in OWN_DEVICES or name.startswith(FONT_DIRECTORIES):
        return True
    path = posixpath.normpath(posixpath.join(ROOT, "out", name))
    return path == ROOT or path.startswith(f"{ROOT}/")
