"""What a job is likely to use of memory and disk, guessed before it runs.

A guess only decides what runs side by side; what a job may use is bounded elsewhere.

Memory was measured as the ``maxrss`` of FFmpeg 5.1.9 reading and writing 75 frames of one
size with the encoders' usual presets, in MiB with 1 thread, and with 8 behind the slash:

======================  =======  =========  =========
encoder                 854x480  1920x1080  3840x2160
======================  =======  =========  =========
none (``-f null``)                      77        142
mjpeg                        62   83 / 248  164 / 775
libx264                     134  415 / 659  1379 / 2135
libx264, -preset veryslow                   3313
libx265                     166  441 / 677  1420 / 2288
libsvtav1                   179  554 / 608  2161 / 2323
libaom-av1                  154        465
libvpx-vp9                  133  340 / 411  1053 / 1278
======================  =======  =========  =========

With libx264 at 1920x1080: two outputs 874, ``reverse`` 688,
``minterpolate`` 722 (ultrafast), ``tpad`` 130 (ultrafast: it holds nothing). A GIF by
``split``, ``palettegen`` and ``paletteuse`` 759, scaled to 480 wide 163; ``-c copy`` 55; ten minutes of sound
through ``areverse`` 131.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from renderio_box.jobs.command_line import placeholder_of
from renderio_box.jobs.file_types import extension_of, file_type_of
from renderio_box.jobs.files import FileType
from renderio_box.jobs.job import JobSpec, StoredSource, TextSource, UrlSource
from renderio_box.jobs.options import Item, Role, items
from renderio_box.jobs.pictures import ASSUMED_PIXELS, graph_filters, pixels_made

MEBIBYTE: Final = 1024 * 1024
MEGAPIXEL: Final = 1_000_000

FFMPEG_MBYTES: Final = 55
DECODER: Final = (8, 11)
ENCODERS: Final = {
    "libx264": (160, 4),
    "libx264rgb": (320, 8),
    "libx265": (165, 4),
    "libsvtav1": (240, 0),
    "libaom-av1": (190, 4),
    "librav1e": (240, 4),
    "libvpx-vp9": (125, 0),
    "libvpx": (60, 0),
}
OTHER_ENCODER: Final = (6, 0)
"""MiB for each megapixel of a picture, and more of them for each thread but the first."""
SLOW_PRESETS: Final = frozenset({"slower", "veryslow", "placebo"})
SLOW_FACTOR: Final = 2.3
"""How much more libx264 and libx265 hold to look further ahead."""
FAMILIES: Final = {
    "h264": "libx264",
    "hevc": "libx265",
    "h265": "libx265",
    "av1": "libsvtav1",
    "vp9": "libvpx-vp9",
    "vp8": "libvpx",
}
ENCODER_OPTIONS: Final = frozenset({"c", "codec", "vcodec"})
VIDEO_SPECIFIERS: Final = ("", "v", "V")
HELD_FRAMES: Final = 250
"""How long a clip is taken to be that a filter holds as a whole: 10 s of 25 frames."""
REVERSED_BYTES: Final = 1.5
PALETTE_BYTES: Final = 4
INTERPOLATED_BYTES: Final = 300
"""What is held of each pixel by ``reverse``, by ``paletteuse`` and by ``minterpolate``."""
AREVERSED_BYTES: Final = 160 * MEBIBYTE
"""What ``areverse`` holds of ten minutes in stereo."""

ASSUMED_INPUT_BYTES: Final = 64 * MEBIBYTE
"""The size of a file that is still to be fetched."""
LEAST_OUTPUT_BYTES: Final = 16 * MEBIBYTE
"""What is kept free for an output, however small its inputs are."""


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """What a job is held to, so that no guess is above it; ``cpus`` are all that it may use."""

    memory_bytes: int
    input_bytes: int
    output_bytes: int
    workspace_bytes: int
    cpus: int


class Needs(msgspec.Struct, frozen=True, kw_only=True):
    """What is set aside for a job; ``input_bytes`` are those that it has to fetch."""

    memory_bytes: int = 0
    input_bytes: int = 0
    output_bytes: int = 0

    @property
    def disk_bytes(self) -> int:
        """Return all that it will write."""
        return self.input_bytes + self.output_bytes


def needs_of(spec: JobSpec, bounds: Bounds) -> Needs:
    """Return what a job needs that has fetched nothing yet."""
    threads = spec.vcpu_count if spec.pinned else bounds.cpus
    memory_bytes = max(memory_of(step, spec.outputs, threads=threads) for step in spec.steps)
    fetched = [source for source in sources_of(spec) if isinstance(source, UrlSource)]
    input_bytes = min(ASSUMED_INPUT_BYTES, bounds.input_bytes) * len(fetched)
    return Needs(
        memory_bytes=min(memory_bytes, bounds.memory_bytes),
        input_bytes=input_bytes,
        output_bytes=output_bytes_of(spec, bounds, fetched_bytes=input_bytes),
    )


def output_bytes_of(spec: JobSpec, bounds: Bounds, *, fetched_bytes: int) -> int:
    """Return what a job will write whose inputs by URL have, or are thought to have, that size.

    Each output is taken to be as large as all inputs together. What an archive holds, and
    the zip that a folder becomes, count as one more.
    """
    stored = [source.size_bytes for source in sources_of(spec) if isinstance(source, StoredSource)]
    each = min(max(sum(stored) + fetched_bytes, LEAST_OUTPUT_BYTES), bounds.output_bytes)
    made = max(len(spec.outputs), len(spec.steps)) + spec.folder + (spec.archive is not None)
    return min(each * made, bounds.workspace_bytes)


def sources_of(spec: JobSpec) -> Iterator[UrlSource | StoredSource]:
    """Yield whatever the job reads that is a file already."""
    for source in (*spec.inputs.values(), spec.archive):
        if source is not None and not isinstance(source, TextSource):
            yield source


def memory_of(step: Sequence[str], outputs: Mapping[str, str], *, threads: int) -> int:
    """Return what one FFmpeg run is likely to hold in memory at most, in bytes."""
    words = list(items(step))
    pixels = pixels_made(words)
    encoders = list(encoders_in(words, outputs))
    mbytes = FFMPEG_MBYTES + sum(
        pixels / MEGAPIXEL * for_threads(ENCODERS.get(each, OTHER_ENCODER), threads)
        for each in encoders
    )
    if encoders:
        decoded = max(pixels, ASSUMED_PIXELS) / MEGAPIXEL
        mbytes += decoded * for_threads(DECODER, threads)
    if any(item.name == "preset" and item.value in SLOW_PRESETS for item in words):
        mbytes *= SLOW_FACTOR
    return round(mbytes * MEBIBYTE + held_bytes(words, pixels))


def for_threads(figures: tuple[int, int], threads: int) -> int:
    """Return the figure for so many threads."""
    alone, each = figures
    return alone + each * (threads - 1)


def encoders_in(words: Sequence[Item], outputs: Mapping[str, str]) -> Iterator[str]:
    """Yield the encoder of every output that has pictures of its own."""
    options: list[Item] = []
    for item in words:
        if item.role is Role.OPTION:
            options.append(item)
            continue
        if item.role is Role.OUTPUT:
            name = outputs.get(placeholder_of(item.value) or "", item.value)
            if encoder := encoder_of(options, name):
                yield encoder
        options = []


def encoder_of(options: Sequence[Item], filename: str) -> str:
    """Return what encodes the pictures of an output, nothing where none are encoded."""
    if any(option.name == "vn" for option in options):
        return ""
    named = [option.value for option in options if is_video_encoder(option)]
    if named:
        return "" if named[-1] == "copy" else FAMILIES.get(named[-1], named[-1])
    match file_type_of(filename):
        case FileType.AUDIO:
            return ""
        case FileType.IMAGE:
            return "picture"
        case _:
            return "libvpx-vp9" if extension_of(filename) == "webm" else "libx264"


def is_video_encoder(option: Item) -> bool:
    """Tell whether the option names what encodes pictures."""
    specifier = option.words[0].partition(":")[2].partition(":")[0]
    return option.name in ENCODER_OPTIONS and specifier in VIDEO_SPECIFIERS


def held_bytes(words: Sequence[Item], pixels: int) -> float:
    """Return what filters hold at once that need a clip's end before they can begin."""
    names = {each.name for each in graph_filters(words)}
    reversed_bytes = REVERSED_BYTES * HELD_FRAMES if "reverse" in names else 0
    palette_bytes = PALETTE_BYTES * HELD_FRAMES if {"palettegen", "paletteuse"} <= names else 0
    interpolated_bytes = INTERPOLATED_BYTES if "minterpolate" in names else 0
    sound_bytes = AREVERSED_BYTES if "areverse" in names else 0
    return pixels * (reversed_bytes + palette_bytes + interpolated_bytes) + sound_bytes
