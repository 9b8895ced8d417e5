"""From a caller's arguments to the ones FFmpeg is started with.

What the box adds: its own control options, a protocol whitelist for every input, a
format whitelist for those whose format the command leaves open, thread counts for jobs that are held to their CPUs, and the present name of options
that the installed build has dropped.
"""

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from renderio_box.jobs.command_line import InvalidCommandError, placeholder_of
from renderio_box.jobs.demuxers import format_whitelist
from renderio_box.jobs.options import Item, Role, items

PROTOCOLS: Final = "file,crypto,data,concat,subfile,async,cache"
"""What an input may be opened with: nothing that leaves the machine."""

CONTROL: Final = ("-hide_banner", "-nostdin", "-y", "-nostats", "-stats_period", "0.5")
OURS: Final = frozenset({"y", "n", "nostdin", "stdin", "progress", "stats_period"})
SYNC_METHODS: Final = {
    "-1": "auto",
    "0": "passthrough",
    "1": "cfr",
    "2": "vfr",
    "drop": "passthrough",
}
RENAMED: Final = {
    "filter_complex_script": "/filter_complex",
    "filter_script": "/filter",
    "absf": "bsf:a",
    "vbsf": "bsf:v",
}
DROPPED: Final = frozenset({"psnr", "qphist", "adrift_threshold"})
REPLACED: Final = {
    "map_channel": "use -af pan=… or -filter_complex channelsplit",
    "async": "use -af aresample=async=1",
    "vol": "use -af volume=…",
    "top": "use -vf setfield=tff or setfield=bff",
}


class Build(msgspec.Struct, frozen=True, kw_only=True):
    """What commands need to know of the installed FFmpeg.

    ``options`` are the names of its main options; ``demuxers`` those of the formats that it
    reads from files, devices left out; ``version`` is as it prints it. ``encoders`` and
    ``filters`` are by name.
    """

    version: str
    options: frozenset[str]
    demuxers: frozenset[str]
    encoders: frozenset[str] = frozenset()
    filters: frozenset[str] = frozenset()

    def knows(self, option: str) -> bool:
        """Tell whether the build still has a main option of that name."""
        return option in self.options


class Adapted(msgspec.Struct, frozen=True, kw_only=True):
    """A step as the installed build understands it, and what was changed for that."""

    arguments: tuple[str, ...]
    warnings: tuple[str, ...]


def adapt(arguments: Sequence[str], build: Build) -> Adapted:
    """Put present names in place of options that ``build`` has dropped.

    Raises:
        InvalidCommandError: An option is gone and only the caller can replace it,
            or an input stands where an output is written.
    """
    warnings: list[str] = []
    words: list[str] = []
    frame_sync = () if build.knows("vsync") else frame_sync_of(arguments)
    if frame_sync:
        warnings.append(f"-vsync was passed as {' '.join(frame_sync)}, {since(build)}")
    for item in items(arguments):
        refuse_input_as_output(item)
        if frame_sync and item.name == "vsync":
            continue
        if item.role is Role.OUTPUT:
            # Options end at "--", which may stand before the output.
            at = len(words) - 1 if words[-1:] == ["--"] else len(words)
            words[at:at] = frame_sync
        words += present(item, build, warnings)
    return Adapted(arguments=tuple(words), warnings=tuple(warnings))


def frame_sync_of(arguments: Sequence[str]) -> tuple[str, ...]:
    """Return what ``-vsync``, a global option, is called before each output today."""
    methods = [item.value for item in items(arguments) if item.name == "vsync"]
    return ("-fps_mode", SYNC_METHODS.get(methods[-1], methods[-1])) if methods else ()


def present(item: Item, build: Build, warnings: list[str]) -> tuple[str, ...]:
    """Return the item's words under the names that ``build`` knows."""
    name = item.name
    if item.role is not Role.OPTION or build.knows(name):
        return item.words
    if name in REPLACED:
        raise InvalidCommandError(f"-{name} is gone, {since(build)} {REPLACED[name].capitalize()}.")
    if name in DROPPED:
        warnings.append(f"-{name} was left out, {since(build)}")
        return ()
    if name in RENAMED:
        option = f"-{RENAMED[name]}{item.words[0][1 + len(name) :]}"
        warnings.append(f"-{name} was passed as {option}, {since(build)}")
        return (option, *item.words[1:])
    return item.words


def since(build: Build) -> str:
    """Return the reason for a change as the end of a sentence."""
    return f"because FFmpeg {build.version} no longer knows it."


def refuse_input_as_output(item: Item) -> None:
    """Refuse a command that would write over one of its own inputs."""
    alias = placeholder_of(item.value)
    if item.role is Role.OUTPUT and alias is not None and alias.startswith("in_"):
        raise InvalidCommandError(
            f"{{{{{alias}}}}} is an input but stands where an output is written;"
            " put -i before it, or write to an {{out_…}} file."
        )


def invoke(arguments: Sequence[str], build: Build, *, threads: int | None) -> tuple[str, ...]:
    """Return what follows ``ffmpeg`` on the real command line.

    ``arguments`` are bound already: an input's name says which formats it may have.
    ``threads`` is how many threads each decoder and encoder may start; None leaves
    that to FFmpeg. A caller's own ``-threads`` stays.
    """
    limit = () if threads is None else ("-threads", str(threads))
    words: list[str] = [*CONTROL, "-progress", "pipe:1"]
    if threads is not None:
        words += ("-filter_threads", str(threads), "-filter_complex_threads", str(threads))
    for group in groups(arguments):
        if not any(item.name == "threads" for item in group):
            words += limit if group[-1].role is not Role.OPTION else ()
        for item in group:
            if item.role is Role.INPUT:
                words += ("-protocol_whitelist", PROTOCOLS)
                if not any(option.name == "f" for option in group):
                    words += format_whitelist(build.demuxers, item.value)
            words += item.words
    return tuple(words)


def groups(arguments: Sequence[str]) -> Iterator[list[Item]]:
    """Yield options together with the input or output that they belong to."""
    group: list[Item] = []
    for item in items(arguments):
        if item.role is Role.OPTION and item.name in OURS:
            continue
        group.append(item)
        if item.role is not Role.OPTION:
            yield group
            group = []
    if group:
        yield group
