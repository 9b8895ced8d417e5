"""Snapshots of the running box, for keys with the scope ``admin``."""

import msgspec
from litestar import post
from litestar.di import NamedDependency
from litestar.params import JSONBody

from renderio_box.api.authentication import json_only, requires
from renderio_box.api.problems import RateLimitedError
from renderio_box.backup.taking import BackupBusyError, Backups
from renderio_box.catalog.keys import Scope

TRIED_AGAIN_S = 30


class BackupRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What to put into a snapshot besides the database and the keys of file addresses."""

    with_files: bool = False


class SnapshotView(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot that waits in the data directory for ``renderio-box backup``."""

    snapshot: str
    schema_version: int
    stored_files: int | None
    stored_bytes: int
    missing_keys: tuple[str, ...]


@post("/backup", guards=[requires(Scope.ADMIN), json_only], status_code=200)
async def take_snapshot(
    data: JSONBody[BackupRequest], backups: NamedDependency[Backups]
) -> SnapshotView:
    """Take a snapshot of the database, and of stored files where they are asked for.

    It is left in the box's data directory, from where `renderio-box backup` on the same machine
    takes it away; what is not taken away is removed when the next one is asked for, or the box
    is started anew. Requests and commands go on meanwhile.
    """
    try:
        ready = await backups.take(with_files=data.with_files)
    except BackupBusyError as error:
        raise RateLimitedError(str(error), retry_after_s=TRIED_AGAIN_S) from error
    return SnapshotView(
        snapshot=ready.name,
        schema_version=ready.taken.schema,
        stored_files=ready.taken.objects,
        stored_bytes=ready.taken.objects_bytes,
        missing_keys=ready.taken.missing,
    )
