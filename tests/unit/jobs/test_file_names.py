import pytest

from renderio_box.jobs.file_names import MAX_NAME_BYTES, cleaned, completed, name_in


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


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("http://a.test/clip.mp4", "clip.mp4"),
        ("http://a.test/b/clip.mp4?sig=x/y.mp3#z", "clip.mp4"),
        ("http://a.test/my%20clip.mp4", "my clip.mp4"),
        ("http://a.test/cl%C3%A9.mp4", "clé.mp4"),
        ("http://a.test/%FF.mp4", "\ufffd.mp4"),
        ("http://a.test/..%2Fclip.mp4", "clip.mp4"),
        ("http://a.test/a/", "upload"),
        ("http://a.test", "upload"),
    ],
)
def test_a_url_ends_with_a_name(url: str, name: str) -> None:
    assert name_in(url) == name


@pytest.mark.parametrize(
    ("filename", "suffix", "name"),
    [
        ("clip", ".mp4", "clip.mp4"),
        ("clip.mov", ".mp4", "clip.mov"),
        ("clip", "", "clip"),
        ("v1.2", ".mp4", "v1.2"),
    ],
)
def test_a_name_without_an_extension_gets_one(filename: str, suffix: str, name: str) -> None:
    assert completed(filename, suffix) == name


def test_a_long_name_that_gets_an_extension_is_shortened() -> None:
    name = completed("x" * MAX_NAME_BYTES, ".mp4")

    assert (len(name), name[-5:]) == (MAX_NAME_BYTES, "x.mp4")
