import pytest

from renderio_box.api.uploads import MAX_NAME_BYTES, cleaned


@pytest.mark.parametrize("name", ["clip.mp4", "My clip (1).mp4", "clé.mp4", "动画.mp4", "noext"])
def test_a_harmless_name_is_kept(name: str) -> None:
    assert cleaned(name) == name


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("/etc/passwd", "passwd"),
        ("../../clip.mp4", "clip.mp4"),
        ("C:\\Users\\me\\clip.mp4", "clip.mp4"),
        ("a/b\\c.mp4", "c.mp4"),
        ("a\r\nb\0.mp4", "a__b_.mp4"),
        (" clip.mp4 ", "clip.mp4"),
        (".clip.mp4.", "clip.mp4"),
    ],
)
def test_a_name_becomes_one_that_can_end_a_url_and_a_header(sent: str, kept: str) -> None:
    assert cleaned(sent) == kept


@pytest.mark.parametrize("sent", ["", ".", "..", " . ", "a/", "a\\", "dir/.."])
def test_a_name_of_which_nothing_is_left_is_replaced(sent: str) -> None:
    assert cleaned(sent) == "upload"


@pytest.mark.parametrize("letter", ["x", "é", "动", "🎬"])
def test_a_long_name_is_shortened_and_keeps_its_extension(letter: str) -> None:
    name = cleaned(letter * 300 + ".mp4")

    assert (len(name.encode()) in range(MAX_NAME_BYTES - 3, MAX_NAME_BYTES + 1), name[-4:]) == (
        True,
        ".mp4",
    )


def test_an_extension_that_is_too_long_is_shortened() -> None:
    assert cleaned("a." + "x" * 300) == "." + "x" * (MAX_NAME_BYTES - 1)
