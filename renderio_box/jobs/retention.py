"""How long things are kept, and which of them go first."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from renderio_box.identifiers import FileId, JobId
from renderio_box.jobs.files import FileKind


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """How long each kind of thing is kept, None for ever.

    ``commands`` counts from a command's end and holds for the records of deleted files too.
    Above ``total_bytes`` of stored files the oldest go, None for any amount.
    """

    outputs: timedelta | None = None
    uploads: timedelta | None = None
    logs: timedelta | None = None
    commands: timedelta | None = None
    events: timedelta | None = None
    deliveries: timedelta | None = None
    total_bytes: int | None = None

    def of(self, kind: FileKind) -> timedelta | None:
        """Return how long files of that kind are kept."""
        return self.outputs if kind is FileKind.OUTPUT else self.uploads

    def expiry(self, kind: FileKind, *, stored_at: datetime) -> datetime | None:
        """Return when a file that was stored at that moment is deleted, None for never."""
        term = self.of(kind)
        return None if term is None else stored_at + term


FOR_EVER: Terms = Terms()


class Candidate(msgspec.Struct, frozen=True):
    """A file that may go, with what goes with it: its bytes, and in how many objects they are."""

    id: FileId
    job_id: JobId | None
    size_bytes: int
    objects: int


def chosen(
    candidates: Iterable[Candidate], *, max_objects: int, excess_bytes: int | None = None
) -> list[Candidate]:
    """Return the first candidates that go in one batch.

    Enough of them to make up ``excess_bytes``, all when it is None; and no more than consist
    of ``max_objects``, but always one while anything is in excess.
    """
    taken: list[Candidate] = []
    size_bytes = objects = 0
    for candidate in candidates:
        is_enough = excess_bytes is not None and size_bytes >= excess_bytes
        is_full = bool(taken) and objects + candidate.objects > max_objects
        if is_enough or is_full:
            break
        taken.append(candidate)
        size_bytes += candidate.size_bytes
        objects += candidate.objects
    return taken
