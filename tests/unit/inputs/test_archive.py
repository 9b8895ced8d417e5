import zipfile
from io import BytesIO
from pathlib import PurePosixPath
from zipfile import BadZipFile, ZipFile

import pytest

from renderio_box.inputs.archive import (
    MAX_DEPTH,
    MAX_ENTRIES,
    RefusedArchiveError,
    checked,
    folders,
)
from tests.zips import DEVICE, LINK, PIPE, flagged, overlapping, zipped


def names(archive: bytes) -> list[str]:
    """Return the paths of all entries as they would be unpacked."""
    with ZipFile(BytesIO(archive)) as opened:
        return [str(entry.path) for entry in checked(opened)]


def refusal(archive: bytes) -> str:
    """Return why the archive is refused."""
    with ZipFile(BytesIO(archive)) as opened, pytest.raises(RefusedArchiveError) as refused:
        checked(opened)
    return str(refused.value)


def test_plain_entries_are_kept_in_their_order() -> None:
    assert names(zipped("b.txt", "a/c.txt", "a/")) == ["b.txt", "a/c.txt", "a"]


@pytest.mark.parametrize(
    "name",
    [
        "__MACOSX/._a",
        ".DS_Store",
        "Icon\r",
        "a b.mp4",
        "-y",
        "ab:c.mp4",
        "..a",
        "a..",
        "x/./y",
        "…",
    ],
)
def test_an_odd_but_harmless_name_is_no_reason_to_refuse(name: str) -> None:
    assert names(zipped(name)) == [str(PurePosixPath(name))]


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("", "'(empty)' is no name"),
        ("a\0.mp4", "'a\\x00.mp4' is no name"),
        ("/etc/passwd", "'/etc/passwd' is not a relative name with plain slashes"),
        ("//host/share", "'//host/share' is not a relative name with plain slashes"),
        ("C:\\a.mp4", "'C:\\\\a.mp4' is not a relative name with plain slashes"),
        ("c:a.mp4", "'c:a.mp4' is not a relative name with plain slashes"),
        ("..\\a.mp4", "'..\\\\a.mp4' is not a relative name with plain slashes"),
        ("..", "'..' leads out of the folder"),
        ("../a.mp4", "'../a.mp4' leads out of the folder"),
        ("a/../../b.mp4", "'a/../../b.mp4' leads out of the folder"),
        ("a/..", "'a/..' leads out of the folder"),
        ("x" * 256, f"'{'x' * 60}' is too long a name"),
        ("é" * 128, f"'{'é' * 60}' is too long a name"),
        ("/".join(["x" * 200] * 6), f"'{'x' * 60}' is too long a name"),
    ],
)
def test_a_name_that_could_do_harm_is_refused(name: str, why: str) -> None:
    assert refusal(zipped("fine.txt", name)) == why


def test_a_name_that_lies_too_deep_is_refused() -> None:
    assert refusal(zipped("a/" * MAX_DEPTH + "b")).endswith("lies more than 32 folders deep")


@pytest.mark.parametrize("mode", [LINK, PIPE, DEVICE])
@pytest.mark.parametrize("name", ["odd", "odd/"])
def test_what_is_no_plain_file_is_refused(name: str, mode: int) -> None:
    assert refusal(zipped(name, mode=mode)) == f"'{name}' is a link or a device, not a plain file"


@pytest.mark.parametrize("flags", [0x0001, 0x0040, 0x2000, 0x0041])
def test_an_encrypted_entry_is_refused(flags: int) -> None:
    assert refusal(flagged(zipped("a.mp4"), flags)) == "'a.mp4' is encrypted"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_packing_that_may_grow_without_bound_is_refused(method: int) -> None:
    assert "not compressed by deflate" in refusal(zipped("a.mp4", method=method))


@pytest.mark.parametrize(
    ("entries", "why"),
    [
        (("a", "a"), "'a' is there twice"),
        (("x/a", "x//a"), "'x/a' is there twice"),
        (("a", "./a"), "'a' is there twice"),
        (("a", "a/"), "'a' is both a file and a folder"),
        (("a/b", "a"), "'a' is both a file and a folder"),
        ((".",), "'.' is both a file and a folder"),
    ],
)
def test_two_entries_of_one_name_are_refused(entries: tuple[str, ...], why: str) -> None:
    assert refusal(zipped(*entries)) == why


def test_names_that_differ_in_case_are_two_names() -> None:
    assert names(zipped("a.mp4", "A.mp4", "a.MP4")) == ["a.mp4", "A.mp4", "a.MP4"]


def test_a_folder_may_be_there_twice() -> None:
    assert names(zipped("a/", "a/", "a/b")) == ["a", "a", "a/b"]


def test_entries_that_share_bytes_are_refused() -> None:
    assert refusal(overlapping(2)) == "'a' overlaps another entry"


def test_an_entry_that_reaches_into_the_table_of_contents_is_damaged() -> None:
    archive = bytearray(zipped("a.mp4"))
    at = archive.index(b"PK\x01\x02") + 20
    archive[at : at + 4] = (10**6).to_bytes(4, "little")

    with ZipFile(BytesIO(bytes(archive))) as opened, pytest.raises(BadZipFile):
        checked(opened)


def test_more_entries_than_allowed_are_refused() -> None:
    many = zipped(*(f"{number}" for number in range(MAX_ENTRIES + 1)), method=zipfile.ZIP_STORED)

    assert refusal(many) == "it has more than 10000 entries"


def test_more_folders_than_allowed_are_refused() -> None:
    deep = zipped(*(f"{number}/" + "x/" * 30 + "y" for number in range(400)))

    assert refusal(deep) == "it has more than 10000 folders"


def test_outer_folders_come_first() -> None:
    with ZipFile(BytesIO(zipped("b/c/d.txt", "a/", "b/e.txt"))) as opened:
        assert [str(folder) for folder in folders(checked(opened))] == ["a", "b", "b/c"]


def test_a_name_in_utf_8_is_read_so_even_when_nothing_says_it() -> None:
    archive = zipped("ééé.mp4")
    at = archive.index(b"PK\x01\x02") + 8

    assert names(archive[:at] + b"\0\0" + archive[at + 2 :]) == ["ééé.mp4"]


def test_a_name_in_the_oldest_encoding_is_read_as_that() -> None:
    archive = zipped("aaa.mp4").replace(b"aaa.mp4", b"\x82aa.mp4")

    assert names(archive) == ["éaa.mp4"]


def test_an_archive_of_nothing_has_no_entries() -> None:
    assert names(zipped()) == []
