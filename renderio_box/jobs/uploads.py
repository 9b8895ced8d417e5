"""Uploads that arrive in parts: how they are cut, and when they are complete."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from renderio_box.errors import DescriptionError
from renderio_box.identifiers import FileId

MEBIBYTE: Final = 1024 * 1024
PART_BYTES: Final = 16 * MEBIBYTE
MAX_PARTS: Final = 1000


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A part that has arrived; ``number`` counts from 1."""

    number: int
    key: str
    size_bytes: int
    sha256: str

    @property
    def etag(self) -> str:
        """Return the strong validator that its sender is given."""
        return f'"{self.sha256}"'


class ClaimedPart(msgspec.Struct, frozen=True):
    """A part that a client says it has sent."""

    number: int
    etag: str


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """A file that arrives in parts, which all but the last have ``part_size`` bytes."""

    file_id: FileId
    token: str
    size_bytes: int
    part_size: int
    expires_at: datetime

    @property
    def part_count(self) -> int:
        """Return how many parts there are."""
        return ceiling(self.size_bytes, self.part_size)

    def length_of(self, number: int) -> int:
        """Return how many bytes a part has."""
        return min(self.part_size, self.size_bytes - (number - 1) * self.part_size)


def part_size_of(size_bytes: int, *, smallest: int) -> int:
    """Return how large the parts of a file are: ``smallest``, more when they would be too many."""
    if size_bytes <= smallest * MAX_PARTS:
        return smallest
    return ceiling(size_bytes, MAX_PARTS * MEBIBYTE) * MEBIBYTE


def check_complete(upload: Upload, parts: Sequence[Part], claimed: Sequence[ClaimedPart]) -> None:
    """Refuse to make a file of ``parts`` unless they are all of it, and what the client sent.

    Raises:
        DescriptionError: A part is missing, unknown, named twice, or another than claimed.
    """
    arrived = {part.number: part for part in parts}
    etags: dict[int, str] = {}
    for claim in claimed:
        if not 1 <= claim.number <= upload.part_count:
            raise refusal(claim.number, f"does not exist; this upload has {upload.part_count}")
        if claim.number in etags:
            raise refusal(claim.number, "is listed twice; list every part once")
        etags[claim.number] = claim.etag.strip().strip('"').lower()
    for number in range(1, upload.part_count + 1):
        if number not in arrived:
            raise refusal(number, "has not arrived; send it to its upload URL, then complete again")
        if number not in etags:
            raise refusal(number, "is missing from the list; list every part with its ETag")
        if etags[number] != arrived[number].sha256:
            raise refusal(
                number, "has another ETag; send it again, or the ETag that its last sending got"
            )


def refusal(number: int, reason: str) -> DescriptionError:
    """Return the error that names the part and says what is wrong with it."""
    return DescriptionError(f"Part {number} {reason}.", loc=("parts", str(number)))


def ceiling(dividend: int, divisor: int) -> int:
    """Return the quotient, rounded up."""
    return -(-dividend // divisor)
