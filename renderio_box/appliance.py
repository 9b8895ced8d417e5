"""The composition root: opens every part and puts them together."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from importlib.resources import as_file
from pathlib import Path
from typing import Final

import msgspec
import structlog
from litestar import Litestar

from renderio_box import __version__
from renderio_box.api.app import Parts, create_app
from renderio_box.api.health import BoxFacts, FfmpegFacts, Health
from renderio_box.api.llms import Offer
from renderio_box.api.renderio.files import UploadLimit
from renderio_box.assets import FONT_CONFIG, asset
from renderio_box.catalog.endpoints import EndpointCatalog
from renderio_box.catalog.files import FileCatalog
from renderio_box.catalog.keys import KeyRing
from renderio_box.clock import Clock, SystemClock
from renderio_box.config import Config
from renderio_box.data_directory import DataDirectory
from renderio_box.database import liveness
from renderio_box.database.connection import SqliteDatabase, open_sqlite
from renderio_box.ffmpeg.builds import Found, find_ffmpeg, version_of
from renderio_box.ffmpeg.isolation import find_isolation
from renderio_box.ffmpeg.local_executor import Isolation, LocalExecutor
from renderio_box.ffmpeg.probe import FfmpegProber
from renderio_box.ffmpeg.sandbox import ResourceLimits, Tier, process_limit
from renderio_box.inputs.download import DownloadBounds, Downloader
from renderio_box.jobs.limits import JobLimits
from renderio_box.machine import physical_memory_bytes, usable_cpus
from renderio_box.outgoing import open_dispatcher
from renderio_box.queue.history import History
from renderio_box.queue.job_queue import EVERY_LEASE, JobQueue
from renderio_box.queue.outbox import Outbox
from renderio_box.scheduler.attempt import AttemptRunner
from renderio_box.scheduler.capacity import Capacity
from renderio_box.scheduler.collect import Collector
from renderio_box.scheduler.fetch import Fetcher
from renderio_box.scheduler.gather import Gatherer
from renderio_box.scheduler.publish import Publisher
from renderio_box.scheduler.scheduler import Scheduler
from renderio_box.scheduler.workspace import Workspaces
from renderio_box.storage.local import LocalStorage
from renderio_box.wakeup import Announcer, Wakeup
from renderio_box.webhooks.dispatcher import Dispatcher

log = structlog.get_logger()

MEBIBYTE: Final = 1024 * 1024
SYSTEM_FONTS: Final = Path("/etc/fonts/fonts.conf")


class Box(msgspec.Struct, frozen=True, kw_only=True):
    """The parts that run or are spoken to."""

    queue: JobQueue
    keys: KeyRing
    scheduler: Scheduler
    dispatcher: Dispatcher
    app: Litestar


@asynccontextmanager
async def open_keys(data: DataDirectory) -> AsyncGenerator[KeyRing]:
    """Open the keys alone, for commands that run while the box does not.

    Raises:
        DirectoryInUseError: The box runs.
    """
    data.make()
    with data.locked():
        async with open_sqlite(data.database) as database:
            keys = KeyRing(database, SystemClock())
            await keys.load()
            yield keys


class Tooling(msgspec.Struct, frozen=True):
    """The FFmpeg that was found, and how children are walled in."""

    found: Found
    isolation: Isolation
    prober: FfmpegProber


class Kept(msgspec.Struct, frozen=True):
    """What is kept on disk, opened."""

    database: SqliteDatabase
    storage: LocalStorage
    files: FileCatalog
    keys: KeyRing


@asynccontextmanager
async def open_box(config: Config, data: DataDirectory) -> AsyncGenerator[Box]:
    """Open every part in the order of their needs; what a dead process left is cleared up."""
    clock, wakeup = SystemClock(), Wakeup()
    announcer = Announcer(wakeup)
    vcpus = config.jobs.vcpus or len(usable_cpus())
    async with AsyncExitStack() as stack:
        data.make()
        stack.enter_context(data.locked())
        tooling = await open_tooling(config, data, stack, vcpus=vcpus)
        kept = await open_kept(config, data, tooling.prober, clock, stack)
        queue = JobQueue(kept.database, clock, announcer, max_queued=config.jobs.max_queued)
        await take_back_jobs(queue)
        runner = await open_runner(config, data, tooling, kept, stack)
        parts = Parts(
            queue=queue,
            history=History(kept.database),
            files=kept.files,
            storage=kept.storage,
            keys=kept.keys,
            endpoints=EndpointCatalog(kept.database, clock),
            outbox=Outbox(kept.database, clock, announcer),
            health=health_of(tooling, kept, clock, vcpus=vcpus),
            limits=job_limits(config, vcpus=vcpus),
            build=tooling.found.build,
            upload_limit=UploadLimit(config.storage.upload_mbytes * MEBIBYTE),
            offer=offer_of(config, tooling.found, vcpus=vcpus),
            public_url=config.server.public_url,
            max_body_bytes=config.server.max_body_kbytes * 1024,
        )
        yield Box(
            queue=queue,
            keys=kept.keys,
            scheduler=scheduler_of(queue, runner, wakeup, clock, vcpus=vcpus),
            dispatcher=await stack.enter_async_context(open_dispatcher(parts, clock, announcer)),
            app=create_app(parts),
        )


async def open_tooling(
    config: Config, data: DataDirectory, stack: AsyncExitStack, *, vcpus: int
) -> Tooling:
    """Find FFmpeg and prove the launcher; the first log lines say what was found."""
    font_config = None
    if not SYSTEM_FONTS.exists():
        font_config = stack.enter_context(as_file(asset("."))) / FONT_CONFIG
    isolation = await find_isolation(resource_limits(config), font_config=font_config)
    found = await find_ffmpeg(config.ffmpeg.ffmpeg, config.ffmpeg.ffprobe, isolation)
    log.info(
        "starting",
        version=__version__,
        ffmpeg=str(found.ffmpeg),
        ffmpeg_version=found.build.version,
        ffprobe=str(found.ffprobe or "none, facts are read from ffmpeg"),
        vcpus=vcpus,
        isolation=Tier.LIMITS,
    )
    if found.missing_encoders:
        log.warning("encoders_missing", encoders=", ".join(found.missing_encoders))
    prober = FfmpegProber(found, isolation, scratch=data.scratch, at_once=vcpus)
    return Tooling(found, isolation, prober)


async def open_kept(
    config: Config,
    data: DataDirectory,
    prober: FfmpegProber,
    clock: Clock,
    stack: AsyncExitStack,
) -> Kept:
    """Open the database and the stored files."""
    database = await stack.enter_async_context(open_sqlite(data.database))
    storage = LocalStorage(data.files, reserve_bytes=config.storage.reserve_mbytes * MEBIBYTE)
    await storage.open()
    keys = KeyRing(database, clock)
    await keys.load()
    return Kept(database, storage, FileCatalog(database, storage, prober, clock), keys)


async def open_runner(
    config: Config, data: DataDirectory, tooling: Tooling, kept: Kept, stack: AsyncExitStack
) -> AttemptRunner:
    """Put together what carries attempts out, on swept ground."""
    downloader = Downloader(
        DownloadBounds(
            max_bytes=config.inputs.max_mbytes * MEBIBYTE,
            total_seconds=config.inputs.total_seconds,
            stall_seconds=config.inputs.stall_seconds,
            max_redirects=config.inputs.max_redirects,
        )
    )
    stack.push_async_callback(downloader.close)
    workspaces = Workspaces(data.work)
    await workspaces.sweep()
    log_bytes = config.jobs.log_kbytes * 1024
    return AttemptRunner(
        workspaces=workspaces,
        gatherer=Gatherer(
            Fetcher(downloader, kept.storage, kept.files),
            kept.storage,
            max_bytes=config.inputs.max_mbytes * MEBIBYTE,
        ),
        executor=LocalExecutor(tooling.found.ffmpeg, tooling.isolation, log_bytes=log_bytes),
        prober=tooling.prober,
        collector=Collector(
            Publisher(kept.storage),
            tooling.prober,
            max_bytes=config.jobs.output_mbytes * MEBIBYTE,
        ),
        build=tooling.found.build,
    )


def scheduler_of(
    queue: JobQueue, runner: AttemptRunner, wakeup: Wakeup, clock: Clock, *, vcpus: int
) -> Scheduler:
    """Return what runs jobs on the CPUs that they may use together."""
    return Scheduler(
        queue=queue,
        runner=runner,
        capacity=Capacity(vcpus=vcpus, cpus=usable_cpus(), wakeup=wakeup),
        wakeup=wakeup,
        clock=clock,
    )


async def take_back_jobs(queue: JobQueue) -> None:
    """Queue again what the process before us was running when it died."""
    while rescued := await queue.rescue(leases_before=EVERY_LEASE):
        for job in rescued:
            log.warning("attempt_rescued", job=job.id, attempt=job.attempt, state=job.state)


def resource_limits(config: Config) -> ResourceLimits:
    """Return what one child may use: by default half of the machine's memory."""
    memory_bytes = config.jobs.memory_mbytes * MEBIBYTE or physical_memory_bytes() // 2
    return ResourceLimits(
        memory_bytes=memory_bytes,
        file_bytes=config.jobs.output_mbytes * MEBIBYTE,
        processes=process_limit(len(usable_cpus())),
        nice=config.jobs.nice,
    )


