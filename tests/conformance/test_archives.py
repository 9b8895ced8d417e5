"""Section 8: zipped folders in, zipped folders and playlists out; in both dialects."""

import io
import stat
import zipfile
from collections.abc import Mapping
from urllib.parse import urljoin

import httpx
import pytest

from tests.conformance.client import (
    ACCEPTED,
    RENDERIO,
    RENDI,
    Client,
    Problem,
    Record,
    problem_of,
    single,
    without,
)
from tests.conformance.conftest import MakeClient
from tests.conformance.receiver import Receiver
from tests.conformance.shapes import FILE, is_one_of, number, positive, wrong_fields

MEBIBYTE = 1_048_576
RUN = "/run-ffmpeg-command"
SOURCE = "-f lavfi -i testsrc2=size=16x16:rate=5:duration=2"
HLS = f"{SOURCE} -c:v libx264 -g 5 -f hls -hls_time 1 -hls_list_size 0"
DASH = f"{SOURCE} -c:v libx264 -g 5 -f dash -seg_duration 1"
STILLS = f"{SOURCE} -frames:v 3"
FRAMES = "-framerate 2 -i frames/%d.png -c:v mpeg4 {{out_1}}"
FOLDER = {
    **FILE,
    "file_type": is_one_of("archive"),
    "file_format": is_one_of("zip"),
    "mime_type": is_one_of("application/zip"),
    "file_count": positive,
    "size_compressed_mbytes": number,
}


