"""Facts from what ``ffmpeg -i FILE`` prints, for machines without ffprobe.

Duration is then exact to 10 ms, frame rates to two decimals and bit rates to 1 kbit/s;
the level of a profile is not printed at all.
"""

import re
from typing import Final

from renderio_box.ffmpeg.media_facts import PLAIN, Container, Disposition, Probed, SideData, Stream

INPUT: Final = re.compile(r"^Input #0, (.+?), from ", re.MULTILINE)
DURATION: Final = re.compile(r"^  Duration: (\d+):(\d\d):(\d\d\.\d+)", re.MULTILINE)
BIT_RATE: Final = re.compile(r"bitrate: (\d+) kb/s")
STREAM: Final = re.compile(
    r"^  Stream #0:\d+(?:\[0x[0-9a-f]+\])?(?:\([^)]*\))?: (Video|Audio|Subtitle): (\w+)(.*)$",
    re.MULTILINE,
)
PROFILE: Final = re.compile(r"^ \(([A-Z][\w .:-]*)\)")
PIXELS: Final = re.compile(r", ([a-z][a-z0-9]+)(?:\([^)]*\))?, \d+x\d+")
SIZE: Final = re.compile(r", (\d{1,5})x(\d{1,5})(?=[ ,]|$)")
RATE: Final = re.compile(r", ([\d.]+)(k?) (fps|tbr|tbn)")
BITS: Final = re.compile(r", (\d+) kb/s")
SOUND: Final = re.compile(r", (\d+) Hz, ([\w.]+)(?:\([^)]*\))?")
ROTATION: Final = re.compile(r"(?:displaymatrix|Display Matrix): rotation of (-?[\d.]+) degrees")
CHANNELS: Final = re.compile(r"(\d+)(?:\.(\d+))?")
NAMED_LAYOUTS: Final = {
    "mono": 1,
    "stereo": 2,
    "downmix": 2,
    "quad": 4,
    "hexagonal": 6,
    "octagonal": 8,
}


def read_banner(text: str) -> Probed:
    """Return what FFmpeg printed about its first input in ffprobe's terms."""
    opened = INPUT.search(text)
    if opened is None:
        return Probed()
    matches = list(STREAM.finditer(text))
    ends = [*(match.start() for match in matches[1:]), len(text)][: len(matches)]
    return Probed(
        streams=tuple(
            stream(match, following=text[match.end() : end])
            for match, end in zip(matches, ends, strict=True)
        ),
        format=Container(
            format_name=opened[1], duration=duration(text), bit_rate=bits(BIT_RATE, text)
        ),
    )


def stream(match: re.Match[str], *, following: str) -> Stream:
    """Return one stream from its line and the lines that belong to it."""
    kind, codec, rest = match[1].lower(), match[2], match[3]
    rates = {unit: scaled(value, kilo) for value, kilo, unit in RATE.findall(rest)}
    size, sound, turn = SIZE.search(rest), SOUND.search(rest), ROTATION.search(following)
    profile, pixels = PROFILE.search(rest), PIXELS.search(rest)
    return Stream(
        codec_type=kind,
        codec_name=codec,
        profile=profile[1] if profile else None,
        width=int(size[1]) if size else None,
        height=int(size[2]) if size else None,
        pix_fmt=pixels[1] if pixels else None,
        avg_frame_rate=rates.get("fps", ""),
        r_frame_rate=rates.get("tbr", ""),
        time_base=f"1/{float(rates['tbn']):.0f}" if "tbn" in rates else None,
        bit_rate=bits(BITS, rest),
        sample_rate=sound[1] if sound else None,
        channels=channels(sound[2]) if sound else None,
        disposition=Disposition(attached_pic=1) if "(attached pic)" in rest else PLAIN,
        side_data_list=(SideData(rotation=float(turn[1])),) if turn else (),
    )


def duration(text: str) -> str | None:
    """Return the file's duration in seconds."""
    match = DURATION.search(text)
    if match is None:
        return None
    return f"{int(match[1]) * 3600 + int(match[2]) * 60 + float(match[3]):.2f}"


def bits(pattern: re.Pattern[str], text: str) -> str | None:
    """Return a bit rate in bits per second."""
    match = pattern.search(text)
    return str(int(match[1]) * 1000) if match else None


def scaled(value: str, kilo: str) -> str:
    """Return a rate without its ``k``."""
    return str(float(value) * 1000) if kilo else value


def channels(layout: str) -> int | None:
    """Return how many channels a layout such as ``5.1`` or ``stereo`` has."""
    if match := CHANNELS.fullmatch(layout):
        return int(match[1]) + int(match[2] or 0)
    return NAMED_LAYOUTS.get(layout)
