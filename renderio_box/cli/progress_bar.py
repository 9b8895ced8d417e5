"""Showing how far things are: a moving line on a terminal, few lines elsewhere."""

import shutil
from typing import Final, TextIO

from renderio_box.cli.answers import Polled

BAR_CELLS: Final = 28
WORDS: Final = {
    "DOWNLOADING": "fetching inputs",
    "FFMPEG_PROCESSING": "encoding",
    "UPLOADING": "checking and storing outputs",
}


class ProgressBar:
    """One line that is written over on a terminal; elsewhere a new line for each new stage."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._moves = stream.isatty()
        self._shown = ""

    def show(self, polled: Polled) -> None:
        """Show how a command stands."""
        self.line(line_of(polled) if self._moves else label_of(polled))

    def sent(self, name: str, done: int, total: int) -> None:
        """Show how much of a file has been sent."""
        self.done(f"uploading {name}", done, total)

    def done(self, what: str, done: int, total: int) -> None:
        """Show how much of something has been done."""
        share = f"  {bar(100 * done / total if total else 100)}" if self._moves else ""
        self.line(f"{what}{share}")

    def line(self, text: str) -> None:
        """Show one line in place of the last."""
        if self._moves:
            width = shutil.get_terminal_size().columns - 1
            self._stream.write(f"\r{text[:width].ljust(min(len(self._shown), width))}")
            self._shown = text
        elif text != self._shown:
            self._stream.write(f"{text}\n")
            self._shown = text
        self._stream.flush()

    def end(self) -> None:
        """Leave the last line standing."""
        if self._moves and self._shown:
            self._stream.write("\n")
        self._shown = ""
        self._stream.flush()


def label_of(polled: Polled) -> str:
    """Return what is happening, in words."""
    if polled.status == "QUEUED":
        what = f"waiting for {polled.waiting_for.lower()}" if polled.waiting_for else "waiting"
        return f"{what}, number {polled.queue_position or 1} in the queue"
    if polled.is_over:
        return polled.status
    return WORDS.get(polled.processing_stage or "", "working")


def line_of(polled: Polled) -> str:
    """Return what is happening with every figure that is known."""
    progress = polled.progress
    if progress is None or polled.processing_stage != "FFMPEG_PROCESSING":
        return label_of(polled)
    parts = [label_of(polled)]
    if progress.percent is not None:
        parts.append(bar(progress.percent))
    elif progress.out_time_seconds is not None:
        parts.append(f"{clock(progress.out_time_seconds)} done")
    if progress.speed is not None:
        parts.append(f"{progress.speed:.2f}x")
    if progress.eta_seconds is not None:
        parts.append(f"ETA {clock(progress.eta_seconds)}")
    return "  ".join(parts)


def bar(percent: float) -> str:
    """Return a bar with its figure."""
    full = round(BAR_CELLS * percent / 100)
    return f"[{'#' * full}{'.' * (BAR_CELLS - full)}] {percent:5.1f}%"


def clock(seconds: float) -> str:
    """Return a duration as minutes and seconds, with hours where there are any."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
