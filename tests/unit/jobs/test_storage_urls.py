import pytest

from renderio_box.jobs.storage_urls import Seal, StorageUrl, parted, seal_in, storage_url_in

TOKEN = "aB3_-" * 8 + "xyz"
SEAL = "12.1790000000." + "aB3_" * 8


@pytest.mark.parametrize(
    ("url", "filename"),
    [
        (f"http://box.test/files/{TOKEN}/clip.mp4", "clip.mp4"),
        (
            f"https://media.example.org/renderio/files/{TOKEN}/my%20clip.mp4?download=1#x",
            "my clip.mp4",
        ),
    ],
)
def test_a_storage_url_says_the_same_wherever_the_box_is(url: str, filename: str) -> None:
    assert storage_url_in(url) == StorageUrl(TOKEN, filename)


@pytest.mark.parametrize(
    "url",
    [
        "http://box.test/clip.mp4",
        f"http://box.test/files/{TOKEN}",
        f"http://box.test/files/{TOKEN}/",
        f"http://box.test/files/{TOKEN}/a/b",
        f"http://box.test/files/{TOKEN}/{SEAL}/",
        f"http://box.test/files/{TOKEN}/{SEAL}/a/b",
        f"http://box.test/files/{TOKEN}/{SEAL}x/clip.mp4",
        f"http://box.test/files/{TOKEN}/{SEAL}/{SEAL}/clip.mp4",
        f"http://box.test/files/{TOKEN[1:]}/clip.mp4",
        f"http://box.test/files/{TOKEN}x/clip.mp4",
        f"http://box.test/x?y=/files/{TOKEN}/clip.mp4",
        "",
    ],
)
def test_any_other_url_has_none(url: str) -> None:
    assert storage_url_in(url) is None


def test_a_storage_url_says_its_seal_as_well() -> None:
    url = f"http://box.test/files/{TOKEN}/{SEAL}/my%20clip.mp4"

    assert storage_url_in(url) == StorageUrl(TOKEN, "my clip.mp4", SEAL)


@pytest.mark.parametrize(
    ("path", "parts"),
    [
        (f"{SEAL}/clip.mp4", (SEAL, "clip.mp4")),
        (f"{SEAL}/sub/a.ts", (SEAL, "sub/a.ts")),
        ("clip.mp4", ("", "clip.mp4")),
        ("sub/a.ts", ("", "sub/a.ts")),
        (SEAL, ("", SEAL)),
        (f"{SEAL}/", (SEAL, "")),
        ("", ("", "")),
    ],
)
def test_a_seal_stands_before_the_name(path: str, parts: tuple[str, str]) -> None:
    assert parted(path) == parts


def test_a_seal_is_read_back_as_it_was_written() -> None:
    seal = Seal(3, 1_790_000_000)

    assert seal_in(seal.written(TOKEN, b"k" * 32)) == seal


@pytest.mark.parametrize("text", ["", "1", "1.2", "1.2.", f"{SEAL}\n", SEAL[1:].replace("_", "+")])
def test_anything_else_is_no_seal(text: str) -> None:
    assert seal_in(text) is None


def test_a_seal_is_of_this_form() -> None:
    assert Seal(1, 1_790_000_000).written(TOKEN, b"k" * 32) == (
        "1.1790000000.fvlFBvbm3YXoWMC4FvnNDP7BiDWbQsYr"
    )
