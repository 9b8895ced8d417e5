"""What there must be for a job to start, and what the next one waits for while there is not."""

import sys
from enum import StrEnum
from typing import Final

import msgspec

from renderio_box.jobs.job import JobSpec
from renderio_box.jobs.needs import Bounds, needs_of

PLENTY: Final = sys.maxsize
UNBOUNDED: Final = Bounds(
    memory_bytes=PLENTY, input_bytes=PLENTY, output_bytes=PLENTY, workspace_bytes=PLENTY, cpus=1
)


class Lack(StrEnum):
    """What the head of the queue waits for, and with it every job behind it."""

    CPUS = "CPUS"
    MEMORY = "MEMORY"
    STORAGE = "STORAGE"
    RESUME = "RESUME"


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """What the machine has left for the next job.

    ``disk_bytes`` is what is free above the operator's reserve and not set aside for jobs
    that run; ``is_idle`` tells that none does.
    """

    vcpus: int
    memory_bytes: int = PLENTY
    disk_bytes: int = PLENTY
    is_idle: bool = False
    bounds: Bounds = UNBOUNDED

    def lack_for(self, spec: JobSpec) -> Lack | None:
        """Return what there is too little of for the job to start, None when it may.

        Needs are guesses: a job that is alone starts whatever was guessed, unless the
        reserve itself is touched, so that none waits for ever.
        """
        if spec.vcpu_count > self.vcpus:
            return Lack.CPUS
        if self.disk_bytes <= 0:
            return Lack.STORAGE
        needs = needs_of(spec, self.bounds)
        if needs.disk_bytes > self.disk_bytes and not self.is_idle:
            return Lack.STORAGE
        if needs.memory_bytes > self.memory_bytes and not self.is_idle:
            return Lack.MEMORY
        return None
