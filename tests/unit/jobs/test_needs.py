"""Guesses against what FFmpeg was measured to use."""

import pytest
from msgspec.structs import replace

from renderio_box.identifiers import FileId
from renderio_box.jobs.command_line import parse
from renderio_box.jobs.job import JobSpec, StoredSource, TextSource, UrlSource
from renderio_box.jobs.needs import (
    ASSUMED_INPUT_BYTES,
    LEAST_OUTPUT_BYTES,
    MEBIBYTE,
    Bounds,
    memory_of,
    needs_of,
    output_bytes_of,
)
from tests.unit.samples import SPEC

GIBIBYTE = 1024 * MEBIBYTE
BOUNDS = Bounds(
    memory_bytes=4 * GIBIBYTE,
    input_bytes=8 * GIBIBYTE,
    output_bytes=8 * GIBIBYTE,
    workspace_bytes=32 * GIBIBYTE,
    cpus=2,
)
OUTPUTS = {
    "out_a": "a.mp4",
    "out_b": "b.mp4",
    "out_w": "w.webm",
    "out_g": "g.gif",
    "out_s": "s.mp3",
}
URL = UrlSource("https://example.com/a.mp4")


def stored(size_bytes: int) -> StoredSource:
    return StoredSource(FileId("1"), size_bytes)


def guess(command: str, *, threads: int = 1) -> int:
    """Return what a command is thought to need, in MiB."""
    return memory_of(parse(command), OUTPUTS, threads=threads) // MEBIBYTE


MEASURED = [
    ("-i {{in_a}} -c copy {{out_a}}", 1, 55),
    ("-i {{in_a}} -vn {{out_a}}", 1, 55),
    ("-i {{in_a}} {{out_s}}", 1, 55),
    ("-i {{in_a}} -c:v mjpeg {{out_a}}", 1, 83),
    ("-i {{in_a}} -c:v mjpeg {{out_a}}", 8, 248),
    ("-i {{in_a}} -c:v mjpeg -s 3840x2160 {{out_a}}", 8, 775),
    ("-i {{in_a}} {{out_a}}", 1, 415),
    ("-i {{in_a}} -c:v libx264 {{out_a}}", 8, 659),
    ("-i {{in_a}} -c:v h264 -vf scale=w=3840:h=2160 {{out_a}}", 1, 1379),
    ("-i {{in_a}} -vf scale=3840:-2 {{out_a}}", 8, 2135),
    ("-i {{in_a}} -vcodec libx265 {{out_a}}", 1, 441),
    ("-i {{in_a}} -c:v:0 hevc -vf scale=4k {{out_a}}", 8, 2288),
    ("-i {{in_a}} -c:v libx264 -preset veryslow -vf scale=-2:2160 {{out_a}}", 2, 3313),
    ("-i {{in_a}} -c:v libsvtav1 {{out_a}}", 1, 554),
    ("-i {{in_a}} -c:v libsvtav1 -vf scale=3840:2160 {{out_a}}", 8, 2323),
    ("-i {{in_a}} -c:v libaom-av1 {{out_a}}", 1, 465),
    ("-i {{in_a}} {{out_w}}", 1, 340),
    ("-i {{in_a}} -c:v libvpx-vp9 -vf scale=3840:2160 {{out_w}}", 1, 1053),
    ("-i {{in_a}} {{out_a}} {{out_b}}", 2, 874),
    ("-i {{in_a}} -vf minterpolate {{out_a}}", 2, 1000),
    (
        "-i {{in_a}} -filter_complex split[a][b];[a]palettegen[p];[b][p]paletteuse {{out_g}}",
        2,
        2000,
    ),
    ("-i {{in_a}} -af areverse {{out_s}}", 1, 131),
]


@pytest.mark.parametrize(("command", "threads", "mbytes"), MEASURED)
def test_a_guess_is_near_what_was_measured(command: str, threads: int, mbytes: int) -> None:
    assert 0.8 * mbytes <= guess(command, threads=threads) <= 1.65 * mbytes


