"""Playlists that are stored with every file they name, and how players find those."""

import hashlib
from typing import Any

import pytest
from httpx import AsyncClient

from renderio_box.scheduler import playlists
from renderio_box.storage.storage import StorageFullError
from tests.builders import make_body
from tests.fakes import Script
from tests.integration.box import COMMANDS, Box, files_kept, problem, show, submit, upload
from tests.zips import zipped

MEBIBYTE = 1024 * 1024
HLS = b"#EXTM3U\n#EXTINF:6,\nseg_000.ts\n#EXTINF:6,\nsub/seg%20001.ts\n#EXT-X-ENDLIST\n"
WRITES = {
    "playlist.m3u8": HLS,
    "seg_000.ts": b"first",
    "sub/seg 001.ts": b"second",
    "unnamed.ts": b"not in the playlist",
}
DASH = (
    b'<MPD><Representation id="0"/><SegmentTemplate initialization="init-$RepresentationID$.m4s"'
    b' media="chunk-$RepresentationID$-$Number%05d$.m4s"/></MPD>'
)


def playing(*names: str, **changes: object) -> dict[str, object]:
    """Return the body of a command that writes playlists of these names."""
    outputs = {f"out_playlist_{number}": name for number, name in enumerate(names)}
    return make_body(
        ffmpeg_command=" ".join(["-f lavfi -i testsrc", *(f"{{{{{each}}}}}" for each in outputs)]),
        output_files=outputs,
        **changes,
    )


async def run(
    box: Box, client: AsyncClient, writes: dict[str, bytes], *names: str, **changes: object
) -> dict[str, Any]:
    box.executor.script = Script(writes=writes)
    command_id = await submit(client, playing(*names or ("playlist.m3u8",), **changes))
    await box.work_until_final(command_id)
    return await show(client, command_id)


def url_of(shown: dict[str, Any], name: str = "", alias: str = "out_playlist_0") -> str:
    """Return the address of a playlist, or of what a player would look for beside it."""
    url = shown["output_files"][alias]["storage_url"]
    return f"{url.rpartition('/')[0]}/{name}" if name else url


async def test_a_playlist_is_served_at_its_address(box: Box, client: AsyncClient) -> None:
    shown = await run(box, client, WRITES)

    served = await client.get(url_of(shown))
    assert served.content == HLS
    assert served.headers["content-type"].startswith("application/vnd.apple.mpegurl")


@pytest.mark.parametrize(
    ("name", "content"), [("seg_000.ts", b"first"), ("sub/seg%20001.ts", b"second")]
)
async def test_what_a_playlist_names_is_served_beside_it(
    box: Box, anonymous: AsyncClient, client: AsyncClient, name: str, content: bytes
) -> None:
    shown = await run(box, client, WRITES)

    served = await anonymous.get(url_of(shown, name))
    assert (served.status_code, served.content) == (200, content)
    assert served.headers["content-type"] == "video/mp2t"
    assert served.headers["etag"] == f'"{hashlib.sha256(content).hexdigest()}"'
    assert served.headers["last-modified"] == "Thu, 01 Jan 2026 12:00:00 GMT"


async def test_a_segment_is_served_in_ranges(box: Box, client: AsyncClient) -> None:
    shown = await run(box, client, WRITES)

    served = await client.get(url_of(shown, "seg_000.ts"), headers={"Range": "bytes=1-2"})

    assert (served.status_code, served.content) == (206, b"ir")
    assert served.headers["content-range"] == "bytes 1-2/5"


async def test_a_segment_can_be_asked_about_without_being_fetched(
    box: Box, client: AsyncClient
) -> None:
    shown = await run(box, client, WRITES)

    head = await client.head(url_of(shown, "seg_000.ts"))

    assert (head.status_code, head.headers["content-length"], head.content) == (200, "5", b"")


