"""The composition root: puts every part together."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import msgspec
import structlog
from litestar import Litestar

from renderio_box import __version__
from renderio_box.api.app import Parts, create_app
from renderio_box.api.health import KEPT_SECONDS, BoxFacts, FfmpegFacts, Health
from renderio_box.api.hosts import KnownHosts
from renderio_box.api.llms import Offer
from renderio_box.api.observatory import Observatory
from renderio_box.api.rate_limit import RateLimit
from renderio_box.api.renderio.files import UploadLimit
from renderio_box.api.streams import Streams
from renderio_box.backup.taking import Backups
from renderio_box.bounds import (
    MEBIBYTE,
    job_limits,
    retention_terms,
    upload_terms,
    wall_clock,
)
from renderio_box.catalog.endpoints import EndpointCatalog
from renderio_box.catalog.files import FileCatalog
from renderio_box.catalog.inspection import Inspector
from renderio_box.catalog.keys import KeyRing
from renderio_box.catalog.part_uploads import PartUploads
from renderio_box.catalog.presets import PresetCatalog
from renderio_box.catalog.wanted import WantedFiles
from renderio_box.data_directory import DataDirectory
from renderio_box.database import liveness
from renderio_box.database.connection import SqliteDatabase
from renderio_box.ffmpeg.builds import version_of
from renderio_box.ground import Ground, open_ground
from renderio_box.logs import LINES_PER_MINUTE, Sparingly
from renderio_box.machine import host_name
from renderio_box.metrics import Metrics
from renderio_box.outgoing import open_dispatcher
from renderio_box.queue.admission import Depth
from renderio_box.queue.gate import Gate
from renderio_box.queue.herald import Herald
from renderio_box.queue.history import History
from renderio_box.queue.job_queue import JobQueue, QueueRules
from renderio_box.queue.outbox import Outbox
from renderio_box.queue.survey import Surveyor
from renderio_box.quiet_hours import quiet_hours
from renderio_box.scheduler.janitor import Janitor
from renderio_box.scheduler.keeper import Keeper
from renderio_box.scheduler.retention import Retention
from renderio_box.scheduler.scheduler import Scheduler
from renderio_box.settings import Config
from renderio_box.webhooks.dispatcher import Dispatcher
from renderio_box.workshop import janitor_of, open_scheduler, retention_of

log = structlog.get_logger()


class Box(msgspec.Struct, frozen=True, kw_only=True):
    """The parts that run or are spoken to."""

    database: SqliteDatabase
    queue: JobQueue
    gate: Gate
    history: History
    keys: KeyRing
    scheduler: Scheduler
    keeper: Keeper
    dispatcher: Dispatcher
    retention: Retention
    janitor: Janitor
    streams: Streams
    metrics: Metrics
    app: Litestar


@asynccontextmanager
async def open_box(config: Config, data: DataDirectory) -> AsyncGenerator[Box]:
    """Open every part in the order of their needs; what a dead process left is cleared up."""
    async with open_ground(config, data) as ground:
        parts = parts_of(ground)
        await parts.backups.open()
        async with open_dispatcher(
            parts, ground.clock, ground.delivery_wakeup, ground.policy
        ) as dispatcher:
            yield Box(
                database=ground.database,
                queue=parts.queue,
                gate=parts.gate,
                history=parts.history,
                keys=ground.keys,
                scheduler=await open_scheduler(ground, parts),
                keeper=Keeper(
                    wanted=parts.wanted,
                    uploads=parts.part_uploads,
                    downloader=ground.downloader,
                    storage=ground.storage,
                ),
                dispatcher=dispatcher,
                retention=retention_of(ground),
                janitor=janitor_of(ground),
                streams=parts.streams,
                metrics=ground.metrics,
                app=create_app(parts),
            )


def parts_of(ground: Ground) -> Parts:
    """Return what the API delegates to."""
    config, database, clock = ground.config, ground.database, ground.clock
    storage, prober, addresses = ground.storage, ground.tooling.prober, ground.addresses
    terms, gate = retention_terms(config), gate_of(ground)
    queue = queue_of(ground)
    return Parts(
        queue=queue,
        gate=gate,
        history=History(database, addresses, queue.line),
        files=FileCatalog(database, storage, prober, clock, addresses, terms),
        wanted=WantedFiles(database, storage, prober, clock, addresses, terms),
        part_uploads=PartUploads(database, storage, prober, clock, upload_terms(config)),
        inspector=inspector_of(ground),
        presets=PresetCatalog(database, clock),
        storage=storage,
        backups=Backups(ground.data, storage),
        addresses=addresses,
        keys=ground.keys,
        endpoints=EndpointCatalog(database, clock),
        outbox=Outbox(database, clock, ground.delivery_wakeup, ground.metrics),
        health=health_of(ground, gate),
        metrics=ground.metrics,
        observatory=observatory_of(ground, gate),
        limits=job_limits(config, vcpus=ground.vcpus),
        build=ground.tooling.found.build,
        upload_limit=UploadLimit(config.storage.upload_mbytes * MEBIBYTE),
        offer=offer_of(ground),
        streams=Streams(ground.announcer),
        rate_limit=rate_limit_of(ground),
        hosts=KnownHosts(config.server, machine=host_name()),
        refusals=Sparingly(clock.monotonic, per_minute=LINES_PER_MINUTE),
        public_url=config.server.public_url,
        max_body_bytes=config.server.max_body_kbytes * 1024,
    )


def queue_of(ground: Ground) -> JobQueue:
    """Put together what keeps jobs, and tells of each change."""
    return JobQueue(
        ground.database,
        ground.clock,
        Herald(ground.announcer, ground.delivery_wakeup, ground.metrics),
        addresses=ground.addresses,
        rules=queue_rules(ground.config),
    )


def queue_rules(config: Config) -> QueueRules:
    """Return how many jobs may wait, and how long what they make is kept."""
    jobs = config.jobs
    depth = Depth(jobs=jobs.max_queued, jobs_per_owner=jobs.max_queued_per_owner)
    return QueueRules(depth=depth, terms=retention_terms(config))


def inspector_of(ground: Ground) -> Inspector:
    """Put together what looks at media for whoever asks what they are."""
    return Inspector(
        ground.database,
        ground.storage,
        ground.tooling.prober,
        ground.downloader,
        ground.addresses,
        scratch=ground.data.work,
    )


def observatory_of(ground: Ground, gate: Gate) -> Observatory:
    """Put together what shows the figures of the box; those that stay are told at once."""
    tooling = ground.tooling
    ground.metrics.box_is(
        version=__version__,
        ffmpeg_version=tooling.found.build.version,
        isolation=tooling.isolation.name,
        vcpus=ground.vcpus,
    )
    return Observatory(
        ground.metrics,
        Surveyor(ground.database),
        ground.storage,
        gate,
        ground.clock,
        reserve_bytes=ground.config.storage.reserve_mbytes * MEBIBYTE,
    )


def gate_of(ground: Ground) -> Gate:
    """Return what has no work taken up while an operator or the configuration says so."""
    windows, wall = ground.config.pause.windows, wall_clock(ground.config)
    return Gate(quiet_hours(windows), wall, ground.clock, ground.work_wakeup)


def rate_limit_of(ground: Ground) -> RateLimit | None:
    """Return how many requests a key may make, None for as many as it likes."""
    per_minute = ground.config.server.requests_per_minute
    return RateLimit(per_minute, ground.clock) if per_minute else None


def offer_of(ground: Ground) -> Offer:
    """Return what callers are told of the box on the page for agents."""
    found = ground.tooling.found
    return Offer(
        config=ground.config,
        vcpus=ground.vcpus,
        ffmpeg_version=found.build.version,
        encoders=found.encoders,
        filters=found.filters,
    )


def health_of(ground: Ground, gate: Gate) -> Health:
    """Return what looks at the database, the storage and FFmpeg, and tells of the queue."""
    found, isolation = ground.tooling.found, ground.tooling.isolation
    ran_at = ground.clock.monotonic()  # the start has just had its answers

    async def check_database() -> str:
        async with ground.database.transaction() as tx:
            await liveness.note(tx, now=ground.clock.now())
        return "writable"

    async def check_ffmpeg() -> str:
        if ground.clock.monotonic() - ran_at < KEPT_SECONDS:
            return f"FFmpeg {found.build.version} runs"
        return f"FFmpeg {await version_of(found.ffmpeg, isolation)} runs"

    async def tell_queue() -> str:  # no trouble: commands are accepted and wait
        return gate.in_words()

    facts = BoxFacts(
        version=__version__,
        isolation=isolation.name,
        vcpus=ground.vcpus,
        ffmpeg=FfmpegFacts(
            version=found.build.version,
            ffmpeg=str(found.ffmpeg),
            ffprobe=None if found.ffprobe is None else str(found.ffprobe),
            missing_encoders=found.missing_encoders,
        ),
    )
    trials = {
        "database": check_database,
        "storage": ground.storage.check,
        "ffmpeg": check_ffmpeg,
        "queue": tell_queue,
    }
    return Health(facts, trials, ground.clock)
