"""Whether the machine's clock can be believed."""

import ctypes
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from renderio_box.doctor.finding import Finding, problem, warning, well

SUBJECT: Final = "clock"
SYNCHRONISE: Final = "timedatectl set-ntp true, or install chrony"
STA_UNSYNC: Final = 0x0040
"""From the kernel's timex.h."""
TIMEX_BYTES: Final = 256
SLACK: Final = timedelta(minutes=5)


def clock_finding(
    now: datetime, *, built_at: datetime, newest: datetime | None, is_synchronised: bool | None
) -> Finding:
    """Tell whether the time of day is one that can be, and whether somebody corrects it.

    ``newest`` is when the latest job came; ``is_synchronised`` is None where the kernel
    does not tell.
    """
    seen = f"{now:%Y-%m-%d %H:%M:%S} UTC"
    for moment, what in (
        (built_at, "this program was installed"),
        (newest, "the newest command came"),
    ):
        if moment is not None and now + SLACK < moment:
            return problem(
                SUBJECT, f"{seen} is before {what} ({moment:%Y-%m-%d %H:%M})", SYNCHRONISE
            )
    if is_synchronised is False:
        return warning(SUBJECT, f"{seen}, and nothing synchronises it", SYNCHRONISE)
    return well(SUBJECT, seen if is_synchronised is None else f"{seen}, synchronised")


def is_synchronised() -> bool | None:
    """Return what the kernel says of the clock, None where it does not."""
    libc = ctypes.CDLL(None, use_errno=True)
    timex = Timex()
    if libc.adjtimex(ctypes.byref(timex)) < 0:
        return None
    return not timex.status & STA_UNSYNC


class Timex(ctypes.Structure):
    """The kernel's record of how the clock is kept, of which the beginning matters here."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * TIMEX_BYTES),
    )


def installed_at() -> datetime:
    """Return when this program was put here, as far as its files tell. Blocks for a moment."""
    files = [path for path in (Path(__file__), Path(sys.executable)) if path.exists()]
    return datetime.fromtimestamp(files[0].stat().st_mtime if files else 0, UTC)