def job_limits(config: Config, *, vcpus: int) -> JobLimits:
    """Return what callers may ask for."""
    return JobLimits(
        default_run_seconds=config.jobs.default_run_seconds,
        max_run_seconds=config.jobs.max_run_seconds,
        vcpus=vcpus,
    )


def offer_of(config: Config, found: Found, *, vcpus: int) -> Offer:
    """Return what callers are told of the box on the page for agents."""
    return Offer(
        config=config,
        vcpus=vcpus,
        ffmpeg_version=found.build.version,
        encoders=found.encoders,
        filters=found.filters,
    )


def health_of(tooling: Tooling, kept: Kept, clock: Clock, *, vcpus: int) -> Health:
    """Return what looks at the database, the storage and FFmpeg."""
    found = tooling.found

    async def check_database() -> str:
        async with kept.database.transaction() as tx:
            await liveness.note(tx, now=clock.now())
        return "writable"

    async def check_ffmpeg() -> str:
        return f"FFmpeg {await version_of(found.ffmpeg, tooling.isolation)} runs"

    return Health(
        BoxFacts(
            version=__version__,
            isolation=Tier.LIMITS,
            vcpus=vcpus,
            ffmpeg=FfmpegFacts(
                version=found.build.version,
                ffmpeg=str(found.ffmpeg),
                ffprobe=None if found.ffprobe is None else str(found.ffprobe),
                missing_encoders=found.missing_encoders,
            ),
        ),
        {"database": check_database, "storage": kept.storage.check, "ffmpeg": check_ffmpeg},
        clock,
    )
