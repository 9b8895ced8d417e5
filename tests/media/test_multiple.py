"""Several commands of one request, with real FFmpeg and a real server of their input."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from tests.running_box import eventually, running_box


class CountingHandler(SimpleHTTPRequestHandler):
    """Serves files and notes what was asked for."""

    asked: list[str]

    def do_GET(self) -> None:
        self.asked.append(self.path)
        super().do_GET()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def serving(directory: Path) -> Iterator[tuple[str, list[str]]]:
    """Serve the directory; yield its address, and the paths that are asked for."""
    asked: list[str] = []
    kind = type("Handler", (CountingHandler,), {"asked": asked})
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(kind, directory=directory)) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", asked
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("vcpus", ["1", "2"])
def test_an_input_that_several_commands_share_is_downloaded_once(
    tmp_path: Path, stand_ins: Path, vcpus: str
) -> None:
    with (
        serving(stand_ins) as (url, asked),
        running_box(tmp_path / "data", RENDERIO_JOBS_VCPUS=vcpus) as box,
    ):
        bodies = [
            {
                "ffmpeg_command": f"-i {{{{in_v}}}} -vf scale={width}:-2 {{{{out_v}}}}",
                "input_files": {"in_v": f"{url}/silent.mp4"},
                "output_files": {"out_v": f"{width}.mp4"},
            }
            for width in (32, 64, 96, 128)
        ]
        answer = box.http.post("/api/v1/run-multiple-ffmpeg-commands", json={"commands": bodies})
        polled = [box.finished(each) for each in answer.json()["command_ids"]]

        assert [each["output_files"]["out_v"]["width"] for each in polled] == [32, 64, 96, 128]
        assert asked == ["/silent.mp4"]
        shared = tmp_path / "data" / "work" / "shared"
        assert eventually(lambda: not list(shared.iterdir()))
