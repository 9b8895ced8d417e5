"""Counting what happens, for Prometheus; the only module that knows its client.

Parts say what has happened. What stands at a moment is said when somebody asks.
"""

import resource
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import msgspec
from prometheus_client import Counter, Gauge, Histogram, ProcessCollector, disable_created_metrics
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector, CollectorRegistry

from renderio_box import figures
from renderio_box.figures import Figure

OPEN_METRICS: Final = "application/openmetrics-text"
METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
OTHER: Final = "other"
"""The route of requests that lead nowhere, and methods that nobody uses."""
UNKNOWN: Final = float("nan")

disable_created_metrics()  # When a counter began is another series each, and nobody plots it.


class Exposition(msgspec.Struct, frozen=True):
    """Every figure, in one of the two formats."""

    content_type: str
    text: bytes


class Metrics:
    """The figures of one box. Counting takes some microseconds, on any thread.

    ``error_statuses`` are counted from 0.
    """

    def __init__(self, error_statuses: Iterable[str] = ()) -> None:
        self._registry = CollectorRegistry()
        self._counters: dict[Figure, Counter] = {}
        self._gauges: dict[Figure, Gauge] = {}
        self._histograms: dict[Figure, Histogram] = {}
        for figure in figures.FIGURES:
            self._add(figure)
        for error_status in error_statuses:
            self._counters[figures.FAILURES].labels(error_status)
        ProcessCollector(registry=self._registry)

    def jobs_accepted(self, count: int) -> None:
        """Count commands that are safe on disk."""
        self._counters[figures.ACCEPTED].inc(count)

    def job_started(self, *, waited_s: float | None) -> None:
        """Count an attempt; only a first one has waited."""
        self._counters[figures.ATTEMPTS].inc()
        if waited_s is not None:
            self._histograms[figures.WAITS].observe(waited_s)

    def job_ended(self, state: str, error_status: str | None, *, run_s: float | None) -> None:
        """Count the end of a command; ``run_s`` is None when FFmpeg did not run to an end."""
        self._counters[figures.ENDED].labels(state).inc()
        if error_status is not None:
            self._counters[figures.FAILURES].labels(error_status).inc()
        if run_s is not None:
            self._histograms[figures.RUNS].observe(run_s)

    def job_interrupted(self, *, died: bool) -> None:
        """Count an attempt that ended with the box."""
        self._counters[figures.INTERRUPTIONS].labels("died" if died else "stopped").inc()

    def webhook_attempted(self, result: str) -> None:
        """Count an attempt by how its delivery stands now."""
        self._counters[figures.DELIVERIES].labels(result).inc()

    def request_answered(
        self, route: str | None, method: str, status: int, *, took_s: float
    ) -> None:
        """Count an answer as it begins; ``route`` is the template of ours that matched, if any."""
        route, method = route or OTHER, method if method in METHODS else OTHER
        self._counters[figures.REQUESTS].labels(route, method, f"{status // 100}xx").inc()
        self._histograms[figures.ANSWERS].labels(route, method).observe(took_s)

    def received(self, route: str | None, size_bytes: int) -> None:
        """Count a piece of a request's body."""
        self._counters[figures.RECEIVED].labels(route or OTHER).inc(size_bytes)

    def sent(self, route: str | None, size_bytes: int) -> None:
        """Count a piece of an answer's body."""
        self._counters[figures.SENT].labels(route or OTHER).inc(size_bytes)

    def downloaded(self, size_bytes: int) -> None:
        """Count a piece that was fetched."""
        self._counters[figures.DOWNLOADED].inc(size_bytes)

    def stored(self, size_bytes: int) -> None:
        """Count a file that is safely in storage."""
        self._counters[figures.STORED].inc(size_bytes)

    def transaction_ended(self, kind: str, *, took_s: float) -> None:
        """Note how long a transaction took, with the wait for its turn."""
        self._histograms[figures.TRANSACTIONS].labels(kind).observe(took_s)

    def event_loop_was_late(self, late_s: float) -> None:
        """Note by how much the event loop missed a moment."""
        self._histograms[figures.LAG].observe(late_s)

    def box_is(self, *, version: str, ffmpeg_version: str, isolation: str, vcpus: int) -> None:
        """Say what stays as long as the box runs."""
        self._gauges[figures.BUILD].labels(version, ffmpeg_version).set(1)
        self._gauges[figures.ISOLATION].labels(isolation).set(1)
        self._gauges[figures.VCPUS].set(vcpus)

    def vcpus_are_used(self, count: int) -> None:
        """Say how many CPUs running commands have taken."""
        self._gauges[figures.VCPUS_USED].set(count)

    def queue_is(self, *, drained: bool, quiet: bool) -> None:
        """Say whether commands are taken up."""
        self._gauges[figures.DRAINED].set(drained)
        self._gauges[figures.QUIET].set(quiet)

    def disk_has(self, *, free_bytes: int | None, reserve_bytes: int) -> None:
        """Say how much room there is; None when the disk does not tell."""
        self._gauges[figures.DISK_FREE].set(UNKNOWN if free_bytes is None else free_bytes)
        self._gauges[figures.DISK_RESERVE].set(reserve_bytes)

    def jobs_are(self, counts: Mapping[str, int], *, oldest_waiting_s: float) -> None:
        """Say how many commands are in each state, and for how long the oldest has waited."""
        self._gauges[figures.DATABASE].set(1)
        for state, count in counts.items():
            self._gauges[figures.JOBS].labels(state).set(count)
        self._gauges[figures.OLDEST_WAITING].set(oldest_waiting_s)

    def kept(self, *, stored_bytes: int, pending_deliveries: int) -> None:
        """Say what stored files come to, and how many webhooks wait."""
        self._gauges[figures.STORAGE_USED].set(stored_bytes)
        self._gauges[figures.PENDING].set(pending_deliveries)

    def database_is_silent(self) -> None:
        """Say that what is in the database cannot be known now."""
        self._gauges[figures.DATABASE].set(0)
        self._gauges[figures.JOBS].clear()
        for figure in (figures.OLDEST_WAITING, figures.STORAGE_USED, figures.PENDING):
            self._gauges[figure].set(UNKNOWN)

    def exposition(self, *, is_open: bool) -> Exposition:
        """Return every figure, as OpenMetrics or as Prometheus' own text. Blocks for some ms."""
        encode, content_type = choose_encoder(OPEN_METRICS if is_open else "")
        return Exposition(content_type, encode(self._registry))

    def _add(self, figure: Figure) -> None:
        name, meaning, labels, registry = (
            figure.name,
            figure.meaning,
            figure.labels,
            self._registry,
        )
        if figure is figures.CHILDREN:
            registry.register(Children())
        elif figure.kind == "counter":
            self._counters[figure] = made = Counter(name, meaning, labels, registry=registry)
            for value in figure.values:
                made.labels(value)
        elif figure.kind == "gauge":
            self._gauges[figure] = Gauge(name, meaning, labels, registry=registry)
        else:
            self._histograms[figure] = Histogram(
                name, meaning, labels, buckets=figure.buckets, registry=registry
            )


class Children(Collector):
    """Asks the kernel what children that have ended, and theirs, have cost."""

    def collect(self) -> Iterator[Metric]:
        """Return their CPU time."""
        usage = resource.getrusage(resource.RUSAGE_CHILDREN)
        figure = figures.CHILDREN
        spent_s = usage.ru_utime + usage.ru_stime
        yield CounterMetricFamily(figure.name, figure.meaning, value=spent_s)


def is_open(accept: str) -> bool:
    """Tell whether an Accept header asks for OpenMetrics.

    The client's own reading of it fails at versions that are no numbers.
    """
    return any(each.partition(";")[0].strip().lower() == OPEN_METRICS for each in accept.split(","))
