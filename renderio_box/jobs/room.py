"""What there must be for a job to start, and what the next one waits for while there is not."""

from enum import StrEnum

import msgspec

from renderio_box.jobs.job import JobSpec


class Lack(StrEnum):
    """What the head of the queue waits for, and with it every job behind it."""

    CPUS = "CPUS"
    RESUME = "RESUME"


class Room(msgspec.Struct, frozen=True, kw_only=True):
    """What the machine has left for the next job."""

    vcpus: int

    def lack_for(self, spec: JobSpec) -> Lack | None:
        """Return what there is too little of for the job to start, None when it may."""
        return Lack.CPUS if spec.vcpu_count > self.vcpus else None
