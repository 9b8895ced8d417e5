"""Whether work may be taken from the queue, for those who take it and those who ask why not."""

from datetime import datetime
from typing import Final

import structlog

from renderio_box.clock import Clock
from renderio_box.quiet_hours import QuietHours, Wall
from renderio_box.wakeup import Wakeup

log = structlog.get_logger()

LONGEST_S: Final = 5.0
"""How long a look at the gate holds while it is shut: wall clocks are put right."""


class Gate:
    """Shut while an operator has drained the box, and in its quiet hours.

    Draining is of this process only: a box that is started anew works. ``wakeup`` is what
    whoever takes work waits on; it is notified when an operator changes something.
    """

    def __init__(self, quiet: QuietHours, wall: Wall, clock: Clock, wakeup: Wakeup) -> None:
        self._quiet = quiet
        self._wall = wall
        self._clock = clock
        self.wakeup = wakeup
        self._was_quiet = False
        self.is_drained = False

    @property
    def is_shut(self) -> bool:
        """Tell whether nothing may be taken; the log hears when quiet hours begin and end."""
        is_quiet = bool(self._quiet.left(self._wall(self._clock.now())))
        if is_quiet != self._was_quiet:
            self._was_quiet = is_quiet
            if (until := self.quiet_until()) is not None:
                log.info("quiet_hours_began", until=until.isoformat(timespec="minutes"))
            else:
                log.info("quiet_hours_over")
        return is_quiet or self.is_drained

    @property
    def shut_for_s(self) -> float:
        """Return after how many seconds at most a shut gate is to be looked at again."""
        left_s = self._quiet.left(self._wall(self._clock.now())).total_seconds()
        return min(left_s or LONGEST_S, LONGEST_S)

    def quiet_until(self) -> datetime | None:
        """Return when the present quiet hours end, by the wall clock, None when there are none."""
        end = self._quiet.until(self._clock.now(), self._wall)
        return None if end is None else self._wall(end)

    def drain(self) -> None:
        """Have nothing taken from now on; repeating it is harmless."""
        if not self.is_drained:
            log.info("drained", hint="renderio-box resume, or a restart, has work taken up again")
        self.is_drained = True
        self.wakeup.notify()

    def resume(self) -> None:
        """Undo ``drain``; quiet hours stay what they are."""
        if self.is_drained:
            log.info("resumed")
        self.is_drained = False
        self.wakeup.notify()

    def in_words(self) -> str:
        """Say what the gate does, for operators."""
        if self.is_drained:
            return "drained: no command is taken up until 'renderio-box resume' or a restart"
        if (until := self.quiet_until()) is not None:
            return f"quiet until {until:%A %H:%M}: no command is taken up (pause.windows)"
        return "commands are taken up"