@pytest.mark.parametrize(
    ("more", "less"),
    [
        ("-i {{in_a}} -c:v libx265 {{out_a}}", "-i {{in_a}} -c:v libx264 {{out_a}}"),
        ("-i {{in_a}} -vf reverse {{out_a}}", "-i {{in_a}} {{out_a}}"),
        ("-i {{in_a}} {{out_a}}", "-i {{in_a}} -vf scale=640:-1 {{out_a}}"),
        ("-i {{in_a}} {{out_a}}", "-f lavfi -i testsrc2=size=64x36 -s 64x36 {{out_a}}"),
    ],
)
def test_what_needs_more_is_thought_to_need_more(more: str, less: str) -> None:
    assert guess(more) > guess(less)


def test_a_palette_of_its_own_holds_no_clip() -> None:
    assert guess("-i {{in_a}} -vf palettegen {{out_g}}") < 100


@pytest.mark.parametrize(
    "graph",
    ["scale=iw/2:-1", "scale=99999:99999", "scale=", "scale=w=", "[", "scale='", "scale=²:3", "s"],
)
def test_odd_sizes_are_guessed_too(graph: str) -> None:
    assert memory_of(("-i", "{{in_a}}", "-vf", graph, "{{out_a}}"), OUTPUTS, threads=1) > 0


def test_the_hungriest_step_of_a_chain_counts() -> None:
    copying, encoding = ("-i", "a", "-c", "copy", "{{out_a}}"), ("-i", "a", "{{out_b}}")
    spec = replace(SPEC, steps=(copying, encoding, copying), outputs=OUTPUTS)

    assert needs_of(spec, BOUNDS).memory_bytes == memory_of(encoding, OUTPUTS, threads=2)


def test_a_job_that_is_held_to_its_cpus_has_as_many_threads() -> None:
    pinned, free = replace(SPEC, vcpu_count=1, pinned=True), replace(SPEC, vcpu_count=1)

    assert needs_of(pinned, BOUNDS).memory_bytes < needs_of(free, BOUNDS).memory_bytes


def test_nothing_is_thought_to_need_more_than_a_job_may_have() -> None:
    spec = replace(SPEC, inputs={"in_a": URL, "in_b": stored(2**50)})
    bounds = Bounds(memory_bytes=7, input_bytes=5, output_bytes=11, workspace_bytes=3, cpus=64)

    needs = needs_of(spec, bounds)

    assert (needs.memory_bytes, needs.input_bytes, needs.output_bytes) == (7, 5, 3)


def spec_of(**changes: object) -> JobSpec:
    return replace(SPEC, **changes)


@pytest.mark.parametrize(
    ("spec", "input_bytes", "output_bytes"),
    [
        (spec_of(inputs={}), 0, LEAST_OUTPUT_BYTES),
        (spec_of(inputs={"in_a": TextSource("x", "txt")}), 0, LEAST_OUTPUT_BYTES),
        (spec_of(inputs={"in_a": stored(GIBIBYTE)}), 0, GIBIBYTE),
        (spec_of(inputs={"in_a": stored(GIBIBYTE), "in_b": stored(1)}), 0, GIBIBYTE + 1),
        (spec_of(inputs={"in_a": stored(GIBIBYTE)}, outputs=OUTPUTS), 0, 5 * GIBIBYTE),
        (spec_of(inputs={"in_a": URL}), ASSUMED_INPUT_BYTES, ASSUMED_INPUT_BYTES),
        (spec_of(inputs={}, archive=stored(GIBIBYTE)), 0, 2 * GIBIBYTE),
        (spec_of(inputs={"in_a": stored(GIBIBYTE)}, outputs={}, folder=True), 0, 2 * GIBIBYTE),
        (spec_of(inputs={"in_a": stored(2**50)}), 0, BOUNDS.output_bytes),
    ],
    ids=[
        "out of nothing",
        "out of a text",
        "a stored file costs nothing itself",
        "two are joined",
        "five outputs",
        "a URL",
        "an archive is unpacked",
        "a folder is zipped",
        "more than an output may be",
    ],
)
def test_outputs_are_thought_to_be_as_large_as_inputs(
    spec: JobSpec, input_bytes: int, output_bytes: int
) -> None:
    needs = needs_of(spec, BOUNDS)

    assert (needs.input_bytes, needs.output_bytes) == (input_bytes, output_bytes)


def test_an_input_that_has_come_counts_with_its_real_size() -> None:
    spec = spec_of(inputs={"in_a": URL})

    assert output_bytes_of(spec, BOUNDS, fetched_bytes=GIBIBYTE) == GIBIBYTE
