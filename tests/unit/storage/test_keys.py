import pytest

from renderio_box.storage.keys import checked, output_key, part_key, segment_key, upload_key
from tests.unit.samples import FILE_ID, JOB_ID


def test_an_output_is_named_after_its_job_its_attempt_and_its_alias() -> None:
    assert output_key(JOB_ID, 2, "out_video", "mp4") == f"outputs/ab/{JOB_ID}-2-out_video.mp4"


def test_two_attempts_never_share_a_key() -> None:
    assert output_key(JOB_ID, 1, "out_a", "mp4") != output_key(JOB_ID, 2, "out_a", "mp4")


def test_a_segment_is_named_after_its_job_its_attempt_and_its_number() -> None:
    assert segment_key(JOB_ID, 2, 17, "ts") == f"outputs/ab/{JOB_ID}-2-s17.ts"


def test_a_segment_and_an_output_never_share_a_key() -> None:
    assert segment_key(JOB_ID, 1, 1, "ts") != output_key(JOB_ID, 1, "out_s1", "ts")


def test_an_upload_is_named_after_its_id() -> None:
    assert upload_key(FILE_ID, "mp4") == f"uploads/cd/{FILE_ID}.mp4"


def test_two_arrivals_of_a_part_never_share_a_key() -> None:
    assert [part_key(FILE_ID, 7, nonce) for nonce in ("a", "b")] == [
        f"parts/cd/{FILE_ID}-7-a",
        f"parts/cd/{FILE_ID}-7-b",
    ]


@pytest.mark.parametrize("extension", ["", "MP4", "m p4", "../x", "mp4\n", "x" * 13, "é"])
def test_an_extension_that_could_do_harm_is_left_out(extension: str) -> None:
    assert upload_key(FILE_ID, extension) == f"uploads/cd/{FILE_ID}"


@pytest.mark.parametrize(
    "key", ["outputs/ab/x", "uploads/00/x-1_y.tar", "outputs/ff/A.m4s", "parts/01/x-1-y"]
)
def test_a_key_of_ours_passes(key: str) -> None:
    assert checked(key) == key


@pytest.mark.parametrize(
    "key",
    [
        "",
        "outputs",
        "/outputs/ab/x",
        "outputs/ab/../x",
        "outputs/../x",
        "outputs/ab/x/y",
        "others/ab/x",
        "outputs/zz/x",
        "outputs/ab/x\n",
        "outputs/ab/x.mp4.exe",
        "outputs/ab/.x",
        "outputs/ab/x\x00",
        "outputs//x",
    ],
)
def test_any_other_key_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="not an object key"):
        checked(key)