@pytest.mark.parametrize(
    "name",
    [
        "unnamed.ts",
        "seg_001.ts",
        "SEG_000.ts",
        "sub",
        "sub/",
        "sub/seg_000.ts",
        "seg_000.ts/x",
        "x/playlist.m3u8",
        "%2e%2e/seg_000.ts",
        "sub/%2e%2e/seg_000.ts",
        "%00",
    ],
)
async def test_nothing_else_is_found_beside_a_playlist(
    box: Box, client: AsyncClient, name: str
) -> None:
    shown = await run(box, client, WRITES)

    assert problem(await client.get(url_of(shown, name))) == (404, "NOT_FOUND")


async def test_an_output_that_is_no_playlist_is_served_under_any_name(
    client: AsyncClient,
) -> None:
    stored = await upload(client, b"content")

    served = await client.get(str(stored["storage_url"]).replace("clip.mp4", "other.mp4"))

    assert served.content == b"content"


async def test_the_record_of_a_playlist_counts_what_it_names(box: Box, client: AsyncClient) -> None:
    shown = await run(box, client, WRITES)

    record = shown["output_files"]["out_playlist_0"]
    assert (record["file_count"], record["size_compressed_mbytes"]) == (3, None)
    assert record["size_mbytes"] == (len(HLS) + 11) / MEBIBYTE
    assert (record["filename"], record["mime_type"]) == (
        "playlist.m3u8",
        "application/vnd.apple.mpegurl",
    )


async def test_files_that_no_playlist_names_are_not_stored(box: Box, client: AsyncClient) -> None:
    await run(box, client, WRITES)

    assert len(files_kept(box)) == 3


async def test_a_manifest_is_stored_with_its_chunks(box: Box, client: AsyncClient) -> None:
    writes = {"manifest.mpd": DASH, "init-0.m4s": b"i", "chunk-0-00001.m4s": b"c", "x.m4s": b"x"}

    shown = await run(box, client, writes, "manifest.mpd")

    assert shown["output_files"]["out_playlist_0"]["file_count"] == 3
    assert (await client.get(url_of(shown, "chunk-0-00001.m4s"))).content == b"c"
    assert problem(await client.get(url_of(shown, "x.m4s"))) == (404, "NOT_FOUND")


async def test_variants_are_followed_to_their_segments(box: Box, client: AsyncClient) -> None:
    writes = {
        "master.m3u8": b"#EXTM3U\nv0/prog.m3u8\nv1/prog.m3u8\n",
        "v0/prog.m3u8": b"#EXTM3U\nseg.ts\n../shared.key\n",
        "v1/prog.m3u8": b"#EXTM3U\nseg.ts\n../shared.key\n../master.m3u8\n",
        "v0/seg.ts": b"low",
        "v1/seg.ts": b"high",
        "shared.key": b"key",
    }

    shown = await run(box, client, writes, "master.m3u8")

    assert shown["output_files"]["out_playlist_0"]["file_count"] == 6
    assert (await client.get(url_of(shown, "v1/seg.ts"))).content == b"high"
    assert (await client.get(url_of(shown, "shared.key"))).content == b"key"


async def test_two_playlists_may_share_segments(box: Box, client: AsyncClient) -> None:
    writes = {"a.m3u8": b"#EXTM3U\nseg.ts\n", "b.m3u8": b"#EXTM3U\nseg.ts\n", "seg.ts": b"shared"}

    shown = await run(box, client, writes, "a.m3u8", "b.m3u8")

    assert len(files_kept(box)) == 3
    for alias in ("out_playlist_0", "out_playlist_1"):
        assert (await client.get(url_of(shown, "seg.ts", alias))).content == b"shared"


async def test_a_playlist_may_name_another_output(box: Box, client: AsyncClient) -> None:
    writes = {
        "master.m3u8": b"#EXTM3U\nlow.m3u8\n",
        "low.m3u8": b"#EXTM3U\nseg.ts\n",
        "seg.ts": b"low",
    }

    shown = await run(box, client, writes, "master.m3u8", "low.m3u8")

    assert shown["output_files"]["out_playlist_0"]["file_count"] == 3
    assert (await client.get(url_of(shown, "low.m3u8"))).content == b"#EXTM3U\nseg.ts\n"
    assert (await client.get(url_of(shown, "seg.ts"))).content == b"low"


