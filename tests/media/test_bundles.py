"""Folders, archives and playlists of a real FFmpeg; what is stored is played over HTTP."""

import re
import subprocess
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import urljoin
from zipfile import ZipFile

import httpx
import pytest

from tests.running_box import PATIENCE_S, RunningBox, scratch_box
from tests.zips import zipped

FRAMES = 20
KEY = "0001020304050607"
H264 = "-c:v libx264 -preset ultrafast -g 5 -sc_threshold 0"
HLS = f"-i {{{{in_video}}}} {H264} -c:a aac -hls_time 0.5 -hls_list_size 0"
VARIANTS = (
    f"-i {{{{in_video}}}} -map 0:v -map 0:a -map 0:v -map 0:a {H264} -s:v:1 80x46 -c:a aac"
    " -hls_time 0.5 -hls_list_size 0 -var_stream_map 'v:0,a:0 v:1,a:1'"
    " -master_pl_name {{out_playlist_a}} -hls_segment_filename v%v/seg_%03d.ts v%v/prog.m3u8"
)
SUBFOLDER = (
    f"{HLS} -hls_segment_filename s%Y/%%03d.ts -strftime 1 -strftime_mkdir 1"
    " -hls_flags second_level_segment_index {{out_playlist_a}}"
)
PLAYLISTS = {
    "hls": (f"{HLS} -hls_segment_filename seg_%03d.ts {{{{out_playlist_a}}}}", "a.m3u8", 5),
    "subfolder": (SUBFOLDER, "a.m3u8", 5),
    "fmp4": (f"{HLS} -hls_segment_type fmp4 {{{{out_playlist_a}}}}", "a.m3u8", 6),
    "one file": (f"{HLS} -hls_flags single_file {{{{out_playlist_a}}}}", "a.m3u8", 2),
    "encrypted": (f"{HLS} -hls_enc 1 -hls_enc_key {KEY} {{{{out_playlist_a}}}}", "a.m3u8", 6),
    "variants": (VARIANTS, "master.m3u8", 11),
    "dash": (
        f"-i {{{{in_video}}}} {H264} -an -seg_duration 0.5 -f dash {{{{out_playlist_a}}}}",
        "a.mpd",
        6,
    ),
}


@pytest.fixture(scope="module")
def video(box: RunningBox, stand_ins: Path) -> str:
    return str(box.upload(stand_ins / "clip.mp4")["file_id"])


@pytest.fixture(scope="module", params=PLAYLISTS)
def playlist(box: RunningBox, video: str, request: pytest.FixtureRequest) -> Iterator[Any]:
    """The record of a stored playlist, and how many files it should take to play it."""
    command, name, count = PLAYLISTS[request.param]
    polled = box.run(command, {"out_playlist_a": name}, input_files={"in_video": video})
    assert (polled["status"], polled["error_message"]) == ("SUCCESS", None)
    return polled["output_files"]["out_playlist_a"], count


