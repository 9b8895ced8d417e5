import posixpath
from contextlib import suppress
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from hypothesis import assume, given
from hypothesis import strategies as st

from renderio_box.inputs.archive import RefusedArchiveError, path_of
from renderio_box.jobs.playlist import UnusablePlaylistError, named_by, pattern_of

parts = st.sampled_from(
    [
        *(
            "..",
            "/",
            ".",
            "\\",
            "%2e",
            "%2F",
            "%",
            "a",
            "b.ts",
            "?",
            "#",
            "\0",
            ":",
            "//",
            "é",
            " ",
        ),
        *("$Number$", "$RepresentationID$", "$Number%05d$", "&amp;", "&#46;"),
    ]
)
odd = st.lists(parts | st.text(max_size=3), max_size=8).map("".join)
lines = st.lists(odd | odd.map('#EXT-X-MAP:URI="{}"'.format), max_size=6).map("\n".join)
manifests = st.lists(
    odd.map('<S media="{}"/>'.format)
    | odd.map("<BaseURL>{}</BaseURL>".format)
    | odd.map('<Representation id="{}">'.format),
    max_size=6,
).map("".join)
playlists = st.tuples(lines, st.sampled_from(["a.m3u8", "v/a.m3u8"])) | st.tuples(
    manifests, st.sampled_from(["a.mpd", "v/a.mpd"])
)
words = st.text(st.characters(exclude_categories=("C",), exclude_characters="/"), min_size=1)
names = words.filter(lambda word: word not in {".", ".."})
clean = st.lists(names, min_size=1, max_size=3).map("/".join)


def stays_inside(path: str) -> bool:
    root = Path("/root/of/all")
    return Path(posixpath.normpath(root / path)).is_relative_to(root)


@given(playlists)
def test_a_name_that_leaves_the_directory_cannot_be_that_of_a_file_in_it(
    playlist: tuple[str, str],
) -> None:
    text, at = playlist
    with suppress(UnusablePlaylistError):
        for path in named_by(text, at=at).paths:
            is_clean = path == posixpath.normpath(path) and path.split("/")[0] not in {"", ".."}
            assert is_clean == stays_inside(path)


@given(st.frozensets(clean, max_size=5))
def test_names_are_found_as_they_were_written(existing: frozenset[str]) -> None:
    assert named_by("\n".join(map(quote, existing)), at="a.m3u8").paths == existing


@given(words, st.integers(0, 10**9), st.integers(1, 9))
def test_a_numbered_chunk_is_found_by_its_template(word: str, number: int, width: int) -> None:
    template = f"{quote(word)}/$RepresentationID$-$Number%0{width}d$.m4s"
    chunk = f"{word}/{word}-{number:0{width}}.m4s"

    assume(word not in {".", ".."})
    assert pattern_of(template, [word]).fullmatch(chunk)


@given(odd)
def test_a_name_of_an_archive_that_passes_stays_in_its_folder(name: str) -> None:
    with suppress(RefusedArchiveError):
        path = path_of(name)

        assert stays_inside(str(path))
        assert path == PurePosixPath(posixpath.normpath(path))
        assert not set(str(path)) & {"\0", "\\"}
