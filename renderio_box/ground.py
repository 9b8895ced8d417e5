"""What everything else stands on: FFmpeg found, the database and the stored files opened."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from importlib.resources import as_file
from pathlib import Path
from typing import Final

import msgspec
import structlog

from renderio_box import __version__
from renderio_box.assets import FONT_CONFIG, asset
from renderio_box.bounds import (
    MEBIBYTE,
    download_bounds,
    network_policy,
    resource_limits,
    wanted_isolation,
)
from renderio_box.catalog.keys import KeyRing
from renderio_box.clock import Clock, SystemClock
from renderio_box.data_directory import DataDirectory
from renderio_box.database.connection import SqliteDatabase, open_sqlite
from renderio_box.ffmpeg.builds import Found, describe_ffmpeg, locate_ffmpeg
from renderio_box.ffmpeg.cgroups import Cgroups, find_cgroups
from renderio_box.ffmpeg.isolation import find_isolation
from renderio_box.ffmpeg.playthrough import FfmpegPlayer
from renderio_box.ffmpeg.probe import FfmpegProber
from renderio_box.ffmpeg.sandbox import Isolation, Tier
from renderio_box.inputs.addresses import SETTING, NetworkPolicy
from renderio_box.inputs.download import Downloader
from renderio_box.inputs.outbound import OutboundTransport
from renderio_box.jobs.error_status import ErrorStatus
from renderio_box.machine import usable_cpus
from renderio_box.metrics import Metrics
from renderio_box.settings import Config
from renderio_box.storage.addresses import Addresses
from renderio_box.storage.local import LocalStorage
from renderio_box.wakeup import Announcer, Wakeup

log = structlog.get_logger()

SYSTEM_FONTS: Final = Path("/etc/fonts/fonts.conf")


class Tooling(msgspec.Struct, frozen=True):
    """The FFmpeg that was found, and how children are walled in."""

    found: Found
    isolation: Isolation
    cgroups: Cgroups | None
    prober: FfmpegProber
    player: FfmpegPlayer


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """Settings, time, signals, and all that is open; ``vcpus`` is what jobs share.

    ``work_wakeup`` wakes the scheduler; ``announcer`` wakes it and whoever else listens;
    ``delivery_wakeup`` wakes the dispatcher of webhooks, ``shortage`` whoever makes room on a
    full disk.
    """

    config: Config
    data: DataDirectory
    vcpus: int
    clock: Clock
    work_wakeup: Wakeup
    announcer: Announcer
    delivery_wakeup: Wakeup
    shortage: Wakeup
    tooling: Tooling
    database: SqliteDatabase
    storage: LocalStorage
    addresses: Addresses
    policy: NetworkPolicy
    downloader: Downloader
    keys: KeyRing
    metrics: Metrics


@asynccontextmanager
async def open_ground(config: Config, data: DataDirectory) -> AsyncGenerator[Ground]:
    """Take the data directory and open what is in it; what half arrived is forgotten.

    Raises:
        DirectoryInUseError, FfmpegMissingError, IsolationError,
        UnusableDatabaseError, UrlKeysError: It cannot be done; nothing was changed.
    """
    clock, metrics = SystemClock(), Metrics(ErrorStatus)
    wakeup, shortage = Wakeup(), Wakeup()
    vcpus = config.jobs.vcpus or len(usable_cpus())
    async with AsyncExitStack() as stack:
        data.make()
        stack.enter_context(data.locked())
        url_keys = data.url_keys()
        tooling = await open_tooling(config, stack, vcpus=vcpus)
        database = await stack.enter_async_context(open_sqlite(data.database, metrics))
        await (storage := storage_of(config, data, shortage, metrics)).open()
        policy, keys = network_policy(config), KeyRing(database, clock)
        tell_networks(config)
        downloader = Downloader(download_bounds(config), OutboundTransport(policy), metrics)
        stack.push_async_callback(downloader.close)
        await keys.load()
        yield Ground(
            config=config,
            data=data,
            vcpus=vcpus,
            clock=clock,
            work_wakeup=wakeup,
            announcer=Announcer(wakeup),
            delivery_wakeup=Wakeup(),
            shortage=shortage,
            tooling=tooling,
            database=database,
            storage=storage,
            addresses=Addresses(url_keys, clock, hours=config.storage.url_hours),
            policy=policy,
            downloader=downloader,
            keys=keys,
            metrics=metrics,
        )


def storage_of(
    config: Config, data: DataDirectory, shortage: Wakeup, metrics: Metrics
) -> LocalStorage:
    """Return where files are kept, before it is opened."""
    reserve_bytes = config.storage.reserve_mbytes * MEBIBYTE
    return LocalStorage(data.files, reserve_bytes=reserve_bytes, shortage=shortage, metrics=metrics)


def tell_networks(config: Config) -> None:
    """Write one line that says whom the box contacts for its callers."""
    if config.network.allow:
        log.info("networks_open", public=True, also=", ".join(config.network.allow))
    else:
        hint = f'{SETTING} opens others, such as ["192.168.1.0/24", "nas.lan"]'
        log.info("networks_open", public=True, also="none", hint=hint)


@asynccontextmanager
async def open_keys(data: DataDirectory) -> AsyncGenerator[KeyRing]:
    """Open the keys alone, for commands that run while the box does not.

    Raises:
        DirectoryInUseError, UnusableDatabaseError: The box runs, or cannot.
    """
    data.make()
    with data.locked():
        async with open_sqlite(data.database) as database:
            keys = KeyRing(database, SystemClock())
            await keys.load()
            yield keys


def own_fonts(stack: ExitStack | AsyncExitStack) -> Path | None:
    """Return our font configuration for machines that have none, None where there is one."""
    if SYSTEM_FONTS.exists():
        return None
    return stack.enter_context(as_file(asset("."))) / FONT_CONFIG


async def open_tooling(config: Config, stack: AsyncExitStack, *, vcpus: int) -> Tooling:
    """Find FFmpeg and prove the launcher; the first log lines say what was found."""
    font_config = own_fonts(stack)
    ffmpeg = locate_ffmpeg(config.ffmpeg.ffmpeg)
    isolation = await find_isolation(
        ffmpeg, resource_limits(config), wanted_isolation(config), font_config=font_config
    )
    found = await describe_ffmpeg(ffmpeg, config.ffmpeg.ffprobe, isolation)
    cgroups = await find_cgroups()
    log.info(
        "starting",
        version=__version__,
        ffmpeg=str(found.ffmpeg),
        ffmpeg_version=found.build.version,
        ffprobe=str(found.ffprobe or "none, facts are read from ffmpeg"),
        vcpus=vcpus,
        isolation=isolation.name,
        cgroups=cgroups is not None,
    )
    if isolation.tier is Tier.UNSANDBOXED:
        log.warning(
            "unsandboxed",
            meaning="commands can read the files of this user and reach the network",
            setting="sandbox.allow_unsafe",
        )
    if found.missing_encoders:
        log.warning("encoders_missing", encoders=", ".join(found.missing_encoders))
    prober = FfmpegProber(found, isolation, at_once=vcpus)
    player = FfmpegPlayer(found, isolation, at_once=vcpus)
    return Tooling(found, isolation, cgroups, prober, player)
