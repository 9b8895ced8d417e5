"""The parts of a box's answers that its command line needs."""

from datetime import datetime

import msgspec


class Progress(msgspec.Struct, frozen=True):
    """How far a running command is; null in the answer is None here."""

    percent: float | None = None
    speed: float | None = None
    eta_seconds: float | None = None
    out_time_seconds: float | None = None


class OutputFile(msgspec.Struct, frozen=True):
    """The part of a file record that this client needs."""

    storage_url: str
    size_mbytes: float


class Polled(msgspec.Struct, frozen=True):
    """The part of a poll response that this client needs, and the response as it came."""

    command_id: str
    status: str
    queue_position: int | None = None
    waiting_for: str | None = None
    processing_stage: str | None = None
    progress: Progress | None = None
    error_status: str | None = None
    error_message: str | None = None
    suggestion: str | None = None
    output_files: dict[str, OutputFile] = {}
    warnings: tuple[str, ...] = ()

    @property
    def is_over(self) -> bool:
        """Tell whether the status will not change any more."""
        return self.status in {"SUCCESS", "FAILED"}


class KeyLine(msgspec.Struct, frozen=True):
    """What is listed of a key."""

    name: str
    owner: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None


class Alive(msgspec.Struct, frozen=True, kw_only=True):
    """A box that answers: which one it is."""

    instance: str


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a box needs."""

    ok: bool
    message: str


class FfmpegVersion(msgspec.Struct, frozen=True):
    """The FFmpeg that runs commands."""

    version: str


class BoxFacts(msgspec.Struct, frozen=True):
    """What a box is."""

    isolation: str
    vcpus: int
    ffmpeg: FfmpegVersion


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """What a box says of itself, and whether it can work."""

    ready: bool
    box: BoxFacts
    checks: dict[str, Check]

    @property
    def complaints(self) -> list[str]:
        """Return what is wrong with each thing that is not well."""
        return [f"{name}: {check.message}" for name, check in self.checks.items() if not check.ok]


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """What a box has to do, and whether it takes any of it up."""

    drained: bool
    quiet_until: datetime | None = None
    running: int
    queued: int


class TakenSnapshot(msgspec.Struct, frozen=True, kw_only=True):
    """A snapshot that the box has left in its data directory."""

    snapshot: str
    schema_version: int
    stored_files: int | None
    stored_bytes: int
    missing_keys: tuple[str, ...]
