import pytest

from renderio_box.ffmpeg.log import GAP, BoundedLog


def test_a_short_log_is_kept_whole() -> None:
    log = BoundedLog(100)

    log.feed(b"one\ntwo\n")
    log.feed(b"three\n")

    assert log.text() == "one\ntwo\nthree\n"


def test_a_log_of_exactly_the_largest_size_is_kept_whole() -> None:
    log = BoundedLog(8)

    log.feed(b"abcdefgh")

    assert log.text() == "abcdefgh"


@pytest.mark.parametrize("pieces", [[b"abcdefghijklmnopqrst"], [b"abcdefghij", b"klmnopqrst"]])
def test_a_long_log_keeps_its_beginning_and_its_end(pieces: list[bytes]) -> None:
    log = BoundedLog(8)

    list(map(log.feed, pieces))

    assert log.text() == f"ab{GAP.decode()}opqrst"


def test_an_empty_log_is_empty() -> None:
    assert BoundedLog(8).text() == ""


def test_carriage_returns_become_line_ends() -> None:
    log = BoundedLog(100)

    log.feed(b"frame=1\rframe=2\r")

    assert log.text() == "frame=1\nframe=2\n"


def test_bytes_that_are_no_text_are_replaced() -> None:
    log = BoundedLog(100)

    log.feed(b"caf\xe9 \xc3\xa9")

    assert log.text() == "caf\N{REPLACEMENT CHARACTER} \N{LATIN SMALL LETTER E WITH ACUTE}"


def test_reading_the_text_twice_gives_the_same() -> None:
    log = BoundedLog(8)
    log.feed(b"x" * 100)

    assert log.text() == log.text()
