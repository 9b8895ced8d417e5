"""What FFmpeg itself says of files, told over HTTP."""

from pathlib import Path

import pytest

from tests.running_box import RunningBox

PROBE = "/api/v1/probe"


@pytest.mark.parametrize("name", ["clip.mp4", "covered.mp3", "photo.jpg", "captions.srt"])
def test_a_stored_file_is_described_as_ffprobe_does(
    name: str, box: RunningBox, stand_ins: Path
) -> None:
    file_id = box.upload(stand_ins / name)["file_id"]

    probed = box.http.post(PROBE, json={"file_id": file_id}).raise_for_status().json()

    record = box.http.get(f"/api/v1/files/{file_id}").json()
    assert {field: probed[field] for field in record} == record
    assert probed["format"]["filename"] == name
    assert probed["format"]["nb_streams"] == len(probed["streams"]) > 0
    assert probed["streams"][0]["codec_name"] == record["codec"]


def test_a_file_at_an_address_is_described_and_not_kept(box: RunningBox, stand_ins: Path) -> None:
    url = box.upload(stand_ins / "clip.mp4")["storage_url"]
    count = len(box.http.get("/api/v1/files").json()["files"])

    probed = box.http.post(PROBE, json={"url": url}).raise_for_status().json()

    assert (probed["file_id"], probed["duration"]) == (None, pytest.approx(2.0, abs=0.1))
    assert [stream["codec_type"] for stream in probed["streams"]] == ["video", "audio"]
    assert len(box.http.get("/api/v1/files").json()["files"]) == count


@pytest.mark.parametrize("name", ["noise.blob", "notes.txt"])
def test_what_is_no_media_has_no_streams(name: str, box: RunningBox, stand_ins: Path) -> None:
    file_id = box.upload(stand_ins / name)["file_id"]

    probed = box.http.post(PROBE, json={"file_id": file_id}).raise_for_status().json()

    assert (probed["streams"], probed["format"]) == ([], {})


def test_no_path_of_this_machine_is_told(box: RunningBox, stand_ins: Path) -> None:
    file_id = box.upload(stand_ins / "clip.mp4")["file_id"]

    shown = box.http.post(PROBE, json={"file_id": file_id}).text

    assert (str(box.data) in shown, "inspection-" in shown) == (False, False)
