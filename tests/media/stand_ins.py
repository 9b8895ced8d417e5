"""Small media made by FFmpeg itself, each in the blink of an eye."""

import struct
import subprocess
from pathlib import Path
from typing import Final

from renderio_box.assets import asset

CAPTIONS: Final = (
    "1\n00:00:00,200 --> 00:00:00,900\nGood morning\n\n"
    "2\n00:00:01,000 --> 00:00:01,800\nAnd good night\n"
)
STYLED: Final = (
    "[Script Info]\nPlayResX: 160\nPlayResY: 90\n\n"
    "[V4+ Styles]\nFormat: Name, Fontname, Fontsize\nStyle: Default,Walled Sans,20\n\n"
    "[Events]\nFormat: Layer, Start, End, Style, Text\n"
    "Dialogue: 0,0:00:00.20,0:00:01.80,Default,Good morning\n"
)
OWN_FONT: Final = "Walled Sans"
"""What no machine has, as long as the name of the font that it is made of."""
H264: Final = ("-pix_fmt", "yuv420p", "-c:v", "libx264", "-preset", "ultrafast")
PICTURES: Final = ("-f", "lavfi", "-i", "testsrc2=size=160x90:rate=10:duration=2")
BARS: Final = ("-f", "lavfi", "-i", "smptebars=size=160x90:rate=10:duration=1")
SOUND: Final = ("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100:duration=2")
HUM: Final = ("-f", "lavfi", "-i", "sine=frequency=110:sample_rate=44100:duration=1")
QUARTER_TURN: Final = struct.pack(">9i", 0, 1 << 16, 0, -1 << 16, 0, 0, 0, 0, 1 << 30)
MATRIX_AT: Final = 44
"""Where a track header of version 0 holds its display matrix, counted from its name."""

RECIPES: Final[dict[str, tuple[str, ...]]] = {
    "clip.mp4": (*PICTURES, *SOUND, "-ac", "2", *H264, "-c:a", "aac"),
    "bars.mp4": (*BARS, *HUM, "-ac", "2", *H264, "-c:a", "aac"),
    "silent.mp4": (*PICTURES, *H264),
    "uneven.mp4": (*PICTURES, "-vf", "select=lt(n\\,8)+not(mod(n\\,4))", *H264, "-fps_mode", "vfr"),
    "tone.mp3": (*SOUND, "-c:a", "libmp3lame", "-b:a", "64k"),
    "hum.wav": (*HUM, "-ac", "1"),
    "logo.png": ("-f", "lavfi", "-i", "color=red@0.5:size=40x20,format=rgba", "-frames:v", "1"),
    "photo.jpg": ("-f", "lavfi", "-i", "testsrc2=size=200x100", "-frames:v", "1"),
    "moving.gif": (*PICTURES, "-vf", "scale=80:-1"),
    "still.webp": ("-f", "lavfi", "-i", "testsrc2=size=64x64", "-frames:v", "1"),
}


def make_stand_ins(directory: Path) -> Path:
    """Fill the directory and return it."""
    for name, options in RECIPES.items():
        make(directory / name, *options)
    (directory / "captions.srt").write_text(CAPTIONS)
    (directory / "plain.ttf").write_bytes(asset("DejaVuSans.ttf").read_bytes())
    (directory / "notes.txt").write_text("To be cut on Friday.\n")
    (directory / "noise.blob").write_bytes(b"\x00\x01\x02\x03" * 400)
    derive(directory)
    return directory


def derive(directory: Path) -> None:
    """Make what is made from other stand-ins."""
    clip, captions = str(directory / "clip.mp4"), str(directory / "captions.srt")
    tone, photo = str(directory / "tone.mp3"), str(directory / "photo.jpg")
    make(directory / "captions.vtt", "-i", captions)
    make(directory / "captioned.mkv", "-i", clip, "-i", captions, "-c", "copy", "-c:s", "srt")
    make(directory / "covered.mp3", "-i", tone, "-i", photo, "-map", "0", "-map", "1", "-c", "copy")
    styled, font = str(directory / "styled.ass"), str(directory / "own.ttf")
    own = asset("DejaVuSans.ttf").read_bytes()
    for name in ("latin-1", "utf-16-be"):
        own = own.replace("DejaVu Sans".encode(name), OWN_FONT.encode(name))
    Path(styled).write_text(STYLED)
    Path(font).write_bytes(own)
    attached = ("-attach", font, "-metadata:s:t", "mimetype=application/x-truetype-font")
    make(directory / "styled.mkv", "-i", clip, "-i", styled, *attached, "-c", "copy")
    turned = bytearray((directory / "silent.mp4").read_bytes())
    at = turned.index(b"tkhd") + MATRIX_AT
    turned[at : at + len(QUARTER_TURN)] = QUARTER_TURN
    (directory / "turned.mp4").write_bytes(turned)


def make(path: Path, *options: str) -> None:
    """Make one file."""
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", *options, str(path)], check=True)
