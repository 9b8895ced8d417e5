"""A row that is written only to see that writing works."""

from datetime import datetime
from typing import Final

from renderio_box.database.connection import Transaction, as_text

NOTE: Final = """
INSERT INTO liveness (id, at) VALUES (1, :now) ON CONFLICT (id) DO UPDATE SET at = excluded.at
"""


async def note(tx: Transaction, *, now: datetime) -> None:
    """Write the present time."""
    await tx.execute(NOTE, {"now": as_text(now)})
