from datetime import timedelta

import pytest
from msgspec.structs import replace

from renderio_box.jobs.error_status import ErrorStatus
from renderio_box.jobs.job import (
    Cancelled,
    Failed,
    Interrupted,
    JobState,
    Outcome,
    Progress,
    Stage,
    Succeeded,
)
from renderio_box.jobs.transitions import MAX_INTERRUPTIONS, cancel, rescue, settle
from tests.unit.samples import CREATED, LATER, QUEUED, RUNNING

SUCCEEDED = Succeeded(outputs=(), run_seconds=1.5, log="")
SUGGESTED = "-i {{in_video}} {{out_video}}"
FAILED = Failed(
    status=ErrorStatus.TIMEOUT, message="Too slow.", suggestion=SUGGESTED, run_seconds=2.5
)
ENCODING = replace(RUNNING, stage=Stage.ENCODING, progress=Progress(percent=50.0))
UNWANTED = replace(ENCODING, cancel_requested_at=CREATED)


def test_success_ends_a_job() -> None:
    job = settle(RUNNING, SUCCEEDED, now=LATER)

    assert (job.state, job.finished_at, job.run_seconds) == (JobState.SUCCEEDED, LATER, 1.5)


def test_a_job_that_succeeded_has_no_error() -> None:
    job = settle(RUNNING, SUCCEEDED, now=LATER)

    assert (job.error_status, job.error_message) == (None, None)


def test_failure_ends_a_job_and_says_why() -> None:
    job = settle(RUNNING, FAILED, now=LATER)

    assert job == replace(
        RUNNING,
        state=JobState.FAILED,
        finished_at=LATER,
        run_seconds=2.5,
        error_status=ErrorStatus.TIMEOUT,
        error_message="Too slow.",
        suggestion=SUGGESTED,
    )


def test_an_honoured_cancellation_ends_a_job() -> None:
    job = settle(RUNNING, Cancelled(), now=LATER)

    assert (job.state, job.error_status) == (JobState.CANCELLED, ErrorStatus.CANCELLED)


def test_an_interrupted_job_waits_again_in_its_old_place() -> None:
    job = settle(ENCODING, Interrupted(), now=LATER)

    assert job == replace(RUNNING, state=JobState.QUEUED)


def test_a_stop_of_the_box_does_not_count_against_the_job() -> None:
    assert settle(RUNNING, Interrupted(), now=LATER).interruptions == 0


@pytest.mark.parametrize("outcome", [SUCCEEDED, FAILED, Cancelled(), Interrupted()])
def test_a_request_to_cancel_wins_over_whatever_the_attempt_achieved(outcome: Outcome) -> None:
    assert settle(UNWANTED, outcome, now=LATER).state is JobState.CANCELLED


@pytest.mark.parametrize("outcome", [SUCCEEDED, FAILED, Cancelled(), Interrupted()])
def test_a_settled_job_shows_no_stage_and_no_progress(outcome: Outcome) -> None:
    job = settle(ENCODING, outcome, now=LATER)

    assert (job.stage, job.progress) == (None, None)


def test_a_clock_set_back_cannot_end_a_job_before_it_began() -> None:
    job = settle(RUNNING, SUCCEEDED, now=CREATED - timedelta(hours=1))

    assert job.finished_at == CREATED


def test_a_clock_set_back_cannot_end_a_job_before_it_started() -> None:
    started = replace(RUNNING, started_at=CREATED + timedelta(hours=1))

    job = settle(started, SUCCEEDED, now=CREATED + timedelta(minutes=1))

    assert job.finished_at == started.started_at


def test_a_queued_job_is_cancelled_at_once() -> None:
    job = cancel(QUEUED, now=LATER)

    assert job == replace(
        QUEUED,
        state=JobState.CANCELLED,
        cancel_requested_at=LATER,
        finished_at=LATER,
        error_status=ErrorStatus.CANCELLED,
        error_message="The command was cancelled.",
    )


def test_a_running_job_only_notes_the_request_to_cancel() -> None:
    assert cancel(ENCODING, now=LATER) == replace(ENCODING, cancel_requested_at=LATER)


def test_a_second_request_to_cancel_changes_nothing() -> None:
    assert cancel(UNWANTED, now=LATER) == UNWANTED


def test_a_job_whose_process_died_waits_again() -> None:
    assert rescue(ENCODING, now=LATER) == replace(RUNNING, state=JobState.QUEUED, interruptions=1)


def test_a_job_whose_process_died_too_often_is_given_up() -> None:
    job = rescue(replace(RUNNING, attempt=9, interruptions=MAX_INTERRUPTIONS - 1), now=LATER)

    assert (job.state, job.error_status, job.finished_at) == (
        JobState.FAILED,
        ErrorStatus.INTERRUPTED,
        LATER,
    )


def test_a_job_that_is_given_up_says_how_often_it_was_tried() -> None:
    job = rescue(replace(RUNNING, interruptions=MAX_INTERRUPTIONS - 1), now=LATER)

    assert f"went down {MAX_INTERRUPTIONS} times" in (job.error_message or "")


def test_a_job_whose_process_died_after_a_request_to_cancel_is_cancelled() -> None:
    job = rescue(UNWANTED, now=LATER)

    assert (job.state, job.interruptions) == (JobState.CANCELLED, 0)
