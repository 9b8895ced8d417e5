import pytest

from renderio_box.jobs.output_length import NOTHING_KNOWN
from renderio_box.jobs.verification import Found, Length, Played, Verdict, Verify, judged

ALL = Verify(decode=True, duration_tolerance_seconds=0.5, streams=True)
TEN = Length(low=10.0, high=10.0)
BOTH = Played(packets={"video": (25,), "audio": (43,)})
PROMISED = {"video": 1, "audio": 1}


def found(
    *,
    length: Length = TEN,
    seconds: float | None = 10.0,
    promised: dict[str, int] | None = PROMISED,
    played: Played | None = BOTH,
    is_playlist: bool = False,
) -> Found:
    return Found(
        length=length, seconds=seconds, promised=promised, played=played, is_playlist=is_playlist
    )


def test_what_is_right_passes_every_check() -> None:
    report = judged(ALL, found())

    results = (report.decode, report.duration.result, report.streams.result)
    assert results == (Verdict.PASSED, Verdict.PASSED, Verdict.PASSED)
    assert (report.has_failed, report.message) == (False, None)


def test_what_was_not_asked_for_is_skipped() -> None:
    report = judged(Verify(), found(seconds=1.0, played=Played(fault="it is broken")))

    results = (report.decode, report.duration.result, report.streams.result)
    assert results == (Verdict.SKIPPED, Verdict.SKIPPED, Verdict.SKIPPED)


@pytest.mark.parametrize(
    ("length", "seconds", "result"),
    [
        (TEN, 9.5, Verdict.PASSED),
        (TEN, 10.5, Verdict.PASSED),
        (TEN, 9.4, Verdict.FAILED),
        (TEN, 10.6, Verdict.FAILED),
        (TEN, None, Verdict.UNKNOWN),
        (NOTHING_KNOWN, 3.0, Verdict.UNKNOWN),
        (Length(low=4.0), 100.0, Verdict.PASSED),
        (Length(low=4.0), 3.0, Verdict.FAILED),
        (Length(high=4.0), 3.0, Verdict.UNKNOWN),
        (Length(high=4.0), 5.0, Verdict.FAILED),
        (Length(low=4.0, high=9.0), 6.0, Verdict.PASSED),
    ],
)
def test_a_length_is_held_to_its_bounds(
    length: Length, seconds: float | None, result: Verdict
) -> None:
    report = judged(ALL, found(length=length, seconds=seconds))

    assert (report.duration.result, report.has_failed) == (result, result is Verdict.FAILED)


@pytest.mark.parametrize(
    ("promised", "packets", "result"),
    [
        (PROMISED, {"video": (1,)}, Verdict.FAILED),
        (PROMISED, {"video": (1,), "audio": (0,)}, Verdict.FAILED),
        (PROMISED, {"video": (1, 1), "audio": (1,)}, Verdict.PASSED),
        ({"video": 1, "data": 1}, {"video": (1,)}, Verdict.PASSED),
        ({"video": 1, "subtitle": 1}, {"video": (1,)}, Verdict.FAILED),
        (None, {"video": (1,)}, Verdict.UNKNOWN),
        (None, {"video": (1, 0)}, Verdict.FAILED),
        (PROMISED, {}, Verdict.UNKNOWN),
    ],
)
def test_streams_are_held_to_what_was_promised(
    promised: dict[str, int] | None, packets: dict[str, tuple[int, ...]], result: Verdict
) -> None:
    report = judged(ALL, found(promised=promised, played=Played(packets=packets)))

    assert report.streams.result is result


def test_subtitles_of_a_playlist_are_elsewhere() -> None:
    promised = PROMISED | {"subtitle": 1}

    report = judged(ALL, found(promised=promised, is_playlist=True))

    assert report.streams.result is Verdict.PASSED


def test_a_fault_is_told() -> None:
    report = judged(ALL, found(played=Played(packets=BOTH.packets, fault="bad cabac")))

    assert (report.decode, report.message) == (Verdict.FAILED, "it does not decode: bad cabac")


def test_streams_are_not_called_empty_when_reading_broke_off() -> None:
    broken = Played(packets={"video": (3,), "audio": (0,)}, fault="bad cabac")

    assert judged(ALL, found(played=broken)).streams.result is Verdict.PASSED


def test_what_no_decoder_knows_is_not_held_against_an_output() -> None:
    report = judged(ALL, found(played=Played(is_undecodable=True)))

    assert (report.decode, report.has_failed) == (Verdict.SKIPPED, False)


def test_every_fault_is_told() -> None:
    played = Played(packets={"video": (3,)}, fault="bad cabac")

    message = judged(ALL, found(seconds=1.0, played=played)).message

    assert message == (
        "it does not decode: bad cabac; it is 1.00 s long and should be at least 10.00 s;"
        " it has 0 of 1 audio streams"
    )
