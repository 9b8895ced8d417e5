import re

import pytest
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as parse_open_metrics,
)
from prometheus_client.parser import text_string_to_metric_families

from renderio_box.figures import FIGURES, Figure
from renderio_box.metrics import Metrics, is_open


def samples(metrics: Metrics) -> dict[str, float]:
    """Return what is shown, by name and labels as they are written."""
    lines = metrics.exposition(is_open=False).text.decode().splitlines()
    pairs = (line.rpartition(" ") for line in lines if not line.startswith("#"))
    return {name: float(value) for name, _, value in pairs}


def everything(metrics: Metrics) -> None:
    """Have every figure shown at least once."""
    metrics.jobs_accepted(2)
    metrics.job_started(waited_s=0.2)
    metrics.job_ended("failed", "TIMEOUT", run_s=3.5)
    metrics.job_interrupted(died=True)
    metrics.webhook_attempted("delivered")
    metrics.request_answered("/files/{token}/{path}", "GET", 206, took_s=0.003)
    metrics.received("/api/v1/files/upload", 10)
    metrics.sent("/files/{token}/{path}", 10)
    metrics.downloaded(10)
    metrics.stored(10)
    metrics.transaction_ended("write", took_s=0.002)
    metrics.event_loop_was_late(0.001)
    metrics.box_is(version="1", ffmpeg_version='5"1\n\\', isolation="bubblewrap", vcpus=4)
    metrics.vcpus_are_used(2)
    metrics.queue_is(drained=True, quiet=False)
    metrics.disk_has(free_bytes=5, reserve_bytes=1)
    metrics.jobs_are({"queued": 3, "waiting_again": 0}, oldest_waiting_s=1.5)
    metrics.kept(stored_bytes=7, pending_deliveries=0)


def test_the_text_of_an_idle_box_can_be_read() -> None:
    text = Metrics().exposition(is_open=False).text.decode()

    assert len(list(text_string_to_metric_families(text))) >= len(FIGURES)


@pytest.mark.parametrize("in_use", [False, True])
def test_open_metrics_can_be_read(in_use: bool) -> None:  # noqa: FBT001
    metrics = Metrics()
    if in_use:
        everything(metrics)

    shown = metrics.exposition(is_open=True)

    families = {family.name for family in parse_open_metrics(shown.text.decode())}
    assert families >= {figure.name.removesuffix("_total") for figure in FIGURES}
    assert shown.content_type.startswith("application/openmetrics-text; version=1.0.0")


def test_every_figure_is_shown_as_it_is_described() -> None:
    metrics = Metrics()
    everything(metrics)

    text = metrics.exposition(is_open=False).text.decode()

    shown = {
        (family.name, family.type, frozenset(name for name in sample.labels if name != "le"))
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    described = {
        (figure.name.removesuffix("_total"), figure.kind, frozenset(figure.labels))
        for figure in FIGURES
    }
    assert described <= shown
    assert {name for name, *_ in shown - described if not name.startswith("process_")} == set()


@pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: figure.name)
def test_figures_are_named_by_the_conventions(figure: Figure) -> None:
    unit = r"_(seconds|bytes|info)(_total)?$"
    assert re.fullmatch(r"renderio_box_[a-z]+(_[a-z]+)*", figure.name)
    assert figure.name.endswith("_total") == (figure.kind == "counter")
    assert figure.kind != "histogram" or re.search(unit, figure.name)
    assert not re.search(r"(milli|micro|mega|kilo|percent|minutes|hours)", figure.name)
    assert figure.meaning.endswith(".")
    assert list(figure.buckets) == sorted(set(figure.buckets))


def test_nothing_is_known_of_a_box_to_another() -> None:
    one, other = Metrics(), Metrics()

    one.jobs_accepted(1)

    assert samples(other)["renderio_box_jobs_accepted_total"] == 0


def test_what_can_happen_is_counted_from_nought() -> None:
    shown = samples(Metrics(["TIMEOUT"]))

    assert shown['renderio_box_job_failures_total{error_status="TIMEOUT"}'] == 0
    assert shown['renderio_box_jobs_ended_total{state="failed"}'] == 0


def test_the_end_of_a_command_is_counted_by_its_reason() -> None:
    metrics = Metrics()

    metrics.job_ended("failed", "TIMEOUT", run_s=3.5)
    metrics.job_ended("cancelled", "CANCELLED", run_s=None)
    metrics.job_ended("succeeded", None, run_s=0.05)

    shown = samples(metrics)
    assert shown['renderio_box_job_failures_total{error_status="TIMEOUT"}'] == 1
    assert shown['renderio_box_jobs_ended_total{state="succeeded"}'] == 1
    assert shown["renderio_box_job_run_seconds_count"] == 2
    assert shown['renderio_box_job_run_seconds_bucket{le="0.1"}'] == 1


def test_only_a_first_attempt_has_waited() -> None:
    metrics = Metrics()

    metrics.job_started(waited_s=1.0)
    metrics.job_started(waited_s=None)

    shown = samples(metrics)
    assert shown["renderio_box_job_attempts_total"] == 2
    assert shown["renderio_box_job_wait_seconds_count"] == 1


def test_what_callers_make_up_is_no_label() -> None:
    metrics = Metrics()

    metrics.request_answered(None, "BREW", 404, took_s=0.1)
    metrics.received(None, 1)
    metrics.sent(None, 1)

    shown = samples(metrics)
    assert shown['renderio_box_http_requests_total{method="other",route="other",status="4xx"}'] == 1
    assert shown['renderio_box_http_sent_bytes_total{route="other"}'] == 1


def test_what_a_silent_database_would_tell_is_unknown() -> None:
    metrics = Metrics()
    everything(metrics)

    metrics.database_is_silent()

    shown = samples(metrics)
    assert shown["renderio_box_database_answers"] == 0
    assert str(shown["renderio_box_storage_used_bytes"]) == "nan"
    assert not [name for name in shown if name.startswith("renderio_box_jobs{")]


def test_a_disk_that_does_not_tell_is_unknown() -> None:
    metrics = Metrics()

    metrics.disk_has(free_bytes=None, reserve_bytes=1)

    assert str(samples(metrics)["renderio_box_disk_free_bytes"]) == "nan"


def test_memory_and_the_cost_of_children_are_shown() -> None:
    shown = samples(Metrics())

    assert shown["process_resident_memory_bytes"] > 0
    assert shown["renderio_box_children_processor_seconds_total"] >= 0


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("", False),
        ("*/*", False),
        ("text/plain;version=0.0.4", False),
        ("application/openmetrics-text", True),
        ("application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,*/*;q=0.1", True),
        ("text/plain;q=0.5, Application/OpenMetrics-Text; version=0.0.1", True),
        ("application/openmetrics-text;version=nonsense", True),
        ("application/openmetrics-text-not", False),
        ("," * 10_000, False),
    ],
)
def test_open_metrics_is_for_who_asks_for_it(accept: str, wanted: bool) -> None:  # noqa: FBT001
    assert is_open(accept) is wanted
