"""What the name of a file tells about where it leads, before anything is opened.

Only names that certainly lead out of a job's own directory are faulted: the sandbox
decides about all others.
"""

import posixpath
import re
from collections.abc import Iterator
from typing import Final

import msgspec

from renderio_box.jobs.filter_graph import Argument, arguments_in, names_in

OWN_DEVICES: Final = frozenset(
    f"/dev/{name}"
    for name in ("null", "zero", "full", "random", "urandom", "stdin", "stdout", "stderr")
)
"""Special files that show nothing of the machine."""
FONT_DIRECTORIES: Final = ("/usr/share/fonts/", "/usr/local/share/fonts/", "/usr/share/X11/fonts/")
"""What every job may read, because text needs fonts."""

SCHEME: Final = re.compile(r"([A-Za-z0-9+.-]+):|(subfile),[^:]*:")
HOME: Final = re.compile(r"~[A-Za-z0-9_-]*(?:/|$)")
ADDRESS: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
OWN_CHANNEL: Final = re.compile(r"-|(?:pipe|fd):[12]?")
WRAPPERS: Final = frozenset({"file", "crypto", "async", "cache", "subfile", "md5"})
"""Protocols that open another name, which follows."""
LISTS: Final = frozenset({"concat", "tee"})
"""Protocols that open several names, with bars between them."""
CHANNELS: Final = frozenset({"fd", "pipe", "unix"})
ELSEWHERE: Final = frozenset({"android_content", "bluray", "concatf", "shared"})
NETWORK: Final = frozenset(
    """
    amqp dtls ffrtmpcrypt ffrtmphttp ftp gopher gophers hls http httpproxy https icecast ipfs ipns
    mmsh mmst prompeg rist rtmp rtmpe rtmps rtmpt rtmpte rtmpts rtp rtsp sap sctp sftp smb srt srtp
    tcp tls udp udplite zmq
    """.split()  # noqa: SIM905 - sixty quotation marks would hide the names
)


def fault_of(name: str) -> str | None:
    """Return what leads a file out of its job, as a clause; None when nothing is seen to."""
    scheme, rest = scheme_of(name)
    if scheme in WRAPPERS:
        return fault_of(rest)
    if scheme in LISTS:
        faults = (fault_of(target.name) for target in targets_in(rest))
        return next((fault for fault in faults if fault is not None), None)
    if scheme == "data" or OWN_CHANNEL.fullmatch(name):
        return None
    return protocol_fault(scheme) or path_fault(name)


def protocol_fault(scheme: str) -> str | None:
    """Return what is wrong with the protocol of a name, which may be none."""
    if scheme in NETWORK:
        return "which is on the network"
    if scheme in CHANNELS:
        return "which is a channel to another program"
    return "which is not in the command's own directory" if scheme in ELSEWHERE else None


def path_fault(name: str) -> str | None:
    """Return what is wrong with a plain path."""
    if posixpath.normpath(name).split("/")[0] == "..":
        return "which leads out of the command's own directory"
    if HOME.match(name):
        return "which is in a home directory"
    if ADDRESS.match(name):
        return "which is on the network"
    if not name.startswith("/") or name in OWN_DEVICES or is_font(name):
        return None
    return "which is an absolute path"


def is_font(path: str) -> bool:
    """Tell whether an absolute path is a font, or a directory of fonts."""
    plain = posixpath.normpath(path)
    return any(f"{plain}/".startswith(directory) for directory in FONT_DIRECTORIES)


def scheme_of(name: str) -> tuple[str, str]:
    """Return the protocol that a name begins with, in small letters, and the rest."""
    match = SCHEME.match(name)
    if match is None:
        return "", name
    scheme = (match[1] or match[2]).lower()
    outer, plus, _ = scheme.partition("+")
    if plus and outer in WRAPPERS:
        return outer, name[len(outer) + 1 :]
    return outer, name[match.end() :]


class Target(msgspec.Struct, frozen=True):
    """One name of a list with bars between them, with its options in brackets."""

    name: str
    options: tuple[Argument, ...]


def targets_in(text: str) -> Iterator[Target]:
    """Yield the targets of a list such as ``[f=mpegts]a.ts|b.mp4``."""
    for part in names_in(text, separator="|"):
        if part.startswith("["):
            options, _, name = part[1:].partition("]")
            yield Target(name, tuple(arguments_in(options)))
        else:
            yield Target(part, ())
