"""What FFmpeg may take an input for when the command does not say."""

import os
import subprocess
from pathlib import Path

import pytest

from renderio_box.ffmpeg.builds import formats_in
from renderio_box.jobs.demuxers import REFERRING
from renderio_box.jobs.file_arguments import files_of
from renderio_box.jobs.filter_graph import filters_in
from renderio_box.jobs.invocation import Build, invoke
from tests.running_box import RunningBox

OTHER = os.environ.get("OTHER_FFMPEG", "")
CLIP = ("-f", "lavfi", "-i", "testsrc2=s=64x64:r=5:d=0.4", "-f", "lavfi", "-i", "sine=d=0.4")
SOUND = ("-vn", "-shortest")
PICTURE = ("-frames:v", "1")
CAPTION = "1\n00:00:00,000 --> 00:00:01,000\nHi\n\n"
MADE = {
    "mp4": ("-c:v", "mpeg4", "-shortest"),
    "mkv": ("-c:v", "mpeg4", "-c:a", "aac", "-shortest"),
    "ts": ("-c:v", "mpeg2video", "-shortest"),
    "webm": ("-c:v", "libvpx", "-c:a", "libopus", "-shortest"),
    "mp3": SOUND,
    "wav": SOUND,
    "png": PICTURE,
    "jpg": PICTURE,
    "gif": ("-an",),
    "h264": ("-an", "-c:v", "libx264"),
    "y4m": ("-an", "-pix_fmt", "yuv420p"),
}
WRITTEN = {
    "srt": CAPTION,
    "vtt": f"WEBVTT\n\n{CAPTION.replace(',', '.')}",
    "ass": "[Script Info]\nScriptType: v4.00+\n\n[Events]\nFormat: Layer, Start, End, Text\n"
    "Dialogue: 0,0:00:00.00,0:00:01.00,Hi\n",
}
HEAD = '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"'
LISTS = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:0.4,\nclip.ts\n#EXT-X-ENDLIST\n",
    "dash": f'{HEAD} type="static" profiles="urn:mpeg:dash:profile:isoff-live:2011"></MPD>\n',
    "concat": "ffconcat version 1.0\nfile clip.ts\n",
}


@pytest.fixture(scope="module", params=["the machine's FFmpeg", "another FFmpeg"])
def ffmpeg(request: pytest.FixtureRequest) -> str:
    if request.param == "another FFmpeg" and not OTHER:
        pytest.skip("OTHER_FFMPEG names no other build")
    return OTHER if request.param == "another FFmpeg" else "ffmpeg"


@pytest.fixture(scope="module")
def build(ffmpeg: str) -> Build:
    """What the build's own words tell of its formats."""
    told = {
        question: formats_in(run(ffmpeg, question, directory=Path.cwd()).stdout)
        for question in ("-demuxers", "-devices")
    }
    return Build(version="", options=frozenset(), demuxers=told["-demuxers"] - told["-devices"])


@pytest.fixture(scope="module")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Small files of every usual kind under names that do not tell it."""
    media = tmp_path_factory.mktemp("formats")
    for extension, options in MADE.items():
        made = media / f"clip.{extension}"
        run("ffmpeg", "-v", "error", *CLIP, *options, str(made), directory=media).check_returncode()
        (media / extension).write_bytes(made.read_bytes())
    for name, text in WRITTEN.items() | LISTS.items():
        (media / name).write_text(text)
    (media / "list.m3u8").write_text(LISTS["hls"])
    (media / "list.ffconcat").write_text(LISTS["concat"])
    (media / "files.txt").write_text("file clip.mp4\nfile clip.mkv\n")
    for number in (1, 2):
        (media / f"img{number}.png").write_bytes((media / "png").read_bytes())
    return media


def run(ffmpeg: str, *words: str, directory: Path) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [ffmpeg, "-hide_banner", *words],
        cwd=directory,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )


def read(ffmpeg: str, build: Build, media: Path, *words: str) -> tuple[int, str]:
    """Read an input as the box would; return FFmpeg's status and what it said."""
    whole = (*words, "-map", "0", "-c", "copy", "-f", "framecrc", "-")
    ended = run(ffmpeg, *invoke(whole, build, threads=None), directory=media)
    return ended.returncode, ended.stderr