@pytest.mark.parametrize(
    ("writes", "message"),
    [
        ({"seg_000.ts": b"x"}, "did not write out_playlist_0 (playlist.m3u8)"),
        ({"playlist.m3u8": b""}, "left out_playlist_0 (playlist.m3u8) empty"),
        (
            {"playlist.m3u8": HLS, "seg_000.ts": b"x"},
            "out_playlist_0 (playlist.m3u8) names 'sub/seg 001.ts', but FFmpeg wrote no plain file",
        ),
        ({"playlist.m3u8": b"../in/in_a.ts\n"}, "names '../in/in_a.ts', but FFmpeg wrote no"),
        ({"playlist.m3u8": b"%2Fetc/passwd\n"}, "names '/etc/passwd', but FFmpeg wrote no plain"),
        ({"playlist.m3u8": b"\xff.ts\n"}, "names '\ufffd.ts', but FFmpeg wrote no plain file"),
        ({"playlist.m3u8": b"sub\n", "sub/a.ts": b"x"}, "names 'sub', but FFmpeg wrote no plain"),
    ],
)
async def test_a_playlist_that_could_not_be_played_fails_the_command(
    box: Box, client: AsyncClient, writes: dict[str, bytes], message: str
) -> None:
    shown = await run(box, client, writes)

    assert (shown["status"], shown["error_status"]) == ("FAILED", "OUTPUT_MISSING")
    assert message in shown["error_message"]
    assert files_kept(box) == []


async def test_a_link_is_no_segment(box: Box, client: AsyncClient) -> None:
    box.executor.script = Script(writes={"playlist.m3u8": b"a.ts\n"}, links=("a.ts",))
    command_id = await submit(client, playing("playlist.m3u8"))
    await box.work_until_final(command_id)

    shown = await show(client, command_id)
    assert "names 'a.ts', but FFmpeg wrote no plain file" in shown["error_message"]


async def test_what_came_in_the_archive_is_not_stored_with_a_playlist(
    box: Box, client: AsyncClient
) -> None:
    stored = await upload(client, zipped("enc.key"), "inputs.zip")
    writes = {"playlist.m3u8": b'#EXT-X-KEY:METHOD=AES-128,URI="enc.key"\na.ts\n', "a.ts": b"x"}

    shown = await run(box, client, writes, input_compressed_folder=stored["file_id"])

    assert (shown["status"], shown["output_files"]["out_playlist_0"]["file_count"]) == (
        "SUCCESS",
        2,
    )
    assert problem(await client.get(url_of(shown, "enc.key"))) == (404, "NOT_FOUND")


@pytest.mark.parametrize(
    ("limit", "value", "message"),
    [
        ("MAX_PLAYLIST_BYTES", 10, "is over 0 MiB long"),
        ("MAX_SEGMENTS", 2, "names more than 2 files"),
        ("MAX_PLAYLISTS", 1, "leads to more than 1 playlists"),
    ],
)
async def test_a_playlist_without_measure_fails_the_command(
    box: Box,
    client: AsyncClient,
    monkeypatch: pytest.MonkeyPatch,
    limit: str,
    value: int,
    message: str,
) -> None:
    monkeypatch.setattr(playlists, limit, value)
    writes = {
        "playlist.m3u8": b"a.m3u8\nb.m3u8\nc.m3u8\n",
        "a.m3u8": b"#",
        "b.m3u8": b"#",
        "c.m3u8": b"#",
    }

    shown = await run(box, client, writes)

    assert (shown["status"], shown["error_status"]) == ("FAILED", "OUTPUT_MISSING")
    assert f"out_playlist_0 (playlist.m3u8) {message}" in shown["error_message"]


