import pytest

from renderio_box.jobs.demuxers import REFERRING, format_whitelist

DEMUXERS = frozenset({"concat", "dash", "hls", "image2", "imf", "mov", "mp4", "sdp"})


@pytest.mark.parametrize(
    ("name", "allowed"),
    [
        ("clip.mp4", "image2,mov,mp4"),
        ("../in/in_video.mp4", "image2,mov,mp4"),
        ("../in/in_video", "image2,mov,mp4"),
        ("img%03d.png", "image2,mov,mp4"),
        ("x.sdp", "image2,mov,mp4"),
        ("x.m3u8.mp4", "image2,mov,mp4"),
        ("list.m3u8", "hls,image2,mov,mp4"),
        ("LIST.M3U8", "hls,image2,mov,mp4"),
        ("list.mpd", "dash,image2,mov,mp4"),
        ("list.ffconcat", "concat,image2,mov,mp4"),
        ("../in/in_list.txt", "concat,image2,mov,mp4"),
    ],
)
def test_a_file_is_only_a_list_of_others_when_its_name_says_so(name: str, allowed: str) -> None:
    assert format_whitelist(DEMUXERS, name) == ("-format_whitelist", allowed)


def test_a_list_format_that_the_build_lacks_is_not_named() -> None:
    assert format_whitelist(frozenset({"mov"}), "list.m3u8") == ("-format_whitelist", "mov")


def test_a_build_whose_formats_are_unknown_is_given_no_whitelist() -> None:
    assert format_whitelist(frozenset(), "clip.mp4") == ()


def test_devices_and_scripts_are_never_found_by_looking() -> None:
    assert {"rtsp", "sdp", "avisynth", "vapoursynth"} <= REFERRING
