"""Why nothing is taken from the queue, for whoever shows what waits in it."""

from renderio_box.jobs.room import Lack


class Line:
    """The queue as those see it who wait in it.

    ``waiting_for`` is what the head lacked when it was last looked at, None when it was
    taken. It is true of this process only, and forgotten with it.
    """

    def __init__(self) -> None:
        self.waiting_for: Lack | None = None
