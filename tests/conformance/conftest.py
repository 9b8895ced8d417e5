"""One box for the whole suite: the given one, or one of its own."""

import ipaddress
import signal
import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import httpx
import pytest

from tests.conformance.client import (
    ENDLESS,
    ENDLESS_OUT,
    PATIENCE_S,
    RENDERIO,
    RENDI,
    Client,
    Record,
    unique,
)
from tests.conformance.receiver import Receiver, receiving
from tests.running_box import RunningBox, running_box

CLIP: Final = (
    "-f lavfi -i testsrc2=size=64x48:rate=10:duration=1 -f lavfi -i sine=duration=1"
    " -c:v libx264 -pix_fmt yuv420p -c:a aac -shortest {{out_1}}"
)
REQUESTS_PER_MINUTE: Final = 100
"""How often one key may ask the strict box."""
MakeClient = Callable[..., Client]


@dataclass(frozen=True)
class Target:
    """The box under test, an administrator's key, and how the box reaches this machine.

    ``callback`` is None where it cannot.
    """

    url: str
    key: str
    callback: str | None


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("conformance", "a box to test against the wire contract")
    group.addoption("--box", help="address of the box; without it, the suite starts one")
    group.addoption("--program", help="a built program for the suite to start in place of this one")
    group.addoption("--key", help="an administrator's key of that box")
    group.addoption("--callback", help="host under which that box reaches this machine")


@pytest.fixture(scope="session")
def program(pytestconfig: pytest.Config) -> tuple[str, ...]:
    """What to start as a box; empty for this checkout's own."""
    built = pytestconfig.getoption("program", None)
    return () if built is None else (built,)


@pytest.fixture(scope="session")
def target(
    pytestconfig: pytest.Config,
    tmp_path_factory: pytest.TempPathFactory,
    program: tuple[str, ...],
) -> Iterator[Target]:
    url, key = pytestconfig.getoption("box", None), pytestconfig.getoption("key", None)
    if (url is None) != (key is None):
        pytest.exit("--box and --key go together", returncode=4)
    if url is None:
        data = tmp_path_factory.mktemp("conformance") / "data"
        with running_box(data, program=program) as box:
            yield Target(box.url, box.http.headers["x-api-key"], "127.0.0.1")
        return
    callback = pytestconfig.getoption("callback", None)
    yield Target(url.rstrip("/"), key, callback or ("127.0.0.1" if is_here(url) else None))


def is_here(url: str) -> bool:
    """Tell whether the address is one of this very machine's loopback."""
    host = urlsplit(url).hostname or ""
    return ipaddress.ip_address(socket.gethostbyname(host)).is_loopback


@pytest.fixture(scope="session")
def http() -> Iterator[httpx.Client]:
    """Connections that all clients share; every answer must carry a request id."""
    hooks = {"response": [expect_request_id]}
    with httpx.Client(timeout=PATIENCE_S, trust_env=False, event_hooks=hooks) as client:
        yield client


def expect_request_id(answer: httpx.Response) -> None:
    assert answer.headers.get("x-request-id"), f"no X-Request-Id: {answer.request.url}"


@pytest.fixture(scope="session")
def admin(target: Target, http: httpx.Client) -> Client:
    return Client(http, target.url, target.key)


@pytest.fixture(scope="session")
def make_client(admin: Client) -> Iterator[MakeClient]:
    """Make clients with keys of their own, which are revoked in the end."""
    with ExitStack() as stack:

        def make(**more: object) -> Client:
            name = unique()
            made = admin.post("/keys", {"name": name, **more}).raise_for_status().json()
            stack.callback(admin.delete, f"/keys/{name}")
            return Client(admin.http, admin.url, made["key"])

        yield make


@pytest.fixture(scope="session")
def client(make_client: MakeClient) -> Client:
    """Somebody who uses the box, in RenderIO's words."""
    return make_client()


@pytest.fixture(scope="session")
def rendi(client: Client) -> Client:
    """The same somebody, in Rendi's words."""
    return client.speaking(RENDI)


@pytest.fixture(scope="session", params=[RENDERIO, RENDI], ids=["renderio", "rendi"])
def either(client: Client, request: pytest.FixtureRequest) -> Client:
    """The same somebody in each dialect."""
    return client.speaking(request.param)


@pytest.fixture(scope="session")
def stranger(make_client: MakeClient) -> Client:
    """Somebody else."""
    return make_client()


@pytest.fixture
def newcomer(make_client: MakeClient) -> Client:
    """Somebody who has never used the box before."""
    return make_client()


