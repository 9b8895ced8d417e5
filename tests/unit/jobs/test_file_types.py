import pytest

from renderio_box.jobs.file_types import extension_for, extension_of, file_type_of, mime_type_of
from renderio_box.jobs.files import FileType


@pytest.mark.parametrize(
    ("filename", "extension"),
    [
        ("clip.mp4", "mp4"),
        ("CLIP.MP4", "mp4"),
        ("archive.tar.gz", "gz"),
        ("clip", ""),
        ("clip.", ""),
        ("", ""),
    ],
)
def test_the_extension_is_lower_case_without_its_dot(filename: str, extension: str) -> None:
    assert extension_of(filename) == extension


@pytest.mark.parametrize(
    ("filename", "file_type", "mime_type"),
    [
        ("a.mp4", FileType.VIDEO, "video/mp4"),
        ("a.MOV", FileType.VIDEO, "video/quicktime"),
        ("a.ts", FileType.VIDEO, "video/mp2t"),
        ("a.m4s", FileType.VIDEO, "video/iso.segment"),
        ("a.mpd", FileType.TEXT, "application/dash+xml"),
        ("a.key", FileType.OTHER, "application/octet-stream"),
        ("a.mp3", FileType.AUDIO, "audio/mpeg"),
        ("a.opus", FileType.AUDIO, "audio/ogg"),
        ("a.gif", FileType.IMAGE, "image/gif"),
        ("a.jpg", FileType.IMAGE, "image/jpeg"),
        ("a.srt", FileType.SUBTITLES, "application/x-subrip"),
        ("a.vtt", FileType.SUBTITLES, "text/vtt"),
        ("a.txt", FileType.TEXT, "text/plain"),
        ("a.m3u8", FileType.TEXT, "application/vnd.apple.mpegurl"),
        ("a.zip", FileType.ARCHIVE, "application/zip"),
        ("a.svg", FileType.OTHER, "image/svg+xml"),
        ("a.unheard", FileType.OTHER, "application/octet-stream"),
        ("a", FileType.OTHER, "application/octet-stream"),
    ],
)
def test_the_extension_says_what_a_file_is(
    filename: str, file_type: FileType, mime_type: str
) -> None:
    assert (file_type_of(filename), mime_type_of(filename)) == (file_type, mime_type)


@pytest.mark.parametrize(
    ("mime_type", "extension"),
    [
        ("video/mp4", "mp4"),
        ("image/jpeg", "jpg"),
        ("audio/mpeg", "mp3"),
        ("audio/ogg", "ogg"),
        ("text/plain", "txt"),
        ("TEXT/VTT ; charset=utf-8", "vtt"),
        ("application/octet-stream", ""),
        ("application/x-unheard", ""),
        ("", ""),
    ],
)
def test_a_media_type_has_one_usual_extension(mime_type: str, extension: str) -> None:
    assert extension_for(mime_type) == extension
