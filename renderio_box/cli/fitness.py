"""What a configuration asks of this machine that the machine does not have."""

import ipaddress
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from renderio_box.api.hosts import WELL_FORMED
from renderio_box.ffmpeg.builds import FfmpegMissingError, locate, locate_ffmpeg
from renderio_box.settings import Config

FIRST_FREE_PORT: Final = Path("/proc/sys/net/ipv4/ip_unprivileged_port_start")
USUAL_FIRST_FREE_PORT: Final = 1024
ANY: Final = "*"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """Something that does not fit; ``is_fatal`` where the box would not start."""

    text: str
    is_fatal: bool


def warning(text: str) -> Finding:
    """Return a finding with which the box starts all the same."""
    return Finding(text=text, is_fatal=False)


def fatal(text: str) -> Finding:
    """Return a finding with which the box does not start."""
    return Finding(text=text, is_fatal=True)


def unfit(config: Config) -> Iterator[Finding]:
    """Yield everything that does not fit this machine. Blocks while it looks names up."""
    yield from unfit_listener(config)
    yield from unfit_proxies(config)
    yield from unfit_hosts(config)
    yield from unfit_programs(config)
    yield from unfit_paths(config)


def unfit_listener(config: Config) -> Iterator[Finding]:
    """Yield what is wrong with where the box is to listen."""
    host, port = config.server.host, config.server.port
    try:
        socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        hint = "; write it without scheme and port" if "/" in host or ":" in host else ""
        yield fatal(f"server.host: this machine finds no address for {host}{hint}.")
    if 0 < port < first_free_port() and os.geteuid() != 0:
        yield warning(
            f"server.port: {port} is for root, or for a process with CAP_NET_BIND_SERVICE;"
            " take one from 1024 on, and a reverse proxy before it."
        )


def first_free_port() -> int:
    """Return the first port on which anybody may listen."""
    try:
        return int(FIRST_FREE_PORT.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return USUAL_FIRST_FREE_PORT


def unfit_proxies(config: Config) -> Iterator[Finding]:
    """Yield proxies whose word would never be taken, as they are no addresses."""
    for entry in config.server.trusted_proxies:
        try:
            ipaddress.ip_network(entry)
        except ValueError:
            if entry != ANY:
                yield warning(
                    f"server.trusted_proxies: {entry!r} is neither an address nor a network,"
                    " so that no proxy is believed because of it."
                )


def unfit_hosts(config: Config) -> Iterator[Finding]:
    """Yield names under which no request can come."""
    for entry in config.server.hosts:
        match = WELL_FORMED.fullmatch(entry)
        if entry != ANY and (match is None or match[1] != entry):
            yield warning(
                f"server.hosts: no request comes under the name {entry!r};"
                " write it without scheme, port and path."
            )


def unfit_programs(config: Config) -> Iterator[Finding]:
    """Yield programs that are not there."""
    try:
        locate_ffmpeg(config.ffmpeg.ffmpeg)
    except FfmpegMissingError as error:
        yield fatal(str(error))
    try:
        locate("ffprobe", config.ffmpeg.ffprobe)
    except FfmpegMissingError as error:
        yield fatal(str(error))


def unfit_paths(config: Config) -> Iterator[Finding]:
    """Yield what commands may read, and cannot."""
    for entry in config.sandbox.readable:
        if not Path(entry).exists():
            yield warning(f"sandbox.readable: there is no {entry}.")