@pytest.fixture(scope="session")
def receivers(target: Target, admin: Client) -> Iterator[Receiver]:
    """The servers of others; use ``receiver``."""
    if target.callback is None:
        pytest.skip("the box is on another machine; say with --callback how it reaches this one")
    listen_on = "127.0.0.1" if target.callback == "127.0.0.1" else ""
    with receiving(listen_on, target.callback) as receiver:
        skip_where_refused(admin, receiver)
        yield receiver


def skip_where_refused(admin: Client, receiver: Receiver) -> None:
    """Skip what needs the servers of others where the box may not contact this machine."""
    answer = admin.post("/probe", {"url": receiver.file(b"notes", "notes.txt").url})
    if answer.status_code == 400 and "network.allow" in answer.json()["message"]:
        pytest.skip("the box may not contact this machine; name it there in network.allow")


@pytest.fixture
def receiver(receivers: Receiver) -> Iterator[Receiver]:
    """The servers of others; whatever they hold back is released after the test."""
    yield receivers
    receivers.release_all()


@pytest.fixture(scope="session")
def clip(client: Client) -> Record:
    """The record of a second of video with sound, 64x48 at 10 frames a second, by the box."""
    return client.made(CLIP, "clip.mp4")


@pytest.fixture(scope="session")
def clip_bytes(clip: Record, http: httpx.Client) -> bytes:
    return http.get(clip["storage_url"]).raise_for_status().content


@pytest.fixture(scope="session")
def success(client: Client) -> Record:
    """The poll response of a command that succeeded."""
    return client.run(metadata={"order": "A-17", "urgent": True, "tries": 2, "rate": 0.5})


@pytest.fixture(scope="session")
def failure(client: Client) -> Record:
    """The poll response of a command that FFmpeg could not carry out."""
    return client.run("-f lavfi -i color=black:duration=1 -vf nosuchfilter {{out_1}}")


@pytest.fixture
def busy(client: Client) -> Iterator[None]:
    """A box whose CPUs are all taken while the test runs, so that what is submitted waits."""
    with client.endless(vcpu_count=100_000):
        yield


@pytest.fixture
def endless(client: Client) -> Iterator[str]:
    """The id of a command that encodes as long as the test runs."""
    with client.endless(vcpu_count=1) as command_id:
        yield command_id


@pytest.fixture(scope="session")
def own_box(
    pytestconfig: pytest.Config,
    tmp_path_factory: pytest.TempPathFactory,
    program: tuple[str, ...],
) -> Iterator[Callable[..., RunningBox]]:
    """Start boxes with settings of their own."""
    if pytestconfig.getoption("box", None) is not None:
        pytest.skip("needs a box with settings of its own; without --box the suite starts one")
    with ExitStack() as stack:

        def start(**settings: object) -> RunningBox:
            data = tmp_path_factory.mktemp("box") / "data"
            texts = {f"RENDERIO_{name.upper()}": str(value) for name, value in settings.items()}
            return stack.enter_context(running_box(data, program=program, **texts))

        yield start


@pytest.fixture(scope="session")
def strict(own_box: Callable[..., RunningBox], http: httpx.Client) -> MakeClient:
    """Make clients of a box with one CPU and narrow limits."""
    box = own_box(
        server_requests_per_minute=REQUESTS_PER_MINUTE,
        server_max_body_kbytes=64,
        jobs_vcpus=1,
        jobs_max_queued=2,
        jobs_output_mbytes=1,
        inputs_max_mbytes=1,
        storage_upload_mbytes=1,
    )

    def make() -> Client:
        made = box.http.post("/api/v1/keys", json={"name": unique()}).raise_for_status().json()
        return Client(http, box.url, made["key"])

    return make


@pytest.fixture(scope="session")
def full(own_box: Callable[..., RunningBox], http: httpx.Client) -> Client:
    """Somebody on a box whose disk has less free space than its reserve."""
    box = own_box(storage_reserve_mbytes=10**9)
    return Client(http, box.url, box.http.headers["x-api-key"])


@pytest.fixture
def stopping(own_box: Callable[..., RunningBox], http: httpx.Client) -> Client:
    """Somebody on a box that has been told to stop and still runs a command."""
    box = own_box(server_drain_seconds=8)
    client = Client(http, box.url, box.http.headers["x-api-key"])
    command_id = client.submit(ENDLESS, ENDLESS_OUT)
    client.until(command_id, lambda polled: polled["processing_stage"] == "FFMPEG_PROCESSING")
    box.process.send_signal(signal.SIGTERM)
    return client
