"""One page from which an agent that knows nothing else can run a job."""

import re
from collections.abc import Iterable
from functools import cache
from typing import Final

import msgspec
from litestar import get
from litestar.di import NamedDependency

from renderio_box import __version__
from renderio_box.api.catalogue import error_status_table, error_table
from renderio_box.api.hosts import known_host
from renderio_box.api.urls import Urls
from renderio_box.assets import AGENTS_PAGE, asset
from renderio_box.jobs.recipes import SYSTEM_PRESETS
from renderio_box.settings import Config

PLACE: Final = re.compile(r"@(\w+)@")
ENCODERS: Final = (
    *("libx264", "libx265", "libsvtav1", "libaom-av1", "libvpx", "libvpx-vp9", "mpeg4"),
    *("prores_ks", "dnxhd", "ffv1", "gif", "apng", "png", "mjpeg", "libwebp", "libwebp_anim"),
    *("aac", "libfdk_aac", "libmp3lame", "libopus", "libvorbis", "flac", "alac", "ac3"),
    *("pcm_s16le", "mov_text", "srt", "ass", "webvtt"),
)
FILTERS: Final = (
    *("subtitles", "ass", "drawtext", "zscale", "libvmaf", "vidstabdetect", "rubberband"),
    *("frei0r", "arnndn", "loudnorm", "minterpolate", "xfade"),
)
"""What callers ask for most that some builds have and others lack."""


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    """What this box is and allows, as it was started."""

    config: Config
    vcpus: int
    ffmpeg_version: str
    encoders: frozenset[str]
    filters: frozenset[str]


@get("/llms.txt", media_type="text/markdown", tags=["Operation"], guards=[known_host])
async def llms_page(urls: NamedDependency[Urls], offer: NamedDependency[Offer]) -> str:
    """Return one page of Markdown that an agent can work from. Needs no key."""
    return page(offer, base=urls.base)


def page(offer: Offer, *, base: str) -> str:
    """Return the page for a box that is reached at ``base``."""
    words = {
        "base": base,
        "version": __version__,
        "limits": limits(offer.config, vcpus=offer.vcpus),
        "ffmpeg_version": offer.ffmpeg_version,
        "encoders": listed(name for name in ENCODERS if name in offer.encoders),
        "missing_encoders": listed(name for name in ENCODERS if name not in offer.encoders),
        "filters": listed(name for name in FILTERS if name in offer.filters),
        "missing_filters": listed(name for name in FILTERS if name not in offer.filters),
        "presets": presets(),
        "errors": error_table(),
        "error_statuses": error_status_table(),
    }
    return PLACE.sub(lambda match: words[match[1]], template())


@cache
def template() -> str:
    """Return the page with places for what differs from box to box."""
    return asset(AGENTS_PAGE).read_text(encoding="utf-8")


def limits(config: Config, *, vcpus: int) -> str:
    """Return what a caller may ask for, as a list."""
    jobs, mbytes = config.jobs, config.storage.upload_mbytes
    seconds = f"{jobs.default_run_seconds} s unless `max_command_run_seconds` asks for more"
    inputs = f"64 inputs of {config.inputs.max_mbytes} MiB each if by URL"
    outputs = f"64 outputs of {jobs.output_mbytes} MiB each"
    lines = [
        f"FFmpeg's running time: {seconds}, at most {jobs.max_run_seconds} s.",
        f"CPUs for all commands together: {vcpus}; a larger `vcpu_count` counts as {vcpus}.",
        f"{inputs}, {outputs}; an upload of {mbytes} MiB.",
        f"{config.server.max_body_kbytes} KiB of JSON, 16384 characters of `ffmpeg_command`.",
        f"Waiting commands: {jobs.max_queued}, then 503 with `Retry-After`.",
    ]
    if jobs.max_queued_per_owner:
        lines.append(f"Waiting commands of one owner: {jobs.max_queued_per_owner}.")
    if per_minute := config.server.requests_per_minute:
        lines.append(f"Requests: {per_minute} a minute, then 429 with `Retry-After`.")
    return "\n".join(f"- {line}" for line in lines)


def presets() -> str:
    """Return the presets that come with the box, as a list."""
    return "\n".join(
        f"- {preset.recipe.name} (`{preset_id}`: {', '.join(preset.recipe.inputs)})"
        for preset_id, preset in SYSTEM_PRESETS.items()
    )


def listed(names: Iterable[str]) -> str:
    """Return the names as the end of a sentence."""
    return ", ".join(names) or "none of note"
