"""Every figure that the box gives out for Prometheus: what it is called and what it means.

No label holds an id, an owner, a URL or anything else that callers choose.
"""

from typing import Final, Literal

import msgspec

PREFIX: Final = "renderio_box_"
MINUTE: Final = 60.0
HOUR: Final = 3600.0


class Figure(msgspec.Struct, frozen=True, kw_only=True, cache_hash=True):
    """One metric. ``values`` of its only label are counted from 0, so that a first one shows.

    A histogram has ``buckets``, each up to so many seconds.
    """

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    meaning: str
    labels: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()


def counter(
    name: str, meaning: str, *, labels: tuple[str, ...] = (), values: tuple[str, ...] = ()
) -> Figure:
    """Return what only grows while the box runs."""
    name = f"{PREFIX}{name}_total"
    return Figure(name=name, kind="counter", meaning=meaning, labels=labels, values=values)


def gauge(name: str, meaning: str, *, labels: tuple[str, ...] = ()) -> Figure:
    """Return what stands at a moment."""
    return Figure(name=f"{PREFIX}{name}", kind="gauge", meaning=meaning, labels=labels)


def histogram(
    name: str, meaning: str, buckets: tuple[float, ...], *, labels: tuple[str, ...] = ()
) -> Figure:
    """Return times, counted by how long they were."""
    name = f"{PREFIX}{name}_seconds"
    return Figure(name=name, kind="histogram", meaning=meaning, labels=labels, buckets=buckets)


JOBS: Final = gauge(
    "jobs",
    "Commands in the database: `queued`, `waiting_again` after an interruption, `running`, and"
    " those that ended and are kept.",
    labels=("state",),
)
OLDEST_WAITING: Final = gauge(
    "jobs_oldest_waiting_seconds",
    "How long ago the oldest command that waits was accepted; 0 when none waits.",
)
ACCEPTED: Final = counter("jobs_accepted", "Commands accepted.")
ATTEMPTS: Final = counter("job_attempts", "Attempts begun; an interrupted command has several.")
WAITS: Final = histogram(
    "job_wait",
    "From a command's acceptance to its first attempt.",
    (0.01, 0.1, 0.5, 1, 5, 15, MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR, 4 * HOUR, 24 * HOUR),
)
RUNS: Final = histogram(
    "job_run",
    "FFmpeg's running time, all steps of a command together.",
    (0.1, 0.5, 1, 5, 15, MINUTE, 5 * MINUTE, 15 * MINUTE, 30 * MINUTE, HOUR, 4 * HOUR, 12 * HOUR),
)
ENDED: Final = counter(
    "jobs_ended",
    "Commands ended.",
    labels=("state",),
    values=("succeeded", "failed", "cancelled"),
)
FAILURES: Final = counter(
    "job_failures", "Commands that ended other than well, by why.", labels=("error_status",)
)
INTERRUPTIONS: Final = counter(
    "job_interruptions",
    "Attempts that ended with the box, because it was `stopped` or had `died`.",
    labels=("cause",),
    values=("stopped", "died"),
)
DRAINED: Final = gauge("queue_drained", "1 while `renderio-box drain` is in force.")
QUIET: Final = gauge("queue_quiet", "1 in quiet hours (`pause.windows`).")
VCPUS: Final = gauge("vcpus", "CPUs that commands share.")
VCPUS_USED: Final = gauge("vcpus_used", "CPUs that running commands have taken.")
CHILDREN: Final = counter(
    "children_processor_seconds", "CPU time of FFmpeg and other children that have ended."
)

DELIVERIES: Final = counter(
    "webhook_attempts",
    "Attempts to deliver webhooks, by what came of them; `pending` ones are tried again.",
    labels=("result",),
    values=("delivered", "pending", "failed"),
)
PENDING: Final = gauge(
    "webhook_deliveries_pending", "Webhooks that are still to be delivered, counted up to 100,000."
)

DOWNLOADED: Final = counter("downloaded_bytes", "Bytes fetched from URLs.")
STORED: Final = counter(
    "storage_written_bytes", "Bytes put into storage: outputs, uploads and parts of uploads."
)
STORAGE_USED: Final = gauge("storage_used_bytes", "What all stored files come to.")
DISK_FREE: Final = gauge("disk_free_bytes", "Free space on the disk of the stored files.")
DISK_RESERVE: Final = gauge(
    "disk_reserve_bytes", "How much of it is to stay free (`storage.reserve_mbytes`)."
)

REQUESTS: Final = counter(
    "http_requests",
    "Requests answered, by address without what varies, and by class of status such as `2xx`.",
    labels=("route", "method", "status"),
)
ANSWERS: Final = histogram(
    "http_answer",
    "From a request's header to that of its answer.",
    (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5, 30),
    labels=("route", "method"),
)
RECEIVED: Final = counter(
    "http_received_bytes", "Bytes of requests' bodies, such as uploads.", labels=("route",)
)
SENT: Final = counter(
    "http_sent_bytes", "Bytes of answers' bodies, such as stored files.", labels=("route",)
)

TRANSACTIONS: Final = histogram(
    "database_transaction",
    "Transactions with their wait for a turn, by kind: `write` or `read`.",
    (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 2.5),
    labels=("kind",),
)
DATABASE: Final = gauge(
    "database_answers", "0 when the database did not answer in time; what it would tell is NaN."
)
LAG: Final = histogram(
    "event_loop_lag",
    "How late the event loop was, looked at once a second.",
    (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
)
BUILD: Final = gauge("build_info", "1, with the versions.", labels=("version", "ffmpeg_version"))
ISOLATION: Final = gauge(
    "isolation_info", "1, with how commands are walled in.", labels=("isolation",)
)

FIGURES: Final = tuple(each for each in tuple(globals().values()) if isinstance(each, Figure))
"""All of them, in this order."""
