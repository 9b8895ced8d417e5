import pytest

from renderio_box.jobs.expectation import output_seconds, progress_of, seconds_of
from renderio_box.jobs.job import Progress

DURATIONS = {"a.mp4": 60.0, "b.mp3": 90.0}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90", 90.0),
        ("1.5", 1.5),
        (".5", 0.5),
        ("5.", 5.0),
        ("1.5s", 1.5),
        ("500ms", 0.5),
        ("250000us", 0.25),
        ("01:30", 90.0),
        ("00:01:30.5", 90.5),
        ("1:02:03", 3723.0),
        (" 10 ", 10.0),
    ],
)
def test_a_duration_is_read_as_ffmpeg_writes_it(text: str, seconds: float) -> None:
    assert seconds_of(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "-5", "abc", "1h", "1:2:3:4", "N/A", "{{in_a}}", "1e3"])
def test_what_is_no_duration_is_not_read(text: str) -> None:
    assert seconds_of(text) is None


@pytest.mark.parametrize(
    ("command", "seconds"),
    [
        ("-i a.mp4 o.mp4", 60.0),
        ("-i a.mp4 -i b.mp3 o.mp4", 90.0),
        ("-i a.mp4 -t 10 o.mp4", 10.0),
        ("-i a.mp4 -t 100 o.mp4", 60.0),
        ("-i a.mp4 -ss 20 o.mp4", 40.0),
        ("-i a.mp4 -ss 20 -to 30 o.mp4", 10.0),
        ("-i a.mp4 -to 00:00:30 o.mp4", 30.0),
        ("-ss 50 -i a.mp4 o.mp4", 10.0),
        ("-t 5 -i a.mp4 o.mp4", 5.0),
        ("-ss 10 -to 15 -i a.mp4 o.mp4", 5.0),
        ("-i a.mp4 -t 5 o.mp4 -t 7 p.mp4", 7.0),
        ("-i a.mp4 -vf scale=1:1 o.mp4", 60.0),
        ("-f lavfi -t 3 -i testsrc o.mp4", 3.0),
        ("-f lavfi -i testsrc -t 3 o.mp4", 3.0),
        ("-i a.mp4 -vf setpts=0.5*PTS -t 4 o.mp4", 4.0),
        ("-stream_loop 3 -i a.mp4 -t 100 o.mp4", 100.0),
    ],
)
def test_the_arguments_say_how_long_the_longest_output_will_be(
    command: str, seconds: float
) -> None:
    assert output_seconds(command.split(), DURATIONS) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "command",
    [
        "-i unknown.mp4 o.mp4",
        "-f lavfi -i testsrc o.mp4",
        "-i a.mp4 -vf setpts=0.5*PTS o.mp4",
        "-i a.mp4 -af atempo=2 o.mp4",
        "-i a.mp4 -filter_complex [0:v]trim=0:5[v] -map [v] o.mp4",
        "-i a.mp4 -filter:v select=gt(scene\\,0.4) o.mp4",
        "-stream_loop -1 -i a.mp4 o.mp4",
        "-loop 1 -i a.mp4 o.mp4",
        "-sseof -10 -i a.mp4 o.mp4",
        "-i a.mp4 -frames:v 1 o.png",
        "-i a.mp4 -vframes 1 o.png",
        "-i a.mp4 -ss 70 o.mp4",
        "-i a.mp4",
    ],
)
def test_where_the_arguments_do_not_say_nothing_is_expected(command: str) -> None:
    assert output_seconds(command.split(), DURATIONS) is None


def test_percent_and_remaining_time_follow_from_what_is_expected() -> None:
    progress = progress_of(out_time_seconds=15.0, fps=50.0, speed=2.0, expected=60.0)

    assert progress == Progress(
        percent=25.0, out_time_seconds=15.0, fps=50.0, speed=2.0, eta_seconds=22.5
    )


def test_a_running_command_is_never_reported_as_done() -> None:
    progress = progress_of(out_time_seconds=61.0, fps=None, speed=1.0, expected=60.0)

    assert (progress.percent, progress.eta_seconds) == (99.9, 0.0)


@pytest.mark.parametrize("speed", [None, 0.0])
def test_without_speed_there_is_no_remaining_time(speed: float | None) -> None:
    progress = progress_of(out_time_seconds=15.0, fps=None, speed=speed, expected=60.0)

    assert (progress.percent, progress.eta_seconds) == (25.0, None)


@pytest.mark.parametrize(("out_time", "expected"), [(None, 60.0), (15.0, None), (15.0, 0.0)])
def test_what_cannot_be_known_is_left_open(out_time: float | None, expected: float | None) -> None:
    progress = progress_of(out_time_seconds=out_time, fps=25.0, speed=1.0, expected=expected)

    assert progress == Progress(out_time_seconds=out_time, fps=25.0, speed=1.0)


@pytest.mark.parametrize("length", ["1" * 5000, "1" * 5000 + ":00:00", "0." + "1" * 5000])
def test_a_duration_of_absurd_length_is_none(length: str) -> None:
    assert seconds_of(length) is None
