"""Whether the box can be reached, from this machine and by its public address."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

import msgspec

from renderio_box.doctor.finding import Finding, problem, warning, well
from renderio_box.http_server import AddressInUseError, listening
from renderio_box.settings import ServerConfig

PUBLIC: Final = "public_url"
FORWARD: Final = "have the proxy pass this address on to the box, its path as in public_url"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What an address answered: which box, if any, and what went wrong."""

    instance: str = ""
    fault: str = ""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """The box that runs: where it listens, which it is, and what it says of itself.

    ``trouble`` are its own checks that failed, by name; ``fault`` is why it did not answer.
    """

    url: str
    instance: str = ""
    trouble: Mapping[str, str] = {}
    fault: str = ""


Ask = Callable[[str], Awaitable[Answer]]
"""Asks a box's address which box it is, in a bounded time."""


def stopped_port(server: ServerConfig) -> Finding:
    """Tell whether a box that does not run could listen. Blocks for a moment."""
    try:
        with listening(server):
            return well("port", f"{server.host} port {server.port} is free")
    except AddressInUseError as error:
        what = str(error).partition(";")[0]
        return problem("port", what, "stop what has it (ss -ltnp), or choose another server.port")


def running_port(standing: Standing) -> Finding:
    """Tell whether the box that runs answers on this machine."""
    if standing.fault:
        fix = "look at its log (journalctl -u renderio-box), and restart it"
        return problem("port", f"{standing.url} does not answer: {standing.fault}", fix)
    return well("port", f"{standing.url} is this box")


def self_report(standing: Standing) -> list[Finding]:
    """Return what the box says of itself."""
    if standing.fault:
        return []
    fix = "see /readyz and the log"
    return [problem("box", f"{name}: {what}", fix) for name, what in standing.trouble.items()] or [
        well("box", "it runs, and says that commands can run")
    ]


async def public_finding(public_url: str, standing: Standing | None, ask: Ask) -> Finding:
    """Tell whether the public address leads to this very box."""
    if not public_url:
        return well(PUBLIC, "empty: URLs are handed out as each request came in")
    if standing is None or standing.fault:
        return well(PUBLIC, f"{public_url} was not tried, because the box does not run")
    answer = await ask(public_url)
    if answer.fault:
        return problem(PUBLIC, f"{public_url} from this machine: {answer.fault}", FORWARD)
    if answer.instance != standing.instance:
        return problem(PUBLIC, f"{public_url} leads to another box", FORWARD)
    if public_url.startswith("http://"):
        fix = "serve it by https, unless only your own network reaches it"
        return warning(
            PUBLIC, f"{public_url} leads to this box, and keys cross the network openly", fix
        )
    return well(PUBLIC, f"{public_url} leads to this box")