def test_the_build_tells_its_formats(build: Build) -> None:
    assert {"mov", "mp4", "matroska", "webm", "image2", "hls", "concat"} <= build.demuxers
    assert not {"lavfi", "x11grab", "v4l2", "pulse"} & build.demuxers
    assert len(build.demuxers - REFERRING) > 300


@pytest.mark.parametrize("kind", [*MADE, *WRITTEN])
def test_usual_media_is_known_by_its_content(
    kind: str, ffmpeg: str, build: Build, media: Path
) -> None:
    assert read(ffmpeg, build, media, "-i", kind)[0] == 0


@pytest.mark.parametrize(
    "words",
    [
        ("-i", "img%d.png"),
        ("-loop", "1", "-t", "1", "-i", "img1.png"),
        ("-i", "list.m3u8"),
        ("-i", "list.ffconcat"),
        ("-f", "concat", "-i", "files.txt"),
        ("-f", "concat", "-i", "concat"),
        ("-f", "lavfi", "-i", "testsrc=d=0.2"),
        ("-format_whitelist", "hls", "-protocol_whitelist", "http", "-i", "clip.mp4"),
    ],
)
def test_lists_that_say_so_and_sequences_are_read(
    words: tuple[str, ...], ffmpeg: str, build: Build, media: Path
) -> None:
    whole = (*invoke(words, build, threads=None), "-frames:v", "1", "-f", "null", "-")

    assert run(ffmpeg, *whole, directory=media).returncode == 0


@pytest.mark.parametrize("kind", LISTS)
@pytest.mark.parametrize("more", [(), ("-format_whitelist", "hls,dash,concat,mpegts,mov")])
def test_a_list_without_a_name_is_not_read_whatever_the_caller_allows(
    kind: str, more: tuple[str, ...], ffmpeg: str, build: Build, media: Path
) -> None:
    status, said = read(ffmpeg, build, media, *more, "-i", kind)

    assert status != 0
    assert "Format not on whitelist" in said or "Not detecting m3u8/hls" in said


@pytest.mark.parametrize("kind", LISTS)
def test_a_video_that_is_a_list_is_refused_saying_so(kind: str, box: RunningBox) -> None:
    uploaded = box.upload_bytes("video.mp4", LISTS[kind].encode())

    polled = box.run(
        "-i {{in_video}} -c copy {{out_video}}",
        {"out_video": "copy.mkv"},
        input_files={"in_video": uploaded["file_id"]},
    )

    assert (polled["status"], polled["error_status"]) == ("FAILED", "INPUT_REFUSED")
    assert polled["error_message"].startswith("An input is a list of other files, ")


@pytest.mark.parametrize(
    "graph",
    [
        "movie=no",
        "movie= filename = no : s=0",
        r"movie=n\\:o",
        r"movie=n\:o",
        "movie='n:o'",
        r"movie='n\:o'",
        r"movie=\'n o\',null",
        r"movie='it'\\\''s'[a]",
        "movie=fi''lename=no",
        r"movie=n\\\\o",
        "movie=filename=n=o",
        r"movie=no\\ ",
    ],
)
def test_a_graph_is_read_as_ffmpeg_reads_it(graph: str, ffmpeg: str, tmp_path: Path) -> None:
    said = run(ffmpeg, "-f", "lavfi", "-i", graph, "-f", "null", "-", directory=tmp_path).stderr

    [name] = [file for found in filters_in(graph) for file in files_of(found)]
    assert f"Failed to avformat_open_input '{name}'" in said
