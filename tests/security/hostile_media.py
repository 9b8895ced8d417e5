"""Inputs that are attacks themselves, and the media that they are made of."""

import struct
import subprocess
from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.security.tiers import FFMPEG

CANARY: Final = "CANARY-0b7d51c4e2"
"""What stands in every file that nobody may read."""
PICTURES: Final = ("-f", "lavfi", "-i", "testsrc2=s=64x64:r=10:d=0.4")
SOUND: Final = ("-f", "lavfi", "-i", "sine=r=8000:d=0.2")
PLAYLIST: Final = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:1\n"
MASTER: Final = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n{}\n"
MANIFEST: Final = (
    '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"'
    ' mediaPresentationDuration="PT1S" minBufferTime="PT1S"'
    ' profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period duration="PT1S">'
    '<AdaptationSet mimeType="video/mp4"><Representation id="1" bandwidth="1000">'
    '<BaseURL>{}</BaseURL><SegmentBase indexRange="0-9"/>'
    "</Representation></AdaptationSet></Period></MPD>"
)
SVG: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    ' width="64" height="64">{}</svg>'
)
SESSION: Final = (
    "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
    "m=video {} RTP/AVP 96\na=rtpmap:96 MP4V-ES/90000\n"
)
BOXES_OF_BOXES: Final = frozenset({b"moov", b"trak", b"mdia", b"minf", b"dinf"})


def make_media(directory: Path) -> Path:
    """Make small media in an empty directory, as long as no address or path is in them."""
    (directory / "note.txt").write_text("a note")
    title = ("-metadata", f"title={CANARY}")
    encode(directory / "clip.mp4", *PICTURES, *SOUND, "-c:v", "mpeg4", "-c:a", "aac")
    encode(directory / "other.mp4", *PICTURES, *SOUND, *title, "-c:v", "mpeg4", "-c:a", "aac")
    encode(directory / "other.ts", *PICTURES, "-c:v", "mpeg4", "-f", "mpegts")
    encode(directory / "other.png", *PICTURES, "-frames:v", "1")
    encode(directory / "raw.mov", *SOUND, "-c:a", "pcm_u8")
    note = ("-attach", str(directory / "note.txt"), "-metadata:s:t", "mimetype=text/plain")
    way_out = ("-metadata:s:t", "filename=../../../outside/w.bin")
    clip = ("-i", str(directory / "clip.mp4"))
    encode(directory / "attached.mkv", *clip, *note, "-c", "copy")
    encode(directory / "travelling.mkv", *clip, *note, *way_out, "-c", "copy")
    return directory


def encode(path: Path, *words: str) -> None:
    subprocess.run([FFMPEG, "-v", "error", "-nostdin", "-y", *words, path], check=True)


def segments(*names: object) -> str:
    """Return a playlist of files or addresses."""
    return PLAYLIST + "".join(f"#EXTINF:1.0,\n{name}\n" for name in names) + "#EXT-X-ENDLIST\n"


def playlist_address(secret: Path) -> str:
    """Return a playlist that is its own address."""
    return f"data:audio/mpegurl;base64,{b64encode(segments(f'file:{secret}').encode()).decode()}"


