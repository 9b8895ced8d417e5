import pytest

from renderio_box.jobs.storage_urls import StorageUrl, storage_url_in

TOKEN = "aB3_-" * 8 + "xyz"


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
        f"http://box.test/files/{TOKEN[1:]}/clip.mp4",
        f"http://box.test/files/{TOKEN}x/clip.mp4",
        f"http://box.test/x?y=/files/{TOKEN}/clip.mp4",
        "",
    ],
)
def test_any_other_url_has_none(url: str) -> None:
    assert storage_url_in(url) is None
