"""Every way to write an address that must not be contacted, and servers that see if it was."""

import socket
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from typing import Final

import anyio
import httpcore
import pytest
from anyio.abc import SocketAttribute, SocketStream

from renderio_box.companions import accompanied_by
from renderio_box.inputs.addresses import NetworkPolicy
from renderio_box.inputs.connector import looked_up, plain_network
from renderio_box.inputs.download import (
    DownloadBounds,
    Downloader,
    RefusedError,
    UnreachableError,
)
from renderio_box.inputs.outbound import OutboundTransport
from renderio_box.networks import opened_by
from renderio_box.webhooks.sender import Sender
from tests.fakes import Receiver, answer, receiving

PUBLIC: Final = "93.184.216.34"
PUBLIC_V6: Final = "2606:2800:220:1::1"
BOUNDS: Final = DownloadBounds(
    max_bytes=1000, total_seconds=5.0, stall_seconds=2.0, max_redirects=3
)
REPLY: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\nConnection: close\r\n\r\nsecret"
EVERYTHING: Final = ("0.0.0.0/0", "::/0", "name.test")
LOOPBACK: Final = ("127.0.0.0/8", "::1")

REACHES_THE_TRAP: Final = (
    *("127.0.0.1", "127.1", "127.0.1", "127.0x1"),
    *("2130706433", "0x7f000001", "0X7F.1", "0x7f.0.0.1", "0x7f.0.1", "017700000001", "0177.1"),
    *("127。0。0。1", "127．0．0．1", "127｡0｡0｡1"),  # noqa: RUF001 - look-alikes
    *("u:p@127.0.0.1", "public.test@127.0.0.1", "public.test\\@127.0.0.1", "@127.0.0.1"),
    *("[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:FFFF:127.0.0.1]"),
)
REACHES_IT_BY_IPV6: Final = ("[::1]", "[0:0:0:0:0:0:0:1]", "[0000::0001]", "u:p@[::1]")
OPENABLE: Final = {
    **dict.fromkeys(REACHES_IT_BY_IPV6, "loopback"),
    **dict.fromkeys(REACHES_THE_TRAP, "loopback"),
    **dict.fromkeys(("127.0.0.2", "127.255.255.254", "[::ffff:127.9.9.9]"), "loopback"),
    **dict.fromkeys(("10.0.0.1", "0x0a000001", "167772161", "012.1"), "private"),
    **dict.fromkeys(("172.16.0.1", "172.31.255.255", "192.168.0.1", "192.168.1"), "private"),
    **dict.fromkeys(("3232235521", "[::ffff:10.0.0.1]", "[fc00::1]", "[fd12::1]"), "private"),
    **dict.fromkeys(("[fec0::1]",), "private"),
    **dict.fromkeys(("100.64.0.1", "100.127.255.254"), "shared"),
    **dict.fromkeys(("192.0.2.1", "198.51.100.1", "203.0.113.1"), "documentation"),
    **dict.fromkeys(("[2001:db8::1]", "[3fff::1]"), "documentation"),
    **dict.fromkeys(("192.0.0.1", "198.18.0.1", "240.0.0.1", "[100::1]"), "reserved"),
    **dict.fromkeys(("[4000::1]", "[5f00::1]", "[2001:10::1]", "[200::1]"), "reserved"),
    **dict.fromkeys(("[::127.0.0.1]", "[::7f00:1]", "[::ffff:0:127.0.0.1]"), "IPv6 translation"),
    **dict.fromkeys(("[64:ff9b::127.0.0.1]", "[64:ff9b::a00:1]"), "IPv6 translation"),
    **dict.fromkeys(("[64:ff9b::93.184.216.34]", "[2002:7f00:1::]"), "IPv6 translation"),
    **dict.fromkeys(("[2002:5db8:d822::1]", "192.88.99.1"), "IPv6 translation"),
    **dict.fromkeys(("[2001:0:7f00:1::f5ff:fffe]",), "IPv6 translation"),
    **dict.fromkeys(("[2001:0:5db8:d822:8000:63bf:80ff:fffe]",), "IPv6 translation"),
    **dict.fromkeys(("[2606:2800::5efe:127.0.0.1]", "[2606:2800::200:5efe:7f00:1]"), "loopback"),
}
NEVER: Final = {
    **dict.fromkeys(("169.254.169.254", "2852039166", "0xa9fea9fe"), "cloud metadata"),
    **dict.fromkeys(("0251.16689662", "169.254.43518"), "cloud metadata"),
    **dict.fromkeys(("[::ffff:169.254.169.254]", "[::a9fe:a9fe]"), "cloud metadata"),
    **dict.fromkeys(("[64:ff9b::a9fe:a9fe]", "[2002:a9fe:a9fe::1]"), "cloud metadata"),
    **dict.fromkeys(("[2606:2800::5efe:a9fe:a9fe]", "[fd00:ec2::254]"), "cloud metadata"),
    **dict.fromkeys(("[fd20:ce::254]", "100.100.100.200"), "cloud metadata"),
    **dict.fromkeys(("168.63.129.16", "192.0.0.192"), "cloud metadata"),
    **dict.fromkeys(("169.254.1.1", "[fe80::1]", "[::ffff:169.254.1.1]"), "link-local"),
    **dict.fromkeys(("224.0.0.1", "239.255.255.250", "[ff02::1]"), "multicast"),
    **dict.fromkeys(("0.0.0.0", "0", "0x0", "0.1.2.3"), "unspecified"),  # noqa: S104
    **dict.fromkeys(("[::]", "[::ffff:0.0.0.0]"), "unspecified"),
    **dict.fromkeys(("255.255.255.255", "4294967295"), "broadcast"),
    **dict.fromkeys(("[64:ff9b:1::7f00:1]", "[64:ff9b:1:7f00:0:100::]"), "IPv6 translation"),
}
NO_ADDRESS: Final = (
    *("①②⑦.⓪.⓪.①", "１２７.0.0.1", "127.0.0.1.", "%31%32%37.0.0.1", "127.0.0.1%00"),  # noqa: RUF001
    *("127.0.0.1,public.test", "[::1%25lo]", "[fe80::1%25eth0]", "[::1", "256.1", "0127.0.0.1"),
    *("127.000.000.001", "0177.0.0.1", "0251.0376.0251.0376", "127.0.0.1 "),
    *("127.0.0.1\t", "127..0.1", "public.test%2f@127.0.0.1x", "a" * 64, "0x7f000001.x", "[::1].x"),
)


