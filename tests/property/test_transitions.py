from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from renderio_box.identifiers import JobId, Owner
from renderio_box.jobs.error_status import ErrorStatus
from renderio_box.jobs.job import (
    Cancelled,
    Failed,
    Interrupted,
    Job,
    JobSpec,
    JobState,
    Outcome,
    Progress,
    Stage,
    Succeeded,
)
from renderio_box.jobs.transitions import cancel, rescue, settle

FINAL = {JobState.SUCCEEDED, JobState.FAILED, JobState.CANCELLED}
SPEC = JobSpec(steps=(("-version",),), inputs={}, outputs={}, max_run_seconds=60)

EPOCH = datetime(2020, 1, 1, tzinfo=UTC)
moments = st.timedeltas(timedelta(0), timedelta(days=7300)).map(lambda passed: EPOCH + passed)
outcomes: st.SearchStrategy[Outcome] = st.one_of(
    st.builds(Succeeded, outputs=st.just(()), run_seconds=st.floats(0, 1e6), log=st.just("")),
    st.builds(Failed, status=st.sampled_from(ErrorStatus), message=st.text()),
    st.just(Cancelled()),
    st.just(Interrupted()),
)


def jobs(state: JobState) -> st.SearchStrategy[Job]:
    return st.builds(
        Job,
        id=st.just(JobId("id")),
        owner=st.just(Owner("owner")),
        state=st.just(state),
        spec=st.just(SPEC),
        original_request=st.just({}),
        metadata=st.just({}),
        warnings=st.just(()),
        attempt=st.integers(1, 100),
        interruptions=st.integers(0, 5),
        created_at=moments,
        started_at=moments,
        finished_at=st.none(),
        cancel_requested_at=st.none() | moments,
        stage=st.none() | st.sampled_from(Stage),
        progress=st.none() | st.just(Progress(percent=5.0)),
        run_seconds=st.none(),
        error_status=st.none(),
        error_message=st.none(),
    )


settled = st.builds(
    lambda job, outcome, now: (job, settle(job, outcome, now=now)),
    jobs(JobState.RUNNING),
    outcomes,
    moments,
)
rescued = st.builds(lambda job, now: (job, rescue(job, now=now)), jobs(JobState.RUNNING), moments)
asked = st.builds(
    lambda job, now: (job, cancel(job, now=now)),
    jobs(JobState.QUEUED) | jobs(JobState.RUNNING),
    moments,
)
steps = settled | rescued | asked
ends = (settled | rescued).filter(lambda step: step[1].state in FINAL)


@given(steps)
def test_finished_at_is_set_exactly_when_a_state_is_final(step: tuple[Job, Job]) -> None:
    _, after = step

    assert (after.finished_at is not None) == (after.state in FINAL)


@given(steps)
def test_a_job_that_is_over_did_not_end_before_it_began(step: tuple[Job, Job]) -> None:
    _, after = step

    assert after.finished_at is None or after.finished_at >= after.created_at


@given(steps)
def test_an_error_is_told_exactly_when_a_job_failed_or_was_cancelled(
    step: tuple[Job, Job],
) -> None:
    _, after = step

    ended_badly = after.state in {JobState.FAILED, JobState.CANCELLED}
    assert (after.error_status is not None, after.error_message is not None) == (
        ended_badly,
        ended_badly,
    )


@given(steps)
def test_the_attempt_never_changes(step: tuple[Job, Job]) -> None:
    before, after = step

    assert after.attempt == before.attempt


@given(steps)
def test_interruptions_never_go_back(step: tuple[Job, Job]) -> None:
    before, after = step

    assert after.interruptions - before.interruptions in {0, 1}


@given(steps)
def test_what_was_asked_for_never_changes(step: tuple[Job, Job]) -> None:
    before, after = step

    fixed = ("id", "owner", "spec", "original_request", "metadata", "warnings", "created_at")
    assert [getattr(after, name) for name in fixed] == [getattr(before, name) for name in fixed]


@given(steps)
def test_only_a_running_job_shows_a_stage_after_a_change(step: tuple[Job, Job]) -> None:
    before, after = step

    assert after.state is before.state or (after.stage, after.progress) == (None, None)


@given(settled | rescued)
def test_an_attempt_that_ended_runs_no_longer(step: tuple[Job, Job]) -> None:
    _, after = step

    assert after.state is not JobState.RUNNING


@given(ends, moments)
def test_a_final_state_stays_final_when_somebody_cancels_late(
    step: tuple[Job, Job], now: datetime
) -> None:
    _, over = step

    late = cancel(over, now=now)

    assert (late.state, late.finished_at, late.error_status, late.error_message) == (
        over.state,
        over.finished_at,
        over.error_status,
        over.error_message,
    )


@given(jobs(JobState.RUNNING), outcomes, moments, moments)
def test_a_request_to_cancel_is_always_honoured(
    job: Job, outcome: Outcome, asked_at: datetime, now: datetime
) -> None:
    unwanted = cancel(job, now=asked_at)

    assert settle(unwanted, outcome, now=now).state is JobState.CANCELLED
    assert rescue(unwanted, now=now).state is JobState.CANCELLED


@given(steps)
def test_a_job_that_is_over_did_not_end_before_it_started(step: tuple[Job, Job]) -> None:
    _, after = step

    began_at = after.started_at or after.created_at
    assert after.finished_at is None or after.finished_at >= began_at
