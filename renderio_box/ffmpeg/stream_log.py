"""What FFmpeg's log says about streams: those it writes, and those it has read."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Final

OUTPUT: Final = re.compile(r"Output #\d+, .*, to '(.*)':")
STREAM: Final = re.compile(r"  Stream #\d+:\d+.*?: (Video|Audio|Subtitle|Data|Attachment): ")
READ: Final = re.compile(r"  Input stream #\d+:\d+ \((\w+)\): (\d+) packets read ")
COMPLAINT: Final = re.compile(r"^((?:\[[^]]*\] )*)\[(?:error|fatal|panic)\] (.+)$", re.MULTILINE)
OF_NOTHING: Final = re.compile(r"\[(?:null|out#0/null)\b")
"""The muxer of what is thrown away, which minds timestamps that nobody else does."""


def written_streams(log: str) -> dict[str, Mapping[str, int]]:
    """Return how many streams of each kind FFmpeg said it would write, by the output's name.

    What a caller's own log level hides is not there; of equal names the last one counts.
    """
    found: dict[str, Mapping[str, int]] = {}
    lines = iter(log.splitlines())
    line = next(lines, None)
    while line is not None:
        output = OUTPUT.fullmatch(line)
        if output is None:
            line = next(lines, None)
            continue
        kinds: Counter[str] = Counter()
        line = next(lines, None)
        while line is not None and line.startswith("  "):
            if stream := STREAM.match(line):
                kinds[stream[1].lower()] += 1
            line = next(lines, None)
        found[output[1]] = kinds
    return found


def packets_read(log: str) -> dict[str, tuple[int, ...]]:
    """Return how many packets were read of each stream, by kind, from a verbose log."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for kind, packets in READ.findall(log):
        found[kind].append(int(packets))
    return {kind: tuple(packets) for kind, packets in found.items()}


def complaints(log: str) -> Iterator[str]:
    """Yield what FFmpeg calls errors in a log that names levels."""
    for match in COMPLAINT.finditer(log):
        if not OF_NOTHING.search(match[1]):
            yield match[2].strip()
