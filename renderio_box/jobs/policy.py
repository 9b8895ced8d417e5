"""What can be seen of a command, before it runs, to reach out of its own files.

This makes for clear answers and keeps no one out: the sandbox does. So only what is
certain is refused, and placeholders, relative names and free text always pass.
"""

from collections.abc import Iterator, Sequence
from typing import Final

from renderio_box.jobs.file_arguments import (
    PARAMETERS,
    READING_OPTIONS,
    SEPARATORS,
    WRITING_OPTIONS,
    files_of,
    formats_of,
    plugins_of,
)
from renderio_box.jobs.filter_graph import Filter, arguments_in, filters_in, names_in
from renderio_box.jobs.options import FILTER_OPTIONS, Item, Role, items
from renderio_box.jobs.reach import fault_of, targets_in
from renderio_box.jobs.words import shortened

GRAPH_FORMAT: Final = "lavfi"
LIST_FORMAT: Final = "tee"
DEVICES: Final = frozenset(
    """
    alsa android_camera audiotoolbox avfoundation bktr caca decklink dshow dvdvideo fbdev gdigrab
    iec61883 jack kmsgrab libcdio libdc1394 openal opengl oss pulse sdl sdl2 sndio v4l2 vfwcap
    video4linux2 x11grab xcbgrab xv
    """.split()  # noqa: SIM905 - quotation marks would hide the names
)
NETWORK_FORMATS: Final = frozenset({"rtp", "rtp_mpegts", "rtsp", "sap", "sdp", "whip"})
SCRIPTS: Final = frozenset({"avisynth", "vapoursynth"})
NETWORK_OPTIONS: Final = frozenset(
    {"gateway", "http_proxy", "listen", "local_addr", "localaddr", "server"}
)
LISTENING_FILTERS: Final = frozenset({"azmq", "zmq"})
OWN_INPUT: Final = frozenset({"-", "pipe:", "pipe:0", "fd:", "fd:0"})

READ: Final = "declare the file in input_files and write {{in_…}} in its place"
WRITE: Final = "write to a bare file name, or declare the file in output_files and write {{out_…}} in its place"
EITHER: Final = "use a declared file's placeholder in its place, or a bare file name"


class OutsideError(ValueError):
    """An argument reaches out of the command's own files; the text says which and how."""


def refuse_outside(arguments: Sequence[str]) -> None:
    """Refuse arguments that name what no command can reach.

    Raises:
        OutsideError: Names the argument and says what to write in its place.
    """
    form = ""
    for item in items(arguments):
        match item.role:
            case Role.INPUT:
                check_input(item.value, form)
                form = ""
            case Role.OUTPUT:
                check_output(item.value, form)
                form = ""
            case Role.OPTION if len(item.words) > 1:
                form = item.value.lower() if item.name == "f" else form
                check_option(item)
            case Role.OPTION:
                pass


def check_input(name: str, form: str) -> None:
    """Refuse an input that is not among the command's own."""
    if form == GRAPH_FORMAT:
        check_graph(name, "-i")
    elif name in OWN_INPUT:
        raise OutsideError(f"-i {name} reads FFmpeg's standard input, where nothing comes; {READ}.")
    else:
        check_file(name, "-i", READ)


def check_output(name: str, form: str) -> None:
    """Refuse an output that would be written elsewhere."""
    if form != LIST_FORMAT:
        check_file(name, "An output", WRITE)
        return
    for target in targets_in(name):
        check_file(target.name, "An output of -f tee", WRITE)
        for option in target.options:
            check_option(Item(Role.OPTION, option.key, (f"-{option.key}", option.value)))


def check_option(item: Item) -> None:
    """Refuse an option whose value reaches outside."""
    option = item.words[0]
    if item.name == "f":
        check_format(item.value, option)
    elif item.name in NETWORK_OPTIONS:
        raise OutsideError(
            f"{option} {shortened(item.value)} is for the network, which a command cannot reach;"
            " leave it out."
        )
    elif item.name in FILTER_OPTIONS:
        check_graph(item.value, option)
    elif item.name in PARAMETERS:
        for part in arguments_in(item.value, separator=PARAMETERS[item.name]):
            check_file(part.value, f"{shortened(part.key)} in {option}", EITHER)
    else:
        for name, remedy in files_named_by(item):
            check_file(name, option, remedy)


def files_named_by(item: Item) -> Iterator[tuple[str, str]]:
    """Yield the files of an option's value, each with what else to write."""
    if item.name in WRITING_OPTIONS:
        yield item.value, WRITE
    elif item.name in SEPARATORS:
        yield from ((name, READ) for name in names_in(item.value, separator=SEPARATORS[item.name]))
    elif item.name in READING_OPTIONS or item.name.startswith("/"):
        yield item.value, READ


def check_graph(graph: str, option: str) -> None:
    """Refuse a filter graph that names what lies outside."""
    for found in filters_in(graph):
        where = f"{shortened(found.name)} in {option}"
        if found.name in LISTENING_FILTERS:
            raise OutsideError(f"{where} listens on the network, which a command cannot reach.")
        check_plugins(found, where)
        for form in formats_of(found):
            check_format(form, where)
        for name in files_of(found):
            check_file(name, where, EITHER)


def check_plugins(found: Filter, where: str) -> None:
    """Refuse a filter that loads code of the caller's."""
    for name in plugins_of(found):
        if "/" in name or "{{" in name or name.startswith("."):
            raise OutsideError(
                f"{where} would load '{shortened(name)}', and a command cannot bring code with it;"
                " give the bare name of a plug-in that is installed."
            )


def check_format(form: str, where: str) -> None:
    """Refuse a format that is a device, the network, or a program of its own."""
    name = form.lower()
    if name in DEVICES:
        raise OutsideError(
            f"{where} {name} is a device of the machine, which a command cannot reach;"
            " name a format of files."
        )
    if name in NETWORK_FORMATS:
        raise OutsideError(
            f"{where} {name} is for the network, which a command cannot reach;"
            " name a format of files."
        )
    if name in SCRIPTS:
        raise OutsideError(
            f"{where} {name} runs a script, and a command cannot bring code with it."
        )


def check_file(name: str, where: str, remedy: str) -> None:
    """Refuse a file that is seen to lie outside."""
    fault = fault_of(name)
    if fault is not None:
        raise OutsideError(f"{where} names '{shortened(name)}', {fault}; {remedy}.")
