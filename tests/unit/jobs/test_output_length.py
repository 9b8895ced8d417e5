import pytest

from renderio_box.jobs.files import FileType, MediaInfo
from renderio_box.jobs.output_length import NOTHING_KNOWN, STILL, length_of, output_lengths
from renderio_box.jobs.verification import Length

INPUTS = {
    "ten.mp4": Length(low=10.0, high=10.0),
    "six.mp4": Length(low=6.0, high=6.0),
    "uneven.mp4": Length(low=8.0, high=10.0),
    "logo.png": STILL,
}


@pytest.mark.parametrize(
    ("command", "low", "high"),
    [
        ("-i ten.mp4 o.mp4", 10, 10),
        ("-i uneven.mp4 o.mp4", 8, 10),
        ("-ss 2 -i ten.mp4 o.mp4", 8, 8),
        ("-ss 2 -i ten.mp4 -t 3 o.mp4", 3, 3),
        ("-i ten.mp4 -ss 2 -to 6 o.mp4", 4, 4),
        ("-t 20 -i ten.mp4 o.mp4", 10, 10),
        ("-i ten.mp4 -i six.mp4 o.mp4", 6, 10),
        ("-i ten.mp4 -i six.mp4 -shortest o.mp4", None, 10),
        ("-i ten.mp4 -i logo.png -filter_complex [0:v][1:v]overlay=5:5[v] -map [v] o.mp4", 10, 10),
        ("-i ten.mp4 -i logo.png -filter_complex overlay=shortest=1 o.mp4", None, None),
        ("-i ten.mp4 -vf scale=64:-2,fps=5 o.mp4", 10, 10),
        ("-i ten.mp4 -vf setpts=2*PTS o.mp4", None, None),
        ("-i ten.mp4 -af atempo=2 -t 3 o.mp4", None, 3),
        ("-i ten.mp4 -frames:v 5 o.mp4", None, None),
        ("-stream_loop 3 -i ten.mp4 o.mp4", None, None),
        ("-r 5 -i ten.mp4 o.mp4", None, None),
        ("-ss 2 -i ten.mp4 -c copy o.mp4", None, None),
        ("-i unknown.ts o.mp4", None, None),
        ("-i ten.mp4 -i unknown.ts o.mp4", None, None),
        ("-f lavfi -i testsrc -t 2 o.mp4", None, 2),
        ("-loop 1 -i logo.png o.mp4", None, None),
    ],
)
def test_bounds_are_those_that_the_command_leaves(
    command: str, low: float | None, high: float | None
) -> None:
    found = output_lengths(command.split(), INPUTS, written_seconds=None)

    assert found["o.mp4"] == Length(low=low, high=high)


def test_every_output_has_bounds_of_its_own() -> None:
    found = output_lengths(
        ["-i", "ten.mp4", "a.mp4", "-t", "2", "b.mp4"], INPUTS, written_seconds=10.0
    )

    assert found == {"a.mp4": Length(low=10.0, high=10.0), "b.mp4": Length(low=2.0, high=2.0)}


def test_what_ffmpeg_wrote_bounds_a_lone_output_that_nothing_else_does() -> None:
    found = output_lengths(["-i", "unknown.ts", "o.mp4"], INPUTS, written_seconds=7.5)

    assert found["o.mp4"] == Length(low=7.5)


def test_what_ffmpeg_wrote_does_not_loosen_what_the_input_tells() -> None:
    found = output_lengths(["-i", "ten.mp4", "o.mp4"], INPUTS, written_seconds=4.0)

    assert found["o.mp4"] == Length(low=10.0, high=10.0)


VIDEO = MediaInfo(file_type=FileType.VIDEO, duration=10.0)


@pytest.mark.parametrize(
    ("media", "streams", "format_name", "length"),
    [
        (VIDEO, [{"codec_type": "video"}], "mov,mp4", Length(low=10.0, high=10.0)),
        (
            VIDEO,
            [
                {"codec_type": "video", "duration": "10.0"},
                {"codec_type": "audio", "duration": "8.5"},
            ],
            "mov,mp4",
            Length(low=8.5, high=10.0),
        ),
        (
            VIDEO,
            [
                {"codec_type": "video", "tags": {"DURATION": "00:00:09.500000000"}},
                {"codec_type": "audio", "tags": {"DURATION": "00:00:10.000000000"}},
            ],
            "matroska,webm",
            Length(low=9.5, high=10.0),
        ),
        (
            VIDEO,
            [{"codec_type": "video", "duration": "10"}, {"codec_type": "audio"}],
            "matroska,webm",
            Length(high=10.0),
        ),
        (VIDEO, [{"codec_type": "video"}], "mpegts", NOTHING_KNOWN),
        (MediaInfo(file_type=FileType.VIDEO), [], "mov", NOTHING_KNOWN),
        (MediaInfo(file_type=FileType.IMAGE), [], "png_pipe", STILL),
    ],
)
def test_a_file_is_as_long_as_it_says(
    media: MediaInfo, streams: list[dict[str, object]], format_name: str, length: Length
) -> None:
    assert length_of(media, streams, format_name) == length
