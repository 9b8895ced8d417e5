"""The sessions on the page for agents, run in a shell against the box that wrote it."""

import functools
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Final

import pytest

from tests.acceptance.pasting import blocks, needs_curl_and_jq, pasted
from tests.running_box import RunningBox

ELSEWHERE: Final = "https://example.com"
"""The host that the page takes its input from."""

pytestmark = needs_curl_and_jq


@pytest.fixture(scope="module")
def page(box: RunningBox) -> str:
    answered = box.http.get("/llms.txt", headers={"X-API-KEY": ""})
    return answered.raise_for_status().text


@pytest.fixture
def elsewhere(directory: Path) -> Iterator[str]:
    """The address of a server that has the clip."""
    handler = functools.partial(SimpleHTTPRequestHandler, directory=str(directory))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def session(page: str, containing: str) -> list[str]:
    """Return the command that runs the one session with ``containing`` in it."""
    (script,) = [block for block in blocks(page, "sh") if containing in block]
    return ["sh", "-euc", script]


def test_the_address_on_the_page_is_that_of_the_box(page: str, box: RunningBox) -> None:
    assert f"export BOX={box.url}\n" in page


def test_the_session_without_an_input_makes_a_clip(
    page: str, box: RunningBox, key: str, directory: Path
) -> None:
    pasted(session(page, "testsrc2"), box, key, directory)

    assert (directory / "test.mp4").read_bytes()[4:8] == b"ftyp"


def test_the_session_with_a_url_makes_a_picture(
    page: str, box: RunningBox, key: str, directory: Path, elsewhere: str
) -> None:
    pasted(session(page.replace(ELSEWHERE, elsewhere), elsewhere), box, key, directory)

    assert (directory / "picture.jpg").read_bytes().startswith(b"\xff\xd8")


def test_the_session_with_an_upload_fetches_every_output(
    page: str, box: RunningBox, key: str, directory: Path
) -> None:
    printed = pasted(session(page, "files/upload"), box, key, directory)

    assert printed == "done\n"
    assert (directory / "small.mp4").read_bytes()[4:8] == b"ftyp"
    assert (directory / "thumb.jpg").read_bytes().startswith(b"\xff\xd8")


def test_every_shell_block_of_the_page_is_run_here(page: str) -> None:
    assert len(blocks(page, "sh")) == 1 + 3
