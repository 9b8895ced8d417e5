"""How much there is to do. One statement, one function, no decisions."""

from typing import Final

import msgspec

from renderio_box.database.connection import Transaction

COUNT: Final = """
SELECT (SELECT count(*) FROM jobs WHERE state = 'running') AS running,
       (SELECT count(*) FROM jobs WHERE state = 'queued') AS queued
"""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How many jobs run and how many wait, whosever they are."""

    running: int
    queued: int


async def count(tx: Transaction) -> Standing:
    """Return how many jobs run and wait."""
    return msgspec.convert(await tx.fetch_one(COUNT, {}), Standing)
