"""One attempt at a job, from its inputs to its published outputs."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import anyio
from msgspec import structs

from renderio_box.companions import accompanied_by
from renderio_box.ffmpeg.complaints.rule import Asked
from renderio_box.ffmpeg.executor import Ended, Execution
from renderio_box.ffmpeg.failure import explain, why_nothing
from renderio_box.ffmpeg.probe import Prober
from renderio_box.jobs.command_line import InvalidCommandError, bind
from renderio_box.jobs.error_status import ErrorStatus
from renderio_box.jobs.expectation import output_seconds
from renderio_box.jobs.invocation import Build, adapt, invoke
from renderio_box.jobs.job import Failed, Job, Outcome, Stage, Succeeded
from renderio_box.scheduler.capacity import Slot
from renderio_box.scheduler.collect import Collector
from renderio_box.scheduler.failures import AttemptFailedError
from renderio_box.scheduler.gather import Gathered, Gatherer
from renderio_box.scheduler.tracker import Tracker
from renderio_box.scheduler.usage import Usage, usage_in
from renderio_box.scheduler.verification import Ran, VerificationFailedError
from renderio_box.scheduler.watchdog import Watchdog
from renderio_box.scheduler.workspace import Workspace, Workspaces

ESTIMATED_AFTER_S: Final = 1.0
"""Inputs are measured for the progress bar only of runs that last, so that short ones pay nothing."""


class AttemptRunner:
    """Carries attempts out; holds nothing of any one of them."""

    def __init__(
        self,
        *,
        workspaces: Workspaces,
        gatherer: Gatherer,
        watchdog: Watchdog,
        prober: Prober,
        collector: Collector,
        build: Build,
    ) -> None:
        self._workspaces = workspaces
        self._gatherer = gatherer
        self._watchdog = watchdog
        self._prober = prober
        self._collector = collector
        self._build = build

    async def run(self, job: Job, tracker: Tracker, slot: Slot) -> Outcome:
        """Fetch, run every step, check and publish; cancelling it leaves no process behind.

        However it ends, the attempt is to be cleared up after.

        Raises:
            OSError: The disk failed, or FFmpeg could not be started.
        """
        try:
            workspace = await self._workspaces.make(job)
            gathered = await self._gatherer.gather(job.spec, workspace)
            slot.fetched(gathered.fetched_bytes)
            ran = await self._run_steps(job, gathered, workspace, tracker, slot)
            if isinstance(ran, Failed):
                return ran
            slot.give_back()
            tracker.stage = Stage.PUBLISHING
            return await self._collected(job, workspace, gathered, tracker, ran)
        except AttemptFailedError as error:
            return Failed(status=error.status, message=str(error))

    async def clear_up(self, job: Job) -> None:
        """Remove the workspace of an attempt that is over, in a bounded time; once is enough."""
        await self._workspaces.discard(job)

    async def discard(self, outcome: Outcome) -> None:
        """Remove what an attempt published whose job was taken away from it."""
        if isinstance(outcome, Succeeded):
            await self._collector.discard(outcome)

    async def _collected(
        self, job: Job, workspace: Workspace, gathered: Gathered, tracker: Tracker, ended: Ended
    ) -> Succeeded | Failed:
        """Check and publish what the steps have left behind."""
        ran = Ran(steps=tuple(tracker.runs), log=ended.log)
        try:
            made = await self._collector.collect(job, workspace, gathered.unpacked, ran)
        except AttemptFailedError as error:
            report = error.verification if isinstance(error, VerificationFailedError) else None
            return Failed(
                status=error.status,
                message=" ".join(filter(None, (str(error), why_nothing(ended.log)))),
                run_seconds=ended.run_seconds,
                log=ended.log,
                verification=report,
            )
        return Succeeded(
            outputs=made.outputs,
            segments=made.segments,
            run_seconds=ended.run_seconds,
            log=ended.log,
            verification=made.verification,
        )

    async def _run_steps(
        self,
        job: Job,
        gathered: Gathered,
        workspace: Workspace,
        tracker: Tracker,
        slot: Slot,
    ) -> Ended | Failed:
        """Run the steps one after another; their time together is what the job's limit bounds."""
        inputs = {alias: f"../in/{name}" for alias, name in gathered.names.items()}
        paths, given = inputs | job.spec.outputs, usage_in(gathered.unpacked)
        total = Ended(exit_status=0, timed_out=False, log="", run_seconds=0.0)
        for number, step in enumerate(job.spec.steps, start=1):
            where = f"Step {number} of {len(job.spec.steps)}: " if len(job.spec.steps) > 1 else ""
            try:
                adapted = adapt(step, self._build)
            except InvalidCommandError as error:
                return Failed(status=ErrorStatus.INVALID_COMMAND, message=f"{where}{error}")
            threads = job.spec.vcpu_count if job.spec.pinned else None
            execution = Execution(
                arguments=invoke(bind(adapted.arguments, paths), self._build, threads=threads),
                directory=workspace.outputs,
                scratch=workspace.scratch,
                readable=(workspace.inputs,),
                timeout_s=job.spec.max_run_seconds - total.run_seconds,
                cpus=slot.cpus,
            )
            tracker.begin_step(number, of=len(job.spec.steps))
            ended = await self._run_step(execution, tracker, given)
            tracker.end_step(execution.arguments)
            total = added(total, ended, heading=where)
            asked = Asked(words=step, paths=paths, build=self._build, lacking=ended.lacking)
            if failed := explain(ended, timeout_s=job.spec.max_run_seconds, asked=asked):
                return structs.replace(
                    failed,
                    message=f"{where}{failed.message}",
                    run_seconds=total.run_seconds,
                    log=total.log,
                )
        return total

    async def _run_step(self, execution: Execution, tracker: Tracker, given: Usage) -> Ended:
        async with accompanied_by(
            self._estimate, execution.arguments, execution.readable[0], tracker
        ):
            return await self._watchdog.run(execution, tracker, given)

    async def _estimate(self, arguments: Sequence[str], inputs: Path, tracker: Tracker) -> None:
        """Find out how long the output will be, for a run that is not over at once."""
        await anyio.sleep(ESTIMATED_AFTER_S)
        durations: dict[str, float] = {}
        for word in dict.fromkeys(arguments):
            if word.startswith("../in/"):
                path = inputs / word.removeprefix("../in/")
                length = await self._prober.duration(path, beside=inputs)
                durations |= {} if length is None else {word: length}
        tracker.expected_seconds = output_seconds(arguments, durations)


def added(total: Ended, ended: Ended, *, heading: str) -> Ended:
    """Return what all steps so far come to; each step's log begins with its heading."""
    log = f"{heading.strip()}\n{ended.log}" if heading else ended.log
    return structs.replace(
        ended, log=total.log + log, run_seconds=total.run_seconds + ended.run_seconds
    )
