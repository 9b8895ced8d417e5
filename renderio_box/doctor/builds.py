"""Which FFmpeg there is, and whether attackers know it."""

from collections.abc import Iterator
from typing import Final

from renderio_box.doctor.finding import Finding, problem, warning, well
from renderio_box.doctor.vulnerabilities import verdict_on
from renderio_box.ffmpeg.builds import FfmpegMissingError, Found
from renderio_box.ffmpeg.sandbox import Tier

SUBJECT: Final = "ffmpeg"
OLDEST: Final = 5


def missing(error: FfmpegMissingError) -> Finding:
    """Tell that there is no FFmpeg."""
    return problem(SUBJECT, str(error).rstrip("."), "apt-get install ffmpeg")


def build_findings(found: Found, tier: Tier) -> Iterator[Finding]:
    """Yield what is seen of the build, its faults, and the ffprobe beside it."""
    yield age(found)
    yield faults(found.build.version, tier)
    if found.ffprobe is None:
        yield warning(
            "ffprobe",
            "there is none, so facts about files come from what ffmpeg prints",
            "install it beside ffmpeg, or set ffmpeg.ffprobe to its path",
        )
    else:
        yield well("ffprobe", str(found.ffprobe))


def age(found: Found) -> Finding:
    """Tell which FFmpeg it is, and whether it is one that commands are tried on."""
    seen = f"{found.build.version} at {found.ffmpeg}"
    first = found.build.version.lstrip("n").partition(".")[0]
    if first.isdecimal() and int(first) < OLDEST:
        return warning(SUBJECT, f"{seen} is older than 5.1", "install a newer FFmpeg")
    return well(SUBJECT, seen)


def faults(version: str, tier: Tier) -> Finding:
    """Tell which known faults a version has; the sandbox is what keeps them from doing harm."""
    subject, verdict = "ffmpeg faults", verdict_on(version)
    listed = ", ".join(each.cve for each in verdict.vulnerable)
    if verdict.is_open:
        return warning(
            subject,
            f"cannot be told from {version}: distributions mend faults without another number",
            f"keep the package up to date; its distribution's security tracker tells of {listed}"
            if listed
            else "keep it up to date, or install a release",
        )
    if not verdict.vulnerable:
        return well(subject, f"{version} has none of those that this box knows")
    harm = "; ".join(f"{each.cve}: {each.what}" for each in verdict.vulnerable)
    versions = {".".join(map(str, max(each.fixed))) for each in verdict.vulnerable}
    fix = f"install FFmpeg {max(versions)} or newer"
    if tier is Tier.UNSANDBOXED:
        return problem(subject, f"{harm}, and nothing holds it", fix)
    return warning(subject, f"{harm}, inside the sandbox", fix)