def zipped(entries: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def zipped_special(name: str, mode: int, content: bytes = b"/etc/hostname") -> bytes:
    """Return a zip with one entry of that kind, such as a link."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        entry = zipfile.ZipInfo(name)
        entry.create_system = 3
        entry.external_attr = (mode | 0o777) << 16
        archive.writestr(entry, content)
    return buffer.getvalue()


def from_archive(source: str, command: str = FRAMES, name: str = "film.mkv") -> Record:
    body = without(single(command, {"out_1": name}), "input_files")
    return body | {"input_compressed_folder": source}


def ran(client: Client, body: Record) -> Record:
    return client.finished(client.accepted(RUN, body))


def unzipped(http: httpx.Client, record: Record) -> dict[str, bytes]:
    content = http.get(record["storage_url"]).raise_for_status().content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def png(client: Client, http: httpx.Client) -> bytes:
    return http.get(client.made(f"{SOURCE} -frames:v 1 {{{{out_1}}}}")["storage_url"]).content


@pytest.fixture(scope="module")
def frames(png: bytes) -> bytes:
    """A zip with two numbered pictures in a folder."""
    return zipped({"frames/1.png": png, "frames/2.png": png, "list.txt": b"file 'frames/1.png'\n"})


def test_a_command_reads_the_files_of_a_zip(
    either: Client, receiver: Receiver, frames: bytes
) -> None:
    place = receiver.file(frames, "frames.zip")

    record = ran(either, from_archive(place.url))["output_files"]["out_1"]

    assert (record["width"], record["duration"]) == (16, pytest.approx(1, abs=0.1))


def test_a_zip_may_be_a_stored_file(client: Client, frames: bytes) -> None:
    uploaded = client.upload(frames, "frames.zip")

    by_url = client.accepted(RUN, from_archive(uploaded["storage_url"]))
    by_id = client.accepted(RUN, from_archive(uploaded["file_id"]))

    assert [client.finished(each)["status"] for each in (by_url, by_id)] == ["SUCCESS"] * 2


def test_a_file_of_a_zip_may_be_named_barely(client: Client, png: bytes) -> None:
    uploaded = client.upload(zipped({"a.png": png, "b.png": png}), "two.zip")
    command = "-i a.png -i ./b.png -filter_complex hstack {{out_1}}"

    polled = ran(client, from_archive(uploaded["file_id"], command, "both.png"))

    assert polled["output_files"]["out_1"]["width"] == 32


def test_empty_input_files_may_stand_beside_a_zip(client: Client, frames: bytes) -> None:
    body = from_archive(client.upload(frames, "frames.zip")["file_id"]) | {"input_files": {}}

    assert ran(client, body)["status"] == "SUCCESS"


def test_a_zip_and_other_inputs_exclude_each_other(
    client: Client, frames: bytes, clip: Record
) -> None:
    uploaded = client.upload(frames, "frames.zip")
    command = "-i {{in_1}} -i frames/1.png {{out_1}}"
    body = from_archive(uploaded["file_id"], command) | {"input_files": {"in_1": clip["file_id"]}}

    problem = problem_of(client.post(RUN, body))

    assert problem == Problem(400, "INVALID_REQUEST", ("input_compressed_folder",))


@pytest.mark.parametrize("source", ["frames.zip", "ftp://example.com/a.zip", 5, ""])
def test_a_zip_comes_from_a_url_or_this_box(client: Client, source: object) -> None:
    body = from_archive("") | {"input_compressed_folder": source}

    problem = problem_of(client.post(RUN, body))

    assert problem == Problem(400, "INVALID_REQUEST", ("input_compressed_folder",))


@pytest.mark.parametrize(
    "archive",
    [
        zipped({"../escaped.png": b"x"}),
        zipped({"a/../../escaped.png": b"x"}),
        zipped({"/absolute.png": b"x"}),
        zipped({"..\\escaped.png": b"x"}),
        zipped_special("link.png", stat.S_IFLNK),
        zipped_special("device", stat.S_IFCHR, b""),
        zipped_special("pipe", stat.S_IFIFO, b""),
        zipped({f"{number}": b"" for number in range(10_001)}),
    ],
    ids=["up", "up later", "absolute", "backslash", "link", "device", "pipe", "too many"],
)
def test_what_must_not_be_unpacked_is_refused(client: Client, archive: bytes) -> None:
    uploaded = client.upload(archive, "bad.zip")

    polled = ran(client, from_archive(uploaded["file_id"]))

    assert (polled["status"], polled["error_status"]) == ("FAILED", "INPUT_REFUSED")


def test_ten_thousand_entries_are_unpacked(client: Client, png: bytes) -> None:
    entries = {f"{number}.txt": b"" for number in range(9_999)}
    uploaded = client.upload(zipped({"a.png": png, **entries}), "many.zip")

    polled = ran(client, from_archive(uploaded["file_id"], "-i a.png {{out_1}}", "a.bmp"))

    assert polled["status"] == "SUCCESS"


def test_a_zip_that_grows_beyond_the_input_limit_is_refused(strict: MakeClient) -> None:
    client = strict()
    bomb = client.upload(zipped({"zeros": bytes(3 * MEBIBYTE)}), "bomb.zip")

    polled = ran(client, from_archive(bomb["file_id"]))

    assert polled["error_status"] == "INPUT_TOO_LARGE"


def test_what_is_no_zip_is_refused(client: Client) -> None:
    uploaded = client.upload(b"no zip at all", "no.zip")

    polled = ran(client, from_archive(uploaded["file_id"]))

    assert polled["error_status"] in {"INPUT_REFUSED", "UNREACHABLE_INPUT_FILE"}


def test_everything_a_command_writes_is_stored_as_one_zip(
    client: Client, http: httpx.Client
) -> None:
    polled = client.run(f"{STILLS} still_%d.png", "OUTPUT_FOLDER")

    record = polled["output_files"]["output_folder"]
    files = unzipped(http, record)
    assert wrong_fields(record, FOLDER) == {}
    assert polled["output_files"].keys() == {"output_folder"}
    assert files.keys() == {"still_1.png", "still_2.png", "still_3.png"}
    assert all(content.startswith(b"\x89PNG") for content in files.values())


def test_the_zip_is_called_after_its_command_and_knows_its_sizes(
    client: Client, http: httpx.Client
) -> None:
    polled = client.run(f"{STILLS} still_%d.png", "OUTPUT_FOLDER")

    record = polled["output_files"]["output_folder"]
    packed = http.get(record["storage_url"]).content
    sizes = [len(content) for content in unzipped(http, record).values()]
    assert record["filename"] == f"{polled['command_id']}.zip"
    assert record["file_count"] == len(sizes)
    assert record["size_mbytes"] == sum(sizes) / MEBIBYTE
    assert record["size_compressed_mbytes"] == len(packed) / MEBIBYTE


def test_inputs_are_not_part_of_the_folder(
    client: Client, http: httpx.Client, frames: bytes, clip: Record
) -> None:
    uploaded = client.upload(frames, "frames.zip")
    of_a_zip = from_archive(uploaded["file_id"], "-i frames/1.png still.png") | {
        "output_files": "OUTPUT_FOLDER"
    }

    zipped_in = ran(client, of_a_zip)["output_files"]["output_folder"]
    named = client.run(
        "-i {{in_1}} -frames:v 1 still.png", "OUTPUT_FOLDER", {"in_1": clip["file_id"]}
    )

    assert unzipped(http, zipped_in).keys() == {"still.png"}
    assert unzipped(http, named["output_files"]["output_folder"]).keys() == {"still.png"}


def test_a_command_that_writes_nothing_has_no_folder(client: Client) -> None:
    polled = client.run(f"{SOURCE} -f null -", "OUTPUT_FOLDER")

    assert polled["error_status"] == "OUTPUT_MISSING"


def test_rendi_shows_a_folder_in_its_own_words(rendi: Client) -> None:
    record = rendi.run(f"{STILLS} still_%d.png", "OUTPUT_FOLDER")["output_files"]["output_folder"]

    assert (record["file_format"], record["file_count"]) == ("zip", 3)
    assert min(record["size_mbytes"], record["size_compressed_mbytes"]) > 0
    assert (record["status"], record["file_type"]) == ("STORED", "archive")
    assert "filename" not in record


def test_another_word_is_no_folder(client: Client) -> None:
    problem = problem_of(client.post(RUN, single(f"{SOURCE} a.png", "SOME_FOLDER")))

    assert problem == Problem(400, "INVALID_REQUEST", ("output_files",))


@pytest.fixture(scope="module", params=[RENDERIO, RENDI], ids=["renderio", "rendi"])
def playlist(client: Client, request: pytest.FixtureRequest) -> Record:
    """The poll response of a command that wrote a playlist."""
    speaking = client.speaking(request.param)
    return speaking.run(f"{HLS} {{{{out_playlist_1}}}}", {"out_playlist_1": "film.m3u8"})


def parts_of(http: httpx.Client, url: str) -> list[str]:
    """Return where a player finds what the playlist names."""
    lines = http.get(url).raise_for_status().text.splitlines()
    return [urljoin(url, line) for line in lines if line and not line.startswith("#")]


def test_a_playlist_plays_from_its_address(http: httpx.Client, playlist: Record) -> None:
    record = playlist["output_files"]["out_playlist_1"]

    answer = http.get(record["storage_url"])
    parts = [http.get(url) for url in parts_of(http, record["storage_url"])]

    assert answer.headers["content-type"].startswith("application/vnd.apple.mpegurl")
    assert record["storage_url"].endswith("/film.m3u8")
    assert len(parts) >= 2
    assert all(part.status_code == 200 and part.content[:1] == b"G" for part in parts)


def test_a_playlist_counts_all_its_files(http: httpx.Client, playlist: Record) -> None:
    record = playlist["output_files"]["out_playlist_1"]

    urls = [record["storage_url"], *parts_of(http, record["storage_url"])]

    assert record["file_count"] == len(urls)
    assert record["size_mbytes"] == sum(len(http.get(url).content) for url in urls) / MEBIBYTE
    assert record["file_format"] == "m3u8"


def test_segments_are_served_as_files_are(http: httpx.Client, playlist: Record) -> None:
    url = parts_of(http, playlist["output_files"]["out_playlist_1"]["storage_url"])[0]

    whole, part = http.get(url), http.get(url, headers={"Range": "bytes=0-0"})

    assert (part.status_code, part.content) == (206, whole.content[:1])
    assert whole.headers["x-content-type-options"] == "nosniff"
    assert http.head(url).headers["etag"] == whole.headers["etag"]


def test_a_manifest_of_dash_plays_from_its_address(client: Client, http: httpx.Client) -> None:
    record = client.run(f"{DASH} {{{{out_playlist_d}}}}", {"out_playlist_d": "manifest.mpd"})[
        "output_files"
    ]["out_playlist_d"]

    answer = http.get(record["storage_url"])
    first = http.get(urljoin(record["storage_url"], "init-stream0.m4s"))

    assert answer.headers["content-type"].startswith("application/dash+xml")
    assert (first.status_code, first.content[4:8]) == (200, b"ftyp")
    assert record["file_count"] >= 3


def test_a_stored_playlist_is_an_input(client: Client, playlist: Record) -> None:
    record = playlist["output_files"]["out_playlist_1"]

    made = client.made("-i {{in_1}} -c copy {{out_1}}", "film.mp4", {"in_1": record["storage_url"]})

    assert made["duration"] == pytest.approx(2, abs=0.2)


def test_a_playlist_and_another_output_are_stored_together(
    client: Client, http: httpx.Client
) -> None:
    polled = client.run(
        f"{HLS} {{{{out_playlist_1}}}} -frames:v 1 {{{{out_still}}}}",
        {"out_playlist_1": "film.m3u8", "out_still": "still.png"},
    )

    records = polled["output_files"]
    assert records.keys() == {"out_playlist_1", "out_still"}
    assert http.get(records["out_still"]["storage_url"]).content.startswith(b"\x89PNG")


def test_a_playlist_has_the_name_of_one(client: Client) -> None:
    body = single(f"{HLS} {{{{out_playlist_1}}}}", {"out_playlist_1": "film.mp4"})

    problem = problem_of(client.post(RUN, body))

    assert problem == Problem(400, "INVALID_COMMAND", ("output_files", "out_playlist_1"))


def test_a_playlist_is_not_deleted_by_its_file_id(client: Client, playlist: Record) -> None:
    file_id = playlist["output_files"]["out_playlist_1"]["file_id"]

    deleted = client.delete(f"/files/{file_id}")
    many = client.post("/files/bulk-delete", {"file_ids": [file_id]})
    rendi = client.speaking(RENDI).post("/files/bulk-delete", {"file_ids": [file_id]})

    assert (problem_of(deleted).status, problem_of(many).status, rendi.status_code) == (400,) * 3
    assert client.file(file_id)["is_deleted"] is False


def test_a_playlist_is_deleted_with_its_command(either: Client) -> None:
    polled = either.run(f"{HLS} {{{{out_playlist_1}}}}", {"out_playlist_1": "film.m3u8"})
    url = polled["output_files"]["out_playlist_1"]["storage_url"]
    urls = [url, *parts_of(either.http, url)]

    answer = either.delete(f"/commands/{polled['command_id']}/files")

    assert answer.json()["deleted"] is True
    assert answer.json()["files_deleted"] >= 1
    assert {either.http.get(each).status_code for each in urls} == {404}


def test_a_chain_may_write_a_folder(client: Client, http: httpx.Client) -> None:
    body = {
        "ffmpeg_commands": [f"{SOURCE} -c:v mpeg4 film.mkv", "-i film.mkv -frames:v 2 %d.png"],
        "input_files": {},
        "output_files": "OUTPUT_FOLDER",
    }

    command_id = client.accepted("/run-chained-ffmpeg-commands", body)

    record = client.finished(command_id)["output_files"]["output_folder"]
    assert unzipped(http, record).keys() >= {"1.png", "2.png"}


def test_both_dialects_take_a_folder(client: Client) -> None:
    body = single(f"{STILLS} still_%d.png", "OUTPUT_FOLDER")

    statuses = {
        dialect: client.speaking(dialect).post(RUN, body).status_code for dialect in ACCEPTED
    }

    assert statuses == ACCEPTED