async def test_a_playlist_under_a_usual_alias_is_a_file_like_any_other(
    box: Box, client: AsyncClient
) -> None:
    box.executor.script = Script(writes=WRITES)
    body = make_body(output_files={"out_clip": "playlist.m3u8"})
    command_id = await submit(client, body)
    await box.work_until_final(command_id)

    record = (await show(client, command_id))["output_files"]["out_clip"]
    assert (record["file_count"], len(files_kept(box))) == (None, 1)


async def test_deleting_the_outputs_deletes_the_segments(box: Box, client: AsyncClient) -> None:
    shown = await run(box, client, WRITES)

    deleted = await client.delete(f"{COMMANDS}/{shown['command_id']}/files")

    assert (deleted.json()["files_deleted"], files_kept(box)) == (1, [])
    for name in ("", "seg_000.ts"):
        assert problem(await client.get(url_of(shown, name))) == (404, "NOT_FOUND")


async def test_the_segments_of_an_attempt_that_came_too_late_are_discarded(
    box: Box, client: AsyncClient
) -> None:
    box.executor.script = Script(writes=WRITES)
    command_id = await submit(client, playing("playlist.m3u8"))
    box.prober.meanwhile = lambda: box.queue.cancel(command_id, sees=None)

    await box.work_until_final(command_id)

    assert (await show(client, command_id))["error_status"] == "CANCELLED"
    assert files_kept(box) == []


async def test_a_full_disk_leaves_no_segment_behind(
    box: Box, client: AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    checks = iter([None, None])

    def check_room() -> None:
        if next(checks, StorageFullError) is not None:
            raise StorageFullError

    monkeypatch.setattr(box.storage, "check_room", check_room)

    shown = await run(box, client, WRITES)

    assert (shown["error_status"], files_kept(box)) == ("STORAGE_FULL", [])


async def test_an_address_beside_a_playlist_is_no_stored_input(
    box: Box, client: AsyncClient
) -> None:
    shown = await run(box, client, WRITES)
    sources = {"in_a": url_of(shown), "in_b": url_of(shown, "seg_000.ts")}

    command_id = await submit(
        client,
        make_body(ffmpeg_command="-i {{in_a}} -i {{in_b}} {{out_clip}}", input_files=sources),
    )

    inputs = (await box.report(command_id)).job.spec.inputs
    assert inputs["in_a"].file_id == shown["output_files"]["out_playlist_0"]["file_id"]
    assert inputs["in_b"].url == sources["in_b"]


async def test_a_stored_playlist_is_read_with_everything_that_it_names(
    box: Box, client: AsyncClient
) -> None:
    shown = await run(box, client, WRITES)
    body = make_body(ffmpeg_command="-i {{in_a}} {{out_clip}}", input_files={"in_a": url_of(shown)})

    box.executor.script = Script()
    await box.work_until_final(await submit(client, body))

    assert box.executor.executions[-1].arguments[-2] == "../in/in_a/playlist.m3u8"
    assert box.executor.inputs[-1] == {
        "in_a/playlist.m3u8": HLS,
        "in_a/seg_000.ts": b"first",
        "in_a/sub/seg 001.ts": b"second",
    }


async def test_a_stored_playlist_is_read_with_the_outputs_that_it_names(
    box: Box, client: AsyncClient
) -> None:
    writes = {"a.m3u8": b"b.m3u8\n", "b.m3u8": b"seg.ts\n", "seg.ts": b"x"}
    shown = await run(box, client, writes, "a.m3u8", "b.m3u8")
    body = make_body(ffmpeg_command="-i {{in_a}} {{out_clip}}", input_files={"in_a": url_of(shown)})

    box.executor.script = Script()
    await box.work_until_final(await submit(client, body))

    assert sorted(box.executor.inputs[-1]) == ["in_a/a.m3u8", "in_a/b.m3u8", "in_a/seg.ts"]
