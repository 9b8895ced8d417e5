"""Section 3, extension: ``probe`` tells what is in a file."""

import pytest

from tests.conformance.client import NOWHERE, Client, Record, problem_of
from tests.conformance.receiver import Receiver
from tests.conformance.shapes import VIDEO_FILE, wrong_fields


def kinds(streams: list[dict[str, str]]) -> list[str]:
    return [stream["codec_type"] for stream in streams]


def test_a_stored_file_is_probed(client: Client, clip: Record) -> None:
    answer = client.post("/probe", {"file_id": clip["file_id"]})

    probed = answer.json()
    assert answer.status_code == 200
    assert wrong_fields(probed, VIDEO_FILE) == {}
    assert (probed["file_id"], probed["width"], probed["height"]) == (clip["file_id"], 64, 48)
    assert kinds(probed["streams"]) == ["video", "audio"]
    assert "mp4" in probed["format"]["format_name"]


def test_a_url_is_probed(client: Client, receiver: Receiver, clip_bytes: bytes) -> None:
    place = receiver.file(clip_bytes, "clip.mp4")

    probed = client.post("/probe", {"url": place.url}).json()

    assert (probed["codec"], probed["width"], probed["height"]) == ("h264", 64, 48)
    assert probed["size_mbytes"] == pytest.approx(len(clip_bytes) / 1_048_576)
    assert kinds(probed["streams"]) == ["video", "audio"]


def test_nothing_of_the_box_is_shown(client: Client, clip: Record) -> None:
    shown = client.post("/probe", {"file_id": clip["file_id"]}).json()

    assert "/" not in shown["format"].get("filename", "")


def test_an_unknown_file_is_not_probed(client: Client) -> None:
    problem = problem_of(client.post("/probe", {"file_id": NOWHERE}))

    assert (problem.status, problem.code) in {(404, "NOT_FOUND"), (400, "INVALID_REQUEST")}


def test_somebody_elses_file_is_not_probed(stranger: Client, clip: Record) -> None:
    unknown = stranger.post("/probe", {"file_id": NOWHERE})

    answer = stranger.post("/probe", {"file_id": clip["file_id"]})

    assert problem_of(answer) == problem_of(unknown)


@pytest.mark.parametrize("body", [{}, {"url": "no url"}, {"url": "file:///etc/hostname"}])
def test_a_body_without_a_file_is_refused(client: Client, body: Record) -> None:
    assert problem_of(client.post("/probe", body)).status in {400, 422}


def test_a_url_with_nothing_behind_it_is_no_success(client: Client, receiver: Receiver) -> None:
    answer = client.post("/probe", {"url": receiver.answering(404).url})

    assert 400 <= problem_of(answer).status < 500
