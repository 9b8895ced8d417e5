"""What the operator's settings allow, as each part wants to be told."""

from datetime import timedelta
from pathlib import Path
from typing import Final

from renderio_box.catalog.part_uploads import UploadTerms
from renderio_box.ffmpeg.hardware import DeviceSet
from renderio_box.ffmpeg.isolation import WORTH_TRYING, Wanted
from renderio_box.ffmpeg.sandbox import ResourceLimits, Tier, process_limit
from renderio_box.inputs.addresses import NetworkPolicy
from renderio_box.inputs.download import DownloadBounds
from renderio_box.jobs.limits import JobLimits
from renderio_box.jobs.needs import Bounds
from renderio_box.jobs.retention import Terms
from renderio_box.jobs.uploads import PART_BYTES
from renderio_box.jobs.verification import Verify
from renderio_box.machine import physical_memory_bytes, usable_cpus, usable_memory_bytes
from renderio_box.networks import opened_by
from renderio_box.quiet_hours import Wall, zone_of
from renderio_box.scheduler.watchdog import WatchBounds
from renderio_box.settings import Config

MEBIBYTE: Final = 1024 * 1024
OUTPUTS_IN_A_WORKSPACE: Final = 4
"""Room for one output of the largest size, its intermediate steps, and then some."""
BOX_MEMORY_SHARE: Final = 4
BOX_MEMORY_BYTES: Final = 1024 * MEBIBYTE
"""What is left to the box itself and to the disk's cache: a quarter, but no more than this."""


def resource_limits(config: Config) -> ResourceLimits:
    """Return what one child may use: by default half of the machine's memory."""
    memory_bytes = config.jobs.memory_mbytes * MEBIBYTE or physical_memory_bytes() // 2
    return ResourceLimits(
        memory_bytes=memory_bytes,
        file_bytes=config.jobs.output_mbytes * MEBIBYTE,
        processes=process_limit(len(usable_cpus())),
        nice=config.jobs.nice,
    )


def job_memory_bytes(config: Config) -> int:
    """Return what all jobs may use together: by default what the box does not need itself."""
    if config.jobs.total_memory_mbytes:
        return config.jobs.total_memory_mbytes * MEBIBYTE
    usable = usable_memory_bytes()
    return usable - min(usable // BOX_MEMORY_SHARE, BOX_MEMORY_BYTES)


def need_bounds(config: Config) -> Bounds:
    """Return above what nothing is set aside for a job."""
    return Bounds(
        memory_bytes=min(resource_limits(config).memory_bytes, job_memory_bytes(config)),
        input_bytes=config.inputs.max_mbytes * MEBIBYTE,
        output_bytes=config.jobs.output_mbytes * MEBIBYTE,
        workspace_bytes=watch_bounds(config).max_bytes,
        cpus=len(usable_cpus()),
    )


def wanted_isolation(config: Config) -> Wanted:
    """Return which walls to try, and what commands may read besides their own files."""
    sandbox = config.sandbox
    tiers = WORTH_TRYING if sandbox.tier == "auto" else (Tier(sandbox.tier),)
    unsafe = (Tier.UNSANDBOXED,) if sandbox.allow_unsafe else ()
    return Wanted(
        tiers=tuple(dict.fromkeys((*tiers, *unsafe))),
        readable=tuple(Path(path) for path in sandbox.readable),
    )


def device_set(config: Config) -> DeviceSet:
    """Return the devices that commands may use."""
    return DeviceSet(map(Path, config.hardware.devices))


def watch_bounds(config: Config) -> WatchBounds:
    """Return when a running FFmpeg is stopped."""
    jobs = config.jobs
    mbytes = jobs.workspace_mbytes or jobs.output_mbytes * OUTPUTS_IN_A_WORKSPACE
    return WatchBounds(
        stall_seconds=jobs.stall_seconds,
        max_bytes=mbytes * MEBIBYTE,
        max_files=jobs.workspace_files,
    )


def job_limits(config: Config, *, vcpus: int) -> JobLimits:
    """Return what callers may ask for."""
    return JobLimits(
        default_run_seconds=config.jobs.default_run_seconds,
        max_run_seconds=config.jobs.max_run_seconds,
        vcpus=vcpus,
        verify=Verify(
            decode=config.verify.decode,
            duration_tolerance_seconds=config.verify.duration_tolerance_seconds,
            streams=config.verify.streams,
        ),
    )


def download_bounds(config: Config) -> DownloadBounds:
    """Return how far fetching a URL may go."""
    return DownloadBounds(
        max_bytes=config.inputs.max_mbytes * MEBIBYTE,
        total_seconds=config.inputs.total_seconds,
        stall_seconds=config.inputs.stall_seconds,
        max_redirects=config.inputs.max_redirects,
    )


def network_policy(config: Config) -> NetworkPolicy:
    """Return whom the box may contact for its callers."""
    return NetworkPolicy(opened_by(config.network.allow))


def wall_clock(config: Config) -> Wall:
    """Return what tells the time of day for ``pause.windows``."""
    zone = zone_of(config.pause.timezone)
    return lambda moment: moment.astimezone(zone)


def upload_terms(config: Config) -> UploadTerms:
    """Return how uploads in parts are cut, and for how long they are awaited."""
    return UploadTerms(
        part_bytes=PART_BYTES,
        kept_for=timedelta(hours=config.storage.upload_hours),
        retention=retention_terms(config),
    )


def retention_terms(config: Config) -> Terms:
    """Return how long everything is kept."""
    retention = config.retention
    return Terms(
        outputs=term(retention.outputs_hours),
        uploads=term(retention.uploads_hours),
        logs=term(retention.logs_hours),
        commands=term(retention.commands_hours),
        events=term(retention.events_hours),
        deliveries=term(retention.deliveries_hours),
        total_bytes=retention.total_mbytes * MEBIBYTE or None,
    )


def term(hours: int) -> timedelta | None:
    """Return so many hours, None for ever."""
    return timedelta(hours=hours) if hours else None
