from renderio_box.ffmpeg.playthrough import played

READ = "[verbose]   Input stream #0:0 (video): 5 packets read (9 bytes);\n"
ERROR = "[h264 @ 0x5] [error] bad cabac.\n"


def test_a_run_without_a_complaint_has_no_fault() -> None:
    found = played(READ, 0, decode=True)

    assert (found.packets, found.fault) == ({"video": (5,)}, None)


def test_a_complaint_is_a_fault_even_if_the_run_ended_well() -> None:
    assert played(ERROR + READ, 0, decode=True).fault == "bad cabac"


def test_a_complaint_is_none_when_nothing_is_decoded() -> None:
    assert played(ERROR + READ, 0, decode=False).fault is None


def test_a_bad_end_is_a_fault_without_words() -> None:
    assert played("", -11, decode=True).fault == "FFmpeg ended with status -11"


def test_a_missing_decoder_is_no_fault() -> None:
    found = played("[fatal] Decoding requested, but no decoder found for: x\n", 1, decode=True)

    assert (found.is_undecodable, found.fault) == (True, None)
