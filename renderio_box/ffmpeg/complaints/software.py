"""Hardware that is not there, or not to be used: what is missing, and how to do without."""

import re
from typing import Final

from msgspec.structs import replace

from renderio_box.ffmpeg.complaints.rule import Advice, Asked, rule
from renderio_box.jobs.hardware import CODEC, hardware_of
from renderio_box.jobs.software import in_software

LIBRARY: Final = re.compile(
    r"Cannot load (lib\S+\.so\S*)|DLL (lib\S+\.so\S*) failed to open|(lib\S+\.so) not found"
)
ASKED_FOR: Final = "The command asks for video hardware"
DRIVER: Final = "its driver did not work here"


def software_instead(asked: Asked, codec: str = "") -> Advice | None:
    """Return how to do without hardware; None when ``codec``, or the command, uses none."""
    if codec and CODEC.fullmatch(codec) is None:
        return None
    build = asked.build
    found = in_software(asked.words, encoders=build.encoders, filters=build.filters)
    if found is None:
        return None
    said = f"use {' and '.join(found.encoders)}" if found.encoders else "leave it out"
    return Advice(remedy=f"{said}: it needs no hardware", words=found.words)


def no_hardware(match: re.Match[str], asked: Asked) -> Advice | None:
    """Say what is missing, and do without it."""
    soft = software_instead(asked)
    says = f"{ASKED_FOR}, and {asked.lacking or missing_driver(match.string)}"
    return Advice(says=says) if soft is None else replace(soft, says=says)


def missing_driver(log: str) -> str:
    """Return what the log says of the driver, as a clause."""
    found = LIBRARY.search(log)
    if found is None:
        return DRIVER
    name = next(group for group in found.groups() if group)
    return f"its driver's library {name} is not installed here"


def unknown_hardware(match: re.Match[str], asked: Asked) -> Advice | None:
    """Do without what has no meaning."""
    del match
    return software_instead(asked)


def not_convertible(match: re.Match[str], asked: Asked) -> Advice | None:
    """Tell pictures in a graphics card's memory from others that do not go together."""
    return no_hardware(match, asked) if hardware_of(asked.words) else None


RULES: Final = (
    rule(
        r"Cannot load (?:lib)?(?:nv)?cuda|Cannot load (?:lib)?nv|No capable devices found"
        r"|(?:Error initializing an internal|Error creating a) MFX session|No VA display found"
        r"|Device creation failed|No device available for decoder|Cannot open display"
        r"|Failed loading nvcuvid|A hardware (?:frames|device) reference is required"
        r"|_v4l2m2m[^]]*\] Could not find a valid device|hardware device context \(AMF\)"
        r"|libOMX_Core\.so not found",
        ASKED_FOR,
        "use an encoder without hardware, such as libx264",
        no_hardware,
    ),
    rule(
        r"Unrecognized hwaccel: (\S+?)\.$",
        r"This FFmpeg knows no hardware called '\1'",
        "leave -hwaccel out",
        unknown_hardware,
    ),
    rule(
        r"Impossible to convert between the formats supported by the filter",
        "Two filters do not take each other's pictures or sound",
        "put format=yuv420p or aformat between them",
        not_convertible,
    ),
)
