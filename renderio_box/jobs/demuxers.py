"""Which formats an input may turn out to have, when the command does not say which.

FFmpeg looks into a file to learn its format, and some formats are nothing but names of
other files. An uploaded "video" must not become such a list unseen.
"""

from typing import Final

from renderio_box.jobs.file_types import extension_of

REFERRING: Final = frozenset(
    """
    applehttp avisynth concat dash dvdvideo hls imf rtp rtsp sap sdp vapoursynth
    webm_dash_manifest
    """.split()  # noqa: SIM905 - quotation marks would hide the names
)
"""Formats that open whatever a file's content tells them to."""
PROMISED: Final = {
    "concat": "concat",
    "ffconcat": "concat",
    "m3u": "hls",
    "m3u8": "hls",
    "mpd": "dash",
    "txt": "concat",
}
"""Which of them a file's extension announces."""


def format_whitelist(demuxers: frozenset[str], name: str) -> tuple[str, ...]:
    """Return the option that keeps FFmpeg from taking the file ``name`` for a list of others.

    ``demuxers`` are those that the build has for files; where they are not known there is
    no option. It belongs before ``-i``, and the last one there counts.
    """
    allowed = demuxers - REFERRING
    promised = PROMISED.get(extension_of(name))
    if promised in demuxers:
        allowed |= {promised}
    return ("-format_whitelist", ",".join(sorted(allowed))) if demuxers else ()
