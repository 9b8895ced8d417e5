import pytest

from renderio_box.ffmpeg.nearest import nearest

NAMES = frozenset({"libx264", "libx265", "libvpx", "libvpx-vp9", "aac", "scale", "scale2ref"})


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("libx246", "libx264"),
        ("LIBX265", "libx265"),
        ("scle", "scale"),
        ("vpx-vp9", "libvpx-vp9"),
        ("frobnicate", None),
        ("", None),
        ("x" * 100_000, None),
    ],
)
def test_the_name_that_is_most_alike_is_found(name: str, meant: str | None) -> None:
    assert nearest(name, NAMES) == meant


def test_without_names_there_is_none() -> None:
    assert nearest("scale", ()) is None
