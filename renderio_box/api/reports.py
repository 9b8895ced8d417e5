"""What has become of a command, as JSON in the words of the API it came through."""

from typing import assert_never

import msgspec

from renderio_box.api.renderio.wire import CommandView
from renderio_box.api.rendi.wire import RendiCommand
from renderio_box.api.urls import Urls
from renderio_box.jobs.job import Dialect
from renderio_box.queue.history import JobReport


def report_json(report: JobReport, urls: Urls) -> bytes:
    """Return what a poll through the job's own dialect would answer, byte for byte."""
    return msgspec.json.encode(view_of(report, urls))


def view_of(report: JobReport, urls: Urls) -> CommandView | RendiCommand:
    """Describe the job in its own dialect."""
    match report.job.dialect:
        case Dialect.RENDERIO:
            return CommandView.of(report, urls)
        case Dialect.RENDI:
            return RendiCommand.of(report, urls)
        case _:
            assert_never(report.job.dialect)