def texts(secret: Path, web: str, port: int) -> dict[str, str]:
    """Return inputs of text that name what is not theirs, by their own names.

    ``secret`` is the directory of what nobody may read, two levels above the inputs' own.
    """
    other, canary = secret / "other.mp4", secret / "canary.txt"
    key = f'#EXT-X-KEY:METHOD=AES-128,URI="file:{canary}",IV=0x{"0" * 32}\n'
    mapped = f'#EXT-X-MAP:URI="{other}"\n'
    entity = f'<!DOCTYPE svg [<!ENTITY x SYSTEM "file:{canary}">]>'
    return {
        "paths.txt": f"{canary}\n",
        "absolute.txt": f"ffconcat version 1.0\nfile '{other}'\n",
        "relative.txt": "ffconcat version 1.0\nfile '../../../secret/other.mp4'\n",
        "web.txt": f"ffconcat version 1.0\nfile {web}/x.mp4\n",
        "disguised.mp4": segments(other),
        "plain.m3u8": segments(f"file://{canary}"),
        "relative.m3u8": segments("../../../secret/other.ts"),
        "key.m3u8": segments("clip.mp4").replace("#EXTINF", f"{key}#EXTINF"),
        "map.m3u8": segments(other).replace("#EXTINF", f"{mapped}#EXTINF"),
        "master.m3u8": MASTER.format("relative.m3u8"),
        "web.m3u8": segments(f"{web}/x.ts"),
        "base.mpd": MANIFEST.format(other),
        "web.mpd": MANIFEST.format(f"{web}/x.mp4"),
        "session.sdp": SESSION.format(port),
        "image.svg": SVG.format(f'<image xlink:href="file://{secret}/other.png" width="9"/>'),
        "entity.svg": entity + SVG.format("<text>&x;</text>"),
        "keyinfo.txt": f"{web}/key\n{web}/key\n",
        "subtitles.srt": "1\n00:00:00,000 --> 00:00:05,000\nhello\n",
        "index.idx": (
            "# VobSub index file, v7 (do not modify this line!)\nsize: 720x480\n"
            "id: en, index: 0\ntimestamp: 00:00:01:000, filepos: 000000000\n"
        ),
        "composition.xml": (
            '<CompositionPlaylist xmlns="http://www.smpte-ra.org/schemas/2067-3/2016">'
            "<Id>urn:uuid:8713c020-2489-45f5-a9f7-87be539e20b5</Id>"
            "<ContentTitle>x</ContentTitle><EditRate>24 1</EditRate><SegmentList/>"
            "</CompositionPlaylist>"
        ),
        "kernel.cl": "__kernel void k(__write_only image2d_t d, unsigned int i){}",
        "script.avs": "Version()",
        "script.vpy": f"open({str(secret.with_name('outside') / 'w')!r}, 'w')",
    }


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


def edited(movie: bytes, edit: Callable[[bytes, bytes], bytes]) -> bytes:
    """Return a QuickTime film in which ``edit`` has replaced the content of each box."""
    parts: list[bytes] = []
    while movie:
        size, kind = struct.unpack_from(">I4s", movie)
        content, movie = movie[8:size], movie[size:]
        content = edited(content, edit) if kind in BOXES_OF_BOXES else content
        parts.append(box(kind, edit(kind, content)))
    return b"".join(parts)


def elsewhere(movie: bytes, path: Path) -> bytes:
    """Return a film that says that its sound is in another file."""
    name = bytes(path)
    record = bytes(10 + 1 + 27 + 12) + b"\x05" + b"a.txt".ljust(63, b"\0") + bytes(16 + 4 + 16)
    record += struct.pack(">HH", 2, len(name)) + name + b"\0" * (len(name) % 2)
    record += struct.pack(">HH", 0xFFFF, 0)
    entry = box(b"alis", bytes(4) + record)
    return edited(
        movie,
        lambda kind, content: struct.pack(">II", 0, 1) + entry if kind == b"dref" else content,
    )


def chunk(kind: bytes, content: bytes) -> bytes:
    return kind + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def playlist_in_subtitles(playlist: str) -> bytes:
    """Return an AVI whose only stream are subtitles that are a playlist."""
    text = playlist.encode()
    subtitles = b"GAB2\0" + struct.pack("<HI", 2, 2) + b"a\0" + struct.pack("<HI", 4, len(text))
    header = struct.pack("<14I", 40000, 0, 0, 0, 1, 0, 1, 0, 64, 64, 0, 0, 0, 0)
    stream = b"txts" + bytes(4) + struct.pack("<IHHIIIIIIII", *(0, 0, 0, 0, 1, 25, 0, 1, 0, 0, 0))
    listed = b"strl" + chunk(b"strh", stream + bytes(8)) + chunk(b"strf", b"")
    headers = b"hdrl" + chunk(b"avih", header) + chunk(b"LIST", listed)
    movie = b"movi" + chunk(b"00tx", subtitles + text)
    return chunk(b"RIFF", b"AVI " + chunk(b"LIST", headers) + chunk(b"LIST", movie))
