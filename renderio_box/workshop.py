"""What works by itself: jobs carried out, files and records removed, put together."""

from renderio_box.api.app import Parts
from renderio_box.bounds import (
    MEBIBYTE,
    device_set,
    job_memory_bytes,
    need_bounds,
    retention_terms,
    watch_bounds,
)
from renderio_box.catalog.expiry import Expiry
from renderio_box.catalog.orphans import OrphanFinder
from renderio_box.ffmpeg.local_executor import LocalExecutor
from renderio_box.ground import Ground
from renderio_box.machine import usable_cpus
from renderio_box.queue.disposal import Disposal
from renderio_box.scheduler.attempt import AttemptRunner
from renderio_box.scheduler.capacity import Capacity, Machine
from renderio_box.scheduler.collect import Collector
from renderio_box.scheduler.fetch import Fetcher
from renderio_box.scheduler.floor import Floor
from renderio_box.scheduler.gather import Gatherer
from renderio_box.scheduler.janitor import Janitor
from renderio_box.scheduler.publish import Publisher
from renderio_box.scheduler.retention import Retention
from renderio_box.scheduler.scheduler import Scheduler
from renderio_box.scheduler.shared_inputs import SharedInputs
from renderio_box.scheduler.unpacker import WalledUnpacker
from renderio_box.scheduler.verification import Verifier
from renderio_box.scheduler.watchdog import Watchdog
from renderio_box.scheduler.workspace import Workspaces
from renderio_box.storage.inventory import Inventory


async def open_scheduler(ground: Ground, parts: Parts) -> Scheduler:
    """Put together what carries jobs out, on swept ground."""
    config, storage, tooling = ground.config, ground.storage, ground.tooling
    workspaces, shared = Workspaces(ground.data.work), SharedInputs(ground.data.work)
    await workspaces.sweep()
    runner = AttemptRunner(
        workspaces=workspaces,
        gatherer=Gatherer(
            Fetcher(ground.downloader, storage, parts.files, shared),
            WalledUnpacker(tooling.isolation, within_s=config.inputs.total_seconds),
            storage,
            max_bytes=config.inputs.max_mbytes * MEBIBYTE,
        ),
        watchdog=watchdog_of(ground),
        prober=tooling.prober,
        collector=Collector(
            Publisher(storage),
            tooling.prober,
            Verifier(tooling.player, tooling.prober),
            max_bytes=config.jobs.output_mbytes * MEBIBYTE,
        ),
        build=tooling.found.build,
    )
    return Scheduler(
        queue=parts.queue,
        runner=runner,
        capacity=Capacity(machine_of(ground), wakeup=ground.work_wakeup, metrics=ground.metrics),
        gate=parts.gate,
        shared=shared,
    )


def watchdog_of(ground: Ground) -> Watchdog:
    """Put together what runs FFmpeg, and stops it where it must."""
    config, tooling = ground.config, ground.tooling
    executor = LocalExecutor(
        tooling.found.ffmpeg,
        tooling.isolation,
        log_bytes=config.jobs.log_kbytes * 1024,
        cgroups=tooling.cgroups,
        devices=device_set(config),
    )
    reserve_bytes = config.storage.reserve_mbytes * MEBIBYTE
    floor = Floor(ground.storage.room_bytes, reserve_bytes=reserve_bytes)
    return Watchdog(executor, watch_bounds(config), floor)


def machine_of(ground: Ground) -> Machine:
    """Return what jobs share."""
    return Machine(
        vcpus=ground.vcpus,
        cpus=usable_cpus(),
        memory_bytes=job_memory_bytes(ground.config),
        free_bytes=ground.storage.free_bytes,
        bounds=need_bounds(ground.config),
    )


def retention_of(ground: Ground) -> Retention:
    """Put together what removes what is kept no longer."""
    database, clock, terms = ground.database, ground.clock, retention_terms(ground.config)
    return Retention(
        expiry=Expiry(database, ground.storage, clock, terms),
        disposal=Disposal(database, clock, terms),
        clock=clock,
        wakeup=ground.shortage,
    )


def janitor_of(ground: Ground) -> Janitor:
    """Put together what removes what belongs to nothing."""
    return Janitor(
        inventory=Inventory(ground.data.files),
        finder=OrphanFinder(ground.database),
        storage=ground.storage,
        workspaces=Workspaces(ground.data.work),
        clock=ground.clock,
    )
