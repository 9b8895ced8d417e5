"""Everything that is looked at, put together."""

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Final

import msgspec
from anyio import to_thread

from renderio_box.bounds import MEBIBYTE, resource_limits, wanted_isolation
from renderio_box.clock import SystemClock
from renderio_box.data_directory import DataDirectory
from renderio_box.doctor import door, moments, places, records, trials, walls
from renderio_box.doctor.builds import build_findings, missing
from renderio_box.doctor.finding import Check, Finding, examine, well
from renderio_box.ffmpeg.builds import FfmpegMissingError, describe_ffmpeg, locate_ffmpeg
from renderio_box.ffmpeg.isolation import IsolationError, Wanted, find_isolation
from renderio_box.ffmpeg.sandbox import Isolation, Tier
from renderio_box.ground import own_fonts
from renderio_box.settings import Config

WITHIN_SECONDS: Final = 120.0
"""How long looking at everything may take; on a quiet machine it takes a few seconds."""

Find = Callable[[Wanted], Awaitable[Isolation]]


class Patient(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked at: settings, data, and the box itself where one runs."""

    config: Config
    data: DataDirectory
    standing: door.Standing | None
    ask: door.Ask


async def examination(patient: Patient, *, within_s: float = WITHIN_SECONDS) -> list[Finding]:
    """Look at everything, side by side, and return what was found."""
    config, data = patient.config, patient.data
    reserve_bytes = config.storage.reserve_mbytes * MEBIBYTE
    checks: dict[str, Check] = {
        "box": partial(the_box, patient),
        "data directory": partial(in_thread, partial(places.directory_findings, data)),
        "disk": partial(
            in_thread, partial(places.disk_findings, data, reserve_bytes=reserve_bytes)
        ),
        "ffmpeg": partial(tools, config),
    }
    return await examine(checks, within_s=within_s)


async def in_thread(look: Callable[[], Iterator[Finding]]) -> AsyncGenerator[Finding]:
    """Yield what a look finds that blocks."""
    for finding in await to_thread.run_sync(lambda: list(look())):
        yield finding


async def the_box(patient: Patient) -> AsyncGenerator[Finding]:
    """Yield how the box stands: whether it answers, its database, and the clock that it goes by."""
    standing, newest = patient.standing, None
    if standing is None:
        yield well("box", "it does not run")
        yield await to_thread.run_sync(door.stopped_port, patient.config.server)
        finding, integrity = await records.stopped_database(patient.data)
        yield finding
        newest = None if integrity is None else integrity.newest
    else:
        for finding in door.self_report(standing):
            yield finding
        yield door.running_port(standing)
        if not standing.fault and records.SUBJECT not in standing.trouble:
            yield well(
                records.SUBJECT, "the box can write it; stop the box to have it checked whole"
            )
    yield await door.public_finding(patient.config.server.public_url, standing, patient.ask)
    yield moments.clock_finding(
        SystemClock().now(),
        built_at=await to_thread.run_sync(moments.installed_at),
        newest=newest,
        is_synchronised=moments.is_synchronised(),
    )


async def tools(config: Config) -> AsyncGenerator[Finding]:
    """Yield what there is to run commands with, tried as the box would run them."""
    try:
        ffmpeg = locate_ffmpeg(config.ffmpeg.ffmpeg)
    except FfmpegMissingError as error:
        yield missing(error)
        return
    with ExitStack() as stack:
        fonts = own_fonts(stack)
        find = partial(find_isolation, ffmpeg, resource_limits(config), font_config=fonts)
        try:
            isolation = await find(wanted_isolation(config))
        except IsolationError as error:
            yield walls.no_walls(error, await remedy(None))
            return
        yield await walls_of(isolation, find)
        try:
            found = await describe_ffmpeg(ffmpeg, config.ffmpeg.ffprobe, isolation)
        except FfmpegMissingError as error:
            yield missing(error)
            return
        for finding in build_findings(found, isolation.tier):
            yield finding
        laboratory = trials.Laboratory(found, isolation, config.hardware.devices)
        async for finding in trials.software_findings(laboratory):
            yield finding
        async for finding in trials.hardware_findings(laboratory):
            yield finding
        yield await trials.font_finding(laboratory)


async def walls_of(isolation: Isolation, find: Find) -> Finding:
    """Tell which walls there are, and why not better ones."""
    why = fix = ""
    if isolation.tier is not Tier.BUBBLEWRAP:
        try:
            await find(Wanted(tiers=(Tier.BUBBLEWRAP,), readable=isolation.readable))
            why, fix = "it would hold here, but sandbox.tier asks for another", 'set it to "auto"'
        except IsolationError as error:
            why = str(error).partition("(bubblewrap: ")[2].partition(").")[0] or str(error)
            fix = await remedy(isolation)
    return walls.walls_finding(isolation, why_not_better=why, remedy=fix)


async def remedy(isolation: Isolation | None) -> str:
    """Return what would wall commands in better on this machine."""
    switches = await to_thread.run_sync(walls.kernel_switches)
    contained = await to_thread.run_sync(walls.is_contained)
    return walls.remedy_for(isolation, switches, contained=contained)
