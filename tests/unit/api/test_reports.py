import msgspec
import pytest
from msgspec.structs import replace

from renderio_box.api.renderio.wire import CommandView
from renderio_box.api.rendi.wire import RendiCommand
from renderio_box.api.reports import report_json
from renderio_box.api.urls import Urls
from renderio_box.jobs.job import Dialect, Job
from renderio_box.queue.history import JobReport
from tests.unit.samples import QUEUED, RUNNING, STORED

URLS = Urls("https://media.example.org/box", lambda _: "")


@pytest.mark.parametrize("job", [QUEUED, RUNNING], ids=["queued", "running"])
@pytest.mark.parametrize(
    ("dialect", "view"), [(Dialect.RENDERIO, CommandView), (Dialect.RENDI, RendiCommand)]
)
def test_a_report_speaks_the_dialect_of_its_job(
    job: Job, dialect: Dialect, view: type[CommandView | RendiCommand]
) -> None:
    report = JobReport(replace(job, dialect=dialect), (STORED,), 3)

    assert report_json(report, URLS) == msgspec.json.encode(view.of(report, URLS))


def test_a_report_to_renderios_clients_has_null_where_nothing_applies() -> None:
    report = JobReport(replace(QUEUED, dialect=Dialect.RENDERIO), (), 1)

    assert msgspec.json.decode(report_json(report, URLS))["started_at"] is None


def test_a_report_to_rendis_clients_leaves_out_what_does_not_apply() -> None:
    report = JobReport(replace(QUEUED, dialect=Dialect.RENDI), (), 1)

    assert "started_at" not in msgspec.json.decode(report_json(report, URLS))