class Trap:
    """A server on the loopback that nobody may reach; it counts who does."""

    def __init__(self) -> None:
        self.port = 0
        self.accepted = 0
        self.has_ipv6 = False

    async def serve(self, stream: SocketStream) -> None:
        self.accepted += 1
        async with stream:
            await stream.receive()
            await stream.send(REPLY)


@asynccontextmanager
async def trapping() -> AsyncGenerator[Trap]:
    """Run a trap on one port of 127.0.0.1, and of ::1 if there is one, while the block runs."""
    trap = Trap()
    async with AsyncExitStack() as stack:
        listener = await anyio.create_tcp_listener(local_host="127.0.0.1")
        await stack.enter_async_context(listener)
        trap.port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - anyio's
        await stack.enter_async_context(accompanied_by(listener.serve, trap.serve))
        with suppress(OSError):
            other = await anyio.create_tcp_listener(local_host="::1", local_port=trap.port)
            await stack.enter_async_context(other)
            await stack.enter_async_context(accompanied_by(other.serve, trap.serve))
            trap.has_ipv6 = True
        yield trap


class Network(httpcore.AsyncNetworkBackend):
    """Notes whom it is asked to connect to; only the loopback is there."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        self.asked.append(host)
        if host not in {"127.0.0.1", "::1"}:
            raise httpcore.ConnectError
        return await plain_network().connect_tcp(host, port, timeout, local_address, socket_options)


class Names:
    """A resolver that is somebody else's: it says something new each time, then repeats itself.

    What is no name of its own is read as an address by this machine, or is unknown.
    """

    def __init__(self, **answers: Sequence[Sequence[str]]) -> None:
        self._answers = {f"{name}.test": list(each) for name, each in answers.items()}
        self.asked = 0

    async def look_up(self, host: str, port: int) -> tuple[str, ...]:
        self.asked += 1
        said = self._answers.get(host.removesuffix("."))
        if said is not None:
            return tuple(said.pop(0) if len(said) > 1 else said[0])
        infos = await anyio.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_NUMERICHOST
        )
        return tuple(address[0] for *_, address in infos)


class Way:
    """What a box uses to reach others, with its two ends in the hands of a test."""

    def __init__(self, *allow: str, names: Names | None = None) -> None:
        self.network = Network()
        self.names = names or Names()
        policy = NetworkPolicy(opened_by(allow))
        self.transport = OutboundTransport(policy, look_up=self.names.look_up, network=self.network)

    async def fetch(self, url: str) -> bytes:
        downloader = Downloader(BOUNDS, self.transport)
        async with downloader.open(url) as download:
            return b"".join([piece async for piece in download.pieces])


@pytest.fixture(scope="module")
async def trap() -> AsyncGenerator[Trap]:
    async with trapping() as opened:
        yield opened


@pytest.fixture(scope="module")
def closed() -> Way:
    """The way out of a box on which nothing is set."""
    return Way()


@pytest.fixture(scope="module")
def wide_open() -> Way:
    """The way out of a box on which everything is opened that can be."""
    return Way(*EVERYTHING, names=Names(name=[["169.254.169.254", "::", "ff02::1"]]))


async def refusal(way: Way, url: str) -> str:
    """Fetch what must not be; return what is said."""
    way.network.asked.clear()
    with pytest.raises((RefusedError, UnreachableError)) as told:
        await way.fetch(url)
    return str(told.value)


def test_there_are_at_least_sixty_forms() -> None:
    assert len(OPENABLE) + len(NEVER) + len(NO_ADDRESS) >= 60


@pytest.mark.parametrize(("host", "kind"), OPENABLE.items())
async def test_what_is_not_public_is_refused_without_a_connection(
    closed: Way, trap: Trap, host: str, kind: str
) -> None:
    before = trap.accepted

    told = await refusal(closed, f"http://{host}:{trap.port}/clip.mp4")

    assert f"{kind} address; the operator can allow it with network.allow" in told
    assert (closed.network.asked, trap.accepted - before) == ([], 0)


@pytest.mark.parametrize("policy", ["closed", "wide_open"])
@pytest.mark.parametrize(("host", "kind"), NEVER.items())
async def test_some_addresses_are_refused_whatever_is_opened(
    request: pytest.FixtureRequest, trap: Trap, host: str, kind: str, policy: str
) -> None:
    way: Way = request.getfixturevalue(policy)
    before = trap.accepted

    told = await refusal(way, f"http://{host}:{trap.port}/clip.mp4")

    assert f"{kind} address, which the box never contacts" in told
    assert (way.network.asked, trap.accepted - before) == ([], 0)


@pytest.mark.parametrize("host", NO_ADDRESS)
async def test_what_is_no_address_in_the_end_reaches_nobody(
    wide_open: Way, trap: Trap, host: str
) -> None:
    before = trap.accepted

    told = await refusal(wide_open, f"http://{host}:{trap.port}/clip.mp4")

    assert told in {"the URL is not valid", "no connection to the server could be made"}
    assert (wide_open.network.asked, trap.accepted - before) == ([], 0)


@pytest.mark.parametrize("host", [*REACHES_THE_TRAP, *REACHES_IT_BY_IPV6])
async def test_the_trap_sees_what_is_opened(trap: Trap, host: str) -> None:
    if host in REACHES_IT_BY_IPV6 and not trap.has_ipv6:
        pytest.skip("this machine has no ::1")
    before = trap.accepted

    fetched = await Way(*LOOPBACK).fetch(f"http://{host}:{trap.port}/clip.mp4")

    assert (fetched, trap.accepted - before) == (b"secret", 1)


async def test_a_name_of_this_machine_is_looked_up_and_refused(trap: Trap) -> None:
    before = trap.accepted
    downloader = Downloader(BOUNDS, OutboundTransport(NetworkPolicy()))

    with pytest.raises(RefusedError, match="its host has a loopback address"):
        async with downloader.open(f"http://localhost:{trap.port}/clip.mp4"):
            pass

    await downloader.close()
    assert trap.accepted == before
    assert set(await looked_up("localhost", 80)) <= {"127.0.0.1", "::1"}


@pytest.mark.parametrize(
    "addresses",
    [
        ["127.0.0.1"],
        ["::1", "127.0.0.1"],
        ["::ffff:127.0.0.1"],
        ["fe80::1%eth0", "127.0.0.1"],
        ["169.254.169.254", "10.0.0.1"],
    ],
)
async def test_a_name_is_judged_by_its_addresses(trap: Trap, addresses: list[str]) -> None:
    before, way = trap.accepted, Way(names=Names(name=[addresses]))

    told = await refusal(way, f"http://name.test.:{trap.port}/clip.mp4")

    assert "; the operator can allow it with network.allow" in told
    assert (way.network.asked, trap.accepted - before) == ([], 0)


async def test_a_name_that_is_opened_is_still_refused_what_is_never_contacted(
    wide_open: Way, trap: Trap
) -> None:
    before = trap.accepted

    told = await refusal(wide_open, f"http://name.test:{trap.port}/clip.mp4")

    assert told.endswith("address, which the box never contacts")
    assert (wide_open.network.asked, trap.accepted - before) == ([], 0)


async def test_of_a_names_addresses_only_the_allowed_ones_are_tried(trap: Trap) -> None:
    before, mixed = trap.accepted, ["127.0.0.1", PUBLIC, "::1", PUBLIC_V6, "10.0.0.1"]
    way = Way(names=Names(name=[mixed]))

    told = await refusal(way, f"http://name.test:{trap.port}/clip.mp4")

    assert told == "no connection to the server could be made"
    assert (way.network.asked, trap.accepted - before) == ([PUBLIC, PUBLIC_V6], 0)


async def test_of_many_addresses_a_few_are_tried(trap: Trap) -> None:
    many = [f"93.184.216.{last}" for last in range(1, 20)]
    way = Way(names=Names(name=[[*many, PUBLIC_V6]]))

    await refusal(way, f"http://name.test:{trap.port}/clip.mp4")

    assert way.network.asked == ["93.184.216.1", PUBLIC_V6, "93.184.216.2"]


async def test_a_name_with_more_addresses_than_anybody_needs_is_not_judged_by_all() -> None:
    many = [f"10.0.{number // 256}.{number % 256}" for number in range(10_000)]
    way = Way(names=Names(name=[[*many, PUBLIC]]))

    told = await refusal(way, "http://name.test/clip.mp4")

    assert told.startswith("its host has a private address")
    assert way.network.asked == []


async def test_a_name_that_changes_between_check_and_connection_is_looked_up_once(
    trap: Trap,
) -> None:
    before, way = trap.accepted, Way(names=Names(name=[[PUBLIC], ["127.0.0.1"]]))

    await refusal(way, f"http://name.test:{trap.port}/clip.mp4")

    assert (way.names.asked, way.network.asked) == (1, [PUBLIC])
    assert trap.accepted == before


async def test_a_name_that_changes_between_two_connections_is_judged_anew(trap: Trap) -> None:
    before, way = trap.accepted, Way(names=Names(name=[[PUBLIC], ["127.0.0.1"]]))
    await refusal(way, f"http://name.test:{trap.port}/clip.mp4")

    told = await refusal(way, f"http://name.test:{trap.port}/clip.mp4")

    assert "a loopback address" in told
    assert (way.network.asked, trap.accepted - before) == ([], 0)


@pytest.fixture
async def door() -> AsyncGenerator[Receiver]:
    """A server that may be contacted, by the name door.test, and redirects."""
    async with receiving() as opened:
        yield opened


def by_name(door: Receiver) -> str:
    return door.url.replace("127.0.0.1", "door.test")


def redirecting(location: str, status: str = "302 Found") -> dict[str, object]:
    headers = {"Location": location, "Content-Length": "0"}
    return {"/clip.mp4": answer(b"", status=status, headers=headers)}


@pytest.mark.parametrize(
    ("location", "kind"),
    [
        ("http://127.0.0.1:{port}/", "a loopback address"),
        ("//127.0.0.1:{port}/", "a loopback address"),
        ("http://2130706433:{port}/", "a loopback address"),
        ("http://u:p@[::1]:{port}/", "a loopback address"),
        ("http://[::ffff:7f00:1]:{port}/", "a loopback address"),
        ("https://127.0.0.1:{port}/", "a loopback address"),
        ("http://inside.test:{port}/", "a loopback address"),
        ("http://10.0.0.1/", "a private address"),
        ("http://[64:ff9b::7f00:1]:{port}/", "an IPv6 translation address"),
        ("http://169.254.169.254/latest/meta-data/", "a cloud metadata address"),
        ("http://0.0.0.0:{port}/", "an unspecified address"),
        ("{door}/clip.mp4", "a loopback address"),
    ],
)
@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "303 Other", "307 Same", "308 Same"])
async def test_a_redirect_to_what_is_not_public_is_refused(
    trap: Trap, door: Receiver, location: str, kind: str, status: str
) -> None:
    before, names = trap.accepted, Names(door=[["127.0.0.1"]], inside=[["127.0.0.1"]])
    door.answers = redirecting(location.format(port=trap.port, door=door.url), status)
    way = Way("door.test", names=names)

    told = await refusal(way, f"{by_name(door)}/clip.mp4")

    assert told.startswith(f"it is redirected to a host that has {kind}")
    assert (way.network.asked, trap.accepted - before) == (["127.0.0.1"], 0)


@pytest.mark.parametrize("scheme", ["file", "ftp", "gopher", "unix", "ws", "data", "javascript"])
async def test_a_redirect_to_another_scheme_is_not_followed(
    trap: Trap, door: Receiver, scheme: str
) -> None:
    before, way = trap.accepted, Way("door.test", names=Names(door=[["127.0.0.1"]]))
    door.answers = redirecting(f"{scheme}://127.0.0.1:{trap.port}/")

    told = await refusal(way, f"{by_name(door)}/clip.mp4")

    assert told == "it is redirected to what is no http or https URL"
    assert trap.accepted == before


async def test_a_kept_connection_is_used_for_its_own_origin_only(
    trap: Trap, door: Receiver
) -> None:
    before, names = trap.accepted, Names(door=[["127.0.0.1"]], other=[["127.0.0.1"]])
    way = Way("door.test", names=names)
    door.answers = {"/clip.mp4": answer(b"content")}
    assert await way.fetch(f"{by_name(door)}/clip.mp4") == b"content"

    told = await refusal(way, door.url.replace("127.0.0.1", "other.test") + "/clip.mp4")

    assert told.startswith("its host has a loopback address")
    assert (len(door.requests), trap.accepted - before) == (1, 0)


CREDENTIALS: Final[Mapping[str, str]] = {
    "/same": "/end",
    "/absolute": "http://door.test:{port}/end",
    "/elsewhere": "http://other.test:{port}/end",
}


@pytest.mark.parametrize(("path", "is_sent"), [("/same", 2), ("/absolute", 2), ("/elsewhere", 1)])
async def test_user_info_is_sent_to_its_own_origin_only(
    door: Receiver, path: str, is_sent: int
) -> None:
    port = door.url.rpartition(":")[2]
    target = {"Location": CREDENTIALS[path].format(port=port), "Content-Length": "0"}
    door.answers = {path: answer(b"", status="302 Found", headers=target), "/end": answer(b"end")}
    names = Names(door=[["127.0.0.1"]], other=[["127.0.0.1"]])

    fetched = await Way("door.test", "other.test", names=names).fetch(
        by_name(door).replace("http://", "http://ann:pass@") + path
    )

    sent = [b"authorization: basic" in request.lower() for request in door.requests]
    assert (fetched, sum(sent), len(sent)) == (b"end", is_sent, 2)
    assert not any(b"pass" in request for request in door.requests)


async def test_a_webhook_to_what_is_not_public_is_not_sent(trap: Trap, closed: Way) -> None:
    before, closed.network.asked[:] = trap.accepted, []
    sender = Sender(closed.transport, within_s=5.0)

    receipt = await sender.post(f"http://127.1:{trap.port}/in", b"{}", {})

    assert receipt.error == (
        "The receiver has a loopback address; the operator can allow it with network.allow."
    )
    assert (receipt.status_code, closed.network.asked, trap.accepted - before) == (None, [], 0)


async def test_the_certificate_is_asked_for_by_the_name_and_not_by_the_address() -> None:
    hellos: list[bytes] = []

    async def listen(stream: SocketStream) -> None:
        async with stream:
            hellos.append(await stream.receive())

    async with await anyio.create_tcp_listener(local_host="127.0.0.1") as listener:
        port = listener.extra(SocketAttribute.local_port)  # noqa: S610 - anyio's
        async with accompanied_by(listener.serve, listen):
            way = Way("door.test", names=Names(door=[["127.0.0.1"]]))
            told = await refusal(way, f"https://door.test:{port}/clip.mp4")

    assert told == "no connection to the server could be made"
    assert [b"door.test" in hello for hello in hellos] == [True]


async def test_a_proxy_of_the_environment_is_not_used(
    trap: Trap, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = trap.accepted
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{trap.port}")
    way = Way(names=Names(name=[[PUBLIC]]))

    await refusal(way, "http://name.test/clip.mp4")

    assert (way.network.asked, trap.accepted - before) == ([PUBLIC], 0)
