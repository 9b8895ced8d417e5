"""Files that the box fetches and keeps, with a real server, a real FFmpeg, and a real kill."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event, Thread
from typing import Any

from tests.running_box import RunningBox, eventually, running_box


class SlowServer(SimpleHTTPRequestHandler):
    """Serves files, those called slow only once they are let go."""

    let_go = Event()

    def do_GET(self) -> None:
        if "slow" in self.path:
            self.send_response(200)
            self.send_header("Content-Length", "4")
            self.end_headers()
            self.wfile.write(b"sl")
            self.let_go.wait(20)
            self.wfile.write(b"ow")
            return
        super().do_GET()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
        del format, args


@contextmanager
def serving(directory: Path) -> Iterator[str]:
    handler = partial(SlowServer, directory=str(directory))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            SlowServer.let_go.set()
            server.shutdown()
            thread.join()


def settled(box: RunningBox, file_id: str) -> dict[str, Any]:
    """Return the record of a file once it is stored or has failed."""

    def look() -> dict[str, Any] | None:
        record = dict(box.http.get(f"/api/v1/files/{file_id}").json())
        return None if record["status"] == "PROCESSING" else record

    return eventually(look)


def store(box: RunningBox, url: str) -> str:
    answer = box.http.post("/api/v1/files/store-file", json={"file_url": url})
    return str(answer.raise_for_status().json()["file_id"])


def test_a_file_is_fetched_and_known_for_what_it_is(box: RunningBox, stand_ins: Path) -> None:
    with serving(stand_ins) as url:
        record = settled(box, store(box, f"{url}/clip.mp4"))

    assert (record["status"], record["codec"], record["width"]) == ("STORED", "h264", 160)
    assert box.download(record["storage_url"]) == (stand_ins / "clip.mp4").read_bytes()


def test_a_box_that_is_killed_while_it_fetches_leaves_the_file_to_the_next(
    tmp_path: Path, stand_ins: Path
) -> None:
    SlowServer.let_go.clear()
    with serving(stand_ins) as url:
        with running_box(tmp_path / "data") as box:
            file_id = store(box, f"{url}/slow.txt")
            incoming = box.data / "files" / "incoming"
            eventually(lambda: list(incoming.iterdir()))
            box.process.kill()
            box.process.wait()
        SlowServer.let_go.set()

        with running_box(tmp_path / "data") as box:
            record = settled(box, file_id)
            assert (record["status"], box.download(record["storage_url"])) == ("STORED", b"slow")


def test_a_box_that_fetches_stops_at_once(tmp_path: Path, stand_ins: Path) -> None:
    SlowServer.let_go.clear()
    with serving(stand_ins) as url, running_box(tmp_path / "data") as box:
        store(box, f"{url}/slow.txt")
        eventually(lambda: list((box.data / "files" / "incoming").iterdir()))

        assert box.stop() == 0
