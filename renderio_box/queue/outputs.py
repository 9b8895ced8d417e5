"""What becomes the caller's when an attempt succeeds."""

from datetime import datetime

from msgspec.structs import replace

from renderio_box.database import files, segments
from renderio_box.database.connection import Transaction
from renderio_box.identifiers import FileId, new_file_token, new_id
from renderio_box.jobs.files import FileKind, NewFile, StoredFile
from renderio_box.jobs.job import Job, Succeeded
from renderio_box.jobs.retention import Terms


async def keep_outputs(
    tx: Transaction, job: Job, outcome: Succeeded, *, terms: Terms, now: datetime
) -> None:
    """Store the rows of what the attempt has published, in the transaction that settles it."""
    for output in outcome.outputs:
        expires_at = terms.expiry(FileKind.OUTPUT, stored_at=now)
        row = replace(output_row(job, output, now=now), expires_at=expires_at)
        await files.insert(tx, row)
    if outcome.segments:
        await segments.insert(tx, job.id, outcome.segments, now=now)


def output_row(job: Job, output: NewFile, *, now: datetime) -> StoredFile:
    """Return the row of a published output."""
    return StoredFile(
        id=FileId(new_id(now)),
        owner=job.owner,
        kind=FileKind.OUTPUT,
        key=output.key,
        token=new_file_token(),
        filename=output.filename,
        size_bytes=output.size_bytes,
        sha256=output.sha256,
        media=output.media,
        bundle=output.bundle,
        job_id=job.id,
        alias=output.alias,
        created_at=now,
    )
