"""FFmpeg's log, bounded: its beginning and its end."""

from typing import Final

GAP: Final = b"\n[... the middle of a long log was left out ...]\n"


class BoundedLog:
    """Keeps the first quarter and the newest three quarters of ``max_bytes``."""

    def __init__(self, max_bytes: int) -> None:
        self._head_bytes = max_bytes // 4
        self._tail_bytes = max(1, max_bytes - self._head_bytes)
        self._head = bytearray()
        self._tail = bytearray()
        self._cut = False

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes; carriage returns become line ends."""
        chunk = chunk.replace(b"\r", b"\n")
        room = self._head_bytes - len(self._head)
        self._head += chunk[:room]
        self._tail += chunk[room:]
        if len(self._tail) > 2 * self._tail_bytes:
            self._shorten()

    def text(self) -> str:
        """Return what was kept, with a note where something was left out."""
        if len(self._tail) > self._tail_bytes:
            self._shorten()
        gap = GAP if self._cut else b""
        return (bytes(self._head) + gap + bytes(self._tail)).decode(errors="replace")

    def _shorten(self) -> None:
        del self._tail[: -self._tail_bytes]
        self._cut = True