def frames_played(url: str) -> tuple[int, str]:
    """Play everything behind an address; return how many frames came, and all complaints."""
    finished = subprocess.run(
        ["ffmpeg", "-v", "error", "-nostdin", "-i", url, "-f", "null", "-progress", "-", "-"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    )
    return int(
        re.findall(r"^frame=(\d+)", finished.stdout, flags=re.MULTILINE)[-1]
    ), finished.stderr


def named_by(url: str, text: str) -> set[str]:
    """Return the addresses in a playlist, as a player makes them."""
    if url.endswith(".mpd"):
        chunks = re.findall(r'(?:initialization|media)="([^"]*)"', text)
        names = {
            chunk.replace("$RepresentationID$", "0").replace("$Number%05d$", f"{number:05}")
            for chunk in chunks
            for number in range(1, 5)
        }
    else:
        names = {
            *re.findall(r"^[^#\n].*", text, flags=re.MULTILINE),
            *re.findall(r'URI="([^"]*)"', text),
        }
    return {urljoin(url, name) for name in names}


def test_a_stored_playlist_plays_to_its_end(playlist: tuple[dict[str, Any], int]) -> None:
    record, _ = playlist

    assert frames_played(record["storage_url"]) == (FRAMES, "")


@pytest.mark.parametrize("kind", ["variants", "dash"])
def test_a_playlist_plays_from_an_address_that_expires(stand_ins: Path, kind: str) -> None:
    command, name, _ = PLAYLISTS[kind]
    with scratch_box(RENDERIO_STORAGE_URL_HOURS="1") as box:
        video = box.upload(stand_ins / "clip.mp4")["storage_url"]
        polled = box.run(command, {"out_playlist_a": name}, input_files={"in_video": video})
        url = polled["output_files"]["out_playlist_a"]["storage_url"]

        assert frames_played(url) == (FRAMES, "")
        start, _, last = url.rsplit("/", 2)
        assert httpx.get(f"{start}/{last}", trust_env=False).status_code == 404


def test_everything_that_a_playlist_names_can_be_fetched(
    playlist: tuple[dict[str, Any], int],
) -> None:
    record, count = playlist
    fetched: dict[str, bytes] = {}
    waiting = {record["storage_url"]}

    with httpx.Client(trust_env=False) as client:
        while waiting:
            url = waiting.pop()
            fetched[url] = client.get(url).raise_for_status().content
            if url.endswith((".m3u8", ".mpd")):
                waiting |= named_by(url, fetched[url].decode()) - fetched.keys()

    assert (len(fetched), record["file_count"]) == (count, count)
    assert sum(map(len, fetched.values())) == record["size_mbytes"] * 1024 * 1024


@pytest.mark.parametrize("kind", ["hls", "fmp4", "variants"])
def test_a_stored_playlist_is_an_input_like_any_other(
    box: RunningBox, video: str, kind: str
) -> None:
    command, name, _ = PLAYLISTS[kind]
    made = box.run(command, {"out_playlist_a": name}, input_files={"in_video": video})

    polled = box.run(
        "-i {{in_a}} -c copy -an {{out_a}}",
        {"out_a": "again.mp4"},
        input_files={"in_a": made["output_files"]["out_playlist_a"]["storage_url"]},
    )

    assert (polled["status"], polled["error_message"]) == ("SUCCESS", None)
    assert polled["output_files"]["out_a"]["duration"] == pytest.approx(2.0, abs=0.2)


def test_a_live_playlist_is_stored_with_what_it_still_names(box: RunningBox, video: str) -> None:
    command = f"-i {{{{in_video}}}} {H264} -an -hls_time 0.5 -hls_list_size 2"

    polled = box.run(
        f"{command} -hls_flags delete_segments+append_list {{{{out_playlist_a}}}}",
        {"out_playlist_a": "live.m3u8"},
        input_files={"in_video": video},
    )

    record = polled["output_files"]["out_playlist_a"]
    assert record["file_count"] == 3
    assert frames_played(record["storage_url"]) == (FRAMES / 2, "")


def test_tiles_are_stored_in_a_zip(box: RunningBox, video: str) -> None:
    polled = box.run(
        "-i {{in_video}} -vf fps=2,scale=80:-2 tile_%02d.png",
        "OUTPUT_FOLDER",
        input_files={"in_video": video},
    )

    record = polled["output_files"]["output_folder"]
    with ZipFile(BytesIO(box.download(record["storage_url"]))) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == [f"tile_{number:02}.png" for number in range(1, 5)]
        sizes = [each.file_size for each in archive.infolist()]
    assert sum(sizes) == record["size_mbytes"] * 1024 * 1024


def test_a_file_of_the_archive_that_ffmpeg_only_reads_is_not_in_the_folder(
    box: RunningBox, stand_ins: Path
) -> None:
    clip = (stand_ins / "clip.mp4").read_bytes()
    archive = box.upload_bytes("in.zip", zipped(("clip.mp4", clip), ("old.mkv", b"old")))

    polled = box.run(
        "-i clip.mp4 -c copy old.mkv -c copy new.mkv",
        "OUTPUT_FOLDER",
        input_compressed_folder=archive["file_id"],
    )

    record = polled["output_files"]["output_folder"]
    with ZipFile(BytesIO(box.download(record["storage_url"]))) as opened:
        assert opened.namelist() == ["new.mkv", "old.mkv"]


def test_a_command_without_a_file_to_show_for_it_has_no_folder(box: RunningBox, video: str) -> None:
    polled = box.run("-i {{in_video}} -f null -", "OUTPUT_FOLDER", input_files={"in_video": video})

    assert (polled["status"], polled["error_status"]) == ("FAILED", "OUTPUT_MISSING")


def test_a_font_of_the_archive_is_used_for_its_subtitles(box: RunningBox, stand_ins: Path) -> None:
    entries = [
        (name, (stand_ins / source).read_bytes())
        for name, source in (
            ("clip.mp4", "clip.mp4"),
            ("subs.srt", "captions.srt"),
            ("fonts/plain.ttf", "plain.ttf"),
        )
    ]
    archive = box.upload_bytes("in.zip", zipped(*entries))

    polled = box.run(
        '-v verbose -i clip.mp4 -vf "subtitles=subs.srt:fontsdir=fonts:force_style='
        "'FontName=DejaVu Sans'\" -an {{out_video}}",
        {"out_video": "burned.mp4"},
        input_compressed_folder=archive["file_id"],
    )

    assert (polled["status"], polled["error_message"]) == ("SUCCESS", None)
    assert "Loading font file 'fonts/plain.ttf'" in box.log(polled["command_id"])
