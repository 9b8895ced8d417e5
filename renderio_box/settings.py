"""Everything an operator can set, with defaults and bounds; never changed after the start."""

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Port = Annotated[int, Meta(ge=0, le=65535)]
Positive = Annotated[int, Meta(ge=1)]
NotNegative = Annotated[int, Meta(ge=0)]
Hours = Annotated[int, Meta(ge=0, le=876_000)]
Seconds = Annotated[float, Meta(gt=0)]
AbsolutePath = Annotated[str, Meta(pattern=r"^/[^/]")]
OptionalPath = Annotated[str, Meta(pattern=r"^(/[^/].*)?$")]
PublicUrl = Annotated[str, Meta(pattern=r"^(https?://[^\s?#]+)?$")]


class ServerConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where the box listens and how it is reached."""

    host: Annotated[str, Meta(min_length=1)] = "127.0.0.1"
    port: Port = 8420
    public_url: PublicUrl = ""
    tls_certificate: OptionalPath = ""
    tls_key: OptionalPath = ""
    trusted_proxies: tuple[str, ...] = ()
    max_body_kbytes: Positive = 1024
    drain_seconds: Seconds = 20.0
    requests_per_minute: NotNegative = 0
    hosts: tuple[str, ...] = ()
    header_seconds: Seconds = 10.0
    stall_seconds: Seconds = 120.0
    connections_per_address: Positive = 256
    max_connections: Positive = 512


class JobsConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How many jobs run and for how long."""

    vcpus: NotNegative = 0
    default_run_seconds: Positive = 3600
    max_run_seconds: Positive = 86_400
    nice: Annotated[int, Meta(ge=0, le=19)] = 10
    memory_mbytes: NotNegative = 0
    total_memory_mbytes: NotNegative = 0
    output_mbytes: Positive = 51_200
    workspace_mbytes: NotNegative = 0
    workspace_files: Positive = 100_000
    stall_seconds: NotNegative = 300
    log_kbytes: Positive = 256
    max_queued: Positive = 10_000
    max_queued_per_owner: NotNegative = 0


class PauseConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When no command is taken up."""

    windows: tuple[str, ...] = ()
    timezone: str = ""


class InputsConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Bounds on what is fetched for a job."""

    max_mbytes: Positive = 20_480
    total_seconds: Seconds = 3600.0
    stall_seconds: Seconds = 30.0
    max_redirects: NotNegative = 5


class NetworkConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where inputs may come from and webhooks go to, besides public addresses."""

    allow: tuple[str, ...] = ()


class StorageConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is kept, and how much room must stay free."""

    upload_mbytes: Positive = 20_480
    upload_hours: Positive = 24
    reserve_mbytes: NotNegative = 1024
    url_hours: Hours = 0


class RetentionConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How long what is kept is kept; 0 is for ever."""

    outputs_hours: Hours = 0
    uploads_hours: Hours = 0
    total_mbytes: NotNegative = 0
    logs_hours: Hours = 720
    events_hours: Hours = 720
    deliveries_hours: Hours = 720
    commands_hours: Hours = 2160


class FfmpegConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which FFmpeg to run; empty means: look for one."""

    ffmpeg: str = ""
    ffprobe: str = ""


class SandboxConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How commands are walled in."""

    tier: Literal["auto", "bubblewrap", "landlock", "unsandboxed"] = "auto"
    readable: tuple[AbsolutePath, ...] = ()
    allow_unsafe: bool = False


class HardwareConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Which devices commands may use that encode or decode with hardware."""

    devices: tuple[AbsolutePath, ...] = ()


class VerifyConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is checked of outputs unless a command asks otherwise."""

    decode: bool = False
    duration_tolerance_seconds: Annotated[float, Meta(ge=0, le=86_400)] = 0.0
    streams: bool = False


class LogConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is written to standard error."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["text", "json"] = "text"


class Config(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything an operator can set. ``config.example.toml`` explains each setting."""

    server: ServerConfig = ServerConfig()
    jobs: JobsConfig = JobsConfig()
    pause: PauseConfig = PauseConfig()
    inputs: InputsConfig = InputsConfig()
    network: NetworkConfig = NetworkConfig()
    storage: StorageConfig = StorageConfig()
    retention: RetentionConfig = RetentionConfig()
    ffmpeg: FfmpegConfig = FfmpegConfig()
    sandbox: SandboxConfig = SandboxConfig()
    hardware: HardwareConfig = HardwareConfig()
    verify: VerifyConfig = VerifyConfig()
    log: LogConfig = LogConfig()
