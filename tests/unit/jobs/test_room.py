import pytest

from renderio_box.identifiers import FileId
from renderio_box.jobs.job import JobSpec, StoredSource
from renderio_box.jobs.needs import MEBIBYTE, Bounds, needs_of
from renderio_box.jobs.room import Lack, Room
from tests.unit.samples import SPEC

GIBIBYTE = 1024 * MEBIBYTE
BOUNDS = Bounds(
    memory_bytes=4 * GIBIBYTE,
    input_bytes=GIBIBYTE,
    output_bytes=GIBIBYTE,
    workspace_bytes=4 * GIBIBYTE,
    cpus=2,
)
NEEDS = needs_of(SPEC, BOUNDS)


def room(
    vcpus: int = 1,
    memory_bytes: int = NEEDS.memory_bytes,
    disk_bytes: int = NEEDS.disk_bytes,
    *,
    is_idle: bool = False,
) -> Room:
    return Room(
        vcpus=vcpus,
        memory_bytes=memory_bytes,
        disk_bytes=disk_bytes,
        is_idle=is_idle,
        bounds=BOUNDS,
    )


@pytest.mark.parametrize(
    ("left", "lack"),
    [
        (room(), None),
        (room(vcpus=0), Lack.CPUS),
        (room(memory_bytes=NEEDS.memory_bytes - 1), Lack.MEMORY),
        (room(disk_bytes=NEEDS.disk_bytes - 1), Lack.STORAGE),
        (room(memory_bytes=0, disk_bytes=1, is_idle=True), None),
        (room(disk_bytes=0, is_idle=True), Lack.STORAGE),
        (room(disk_bytes=-1, is_idle=True), Lack.STORAGE),
    ],
    ids=[
        "just enough",
        "no CPU",
        "too little memory",
        "too little disk",
        "a job that is alone starts whatever was guessed",
        "the reserve is reached",
        "the reserve is touched",
    ],
)
def test_a_job_starts_where_there_is_all_that_it_needs(left: Room, lack: Lack | None) -> None:
    assert left.lack_for(SPEC) == lack


def test_a_room_of_which_nothing_is_known_but_cpus_has_plenty_of_the_rest() -> None:
    spec = JobSpec(
        steps=SPEC.steps,
        inputs={"in_video": StoredSource(FileId("1"), 2**50)},
        outputs=SPEC.outputs,
        max_run_seconds=1,
    )

    assert Room(vcpus=1).lack_for(spec) is None
