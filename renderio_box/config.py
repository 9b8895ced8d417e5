"""Reading settings: from a file and the environment, once at start, checked whole."""

import difflib
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import msgspec
import platformdirs

from renderio_box.networks import UnusableEntryError, opened_by
from renderio_box.quiet_hours import UnknownZoneError, UnusableWindowError, quiet_hours, zone_of
from renderio_box.settings import Config, PauseConfig

ENVIRONMENT_PREFIX: Final = "RENDERIO_"
CLIENT_VARIABLES: Final = frozenset({"RENDERIO_URL", "RENDERIO_KEY"})
DATA_VARIABLE: Final = "RENDERIO_DATA"
CONFIG_VARIABLE: Final = "RENDERIO_CONFIG"
REPEATABLE_HOURS: Final = 24

TYPE_NAMES: Final = {
    "int": "a whole number",
    "float": "a number",
    "str": "text",
    "bool": "true or false",
    "object": "a table",
    "array": "a list",
}
WANTED: Final = {
    "server.public_url": 'write an address such as "https://media.example.org/renderio", or ""',
    "sandbox.tier": 'write "auto", "bubblewrap", "landlock" or "unsandboxed"',
    "sandbox.readable": "write absolute paths, and not / itself",
    "hardware.devices": 'write absolute paths of devices, such as "/dev/dri/renderD128"',
    "log.level": 'write "debug", "info", "warning" or "error"',
    "log.format": 'write "text" or "json"',
}


class ConfigError(Exception):
    """A setting cannot be used; the text names it and says what would fit."""


def load(path: Path | None, environment: Mapping[str, str]) -> Config:
    """Read the file, if any, and let environment variables override it.

    Raises:
        ConfigError: The file cannot be read, or a setting is unknown or wrong.
    """
    sections = read_toml(path) if path is not None else {}
    config = converted(sections, source=str(path))
    for name, value in environment.items():
        if name.startswith(ENVIRONMENT_PREFIX) and name not in not_settings():
            section, setting = setting_of(name)
            values = msgspec.to_builtins(config)
            values[section][setting] = listed(value) if is_list(section, setting) else value
            config = converted(values, source=f"the environment variable {name}", strict=False)
    return checked(config)


def not_settings() -> frozenset[str]:
    """Return the environment variables of ours that are no settings."""
    return CLIENT_VARIABLES | {DATA_VARIABLE, CONFIG_VARIABLE}


def read_toml(path: Path) -> dict[str, object]:
    """Return the file's tables; ConfigError says what is wrong with it."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"cannot read {path}: {error.strerror}.") from error
    except ValueError as error:
        raise ConfigError(f"{path} is not valid TOML: {error}.") from error


def converted(values: object, *, source: str, strict: bool = True) -> Config:
    """Turn plain values into settings; ConfigError names the first one that does not fit."""
    try:
        return msgspec.convert(values, Config, strict=strict)
    except msgspec.ValidationError as error:
        raise ConfigError(explained(str(error), source)) from error


def explained(complaint: str, source: str) -> str:
    """Turn msgspec's complaint into a sentence that names the setting and the fix."""
    what, _, where = complaint.partition(" - at `$")
    setting = where.rstrip("`").lstrip(".").removesuffix("[...]")
    if unknown := re.search(r"unknown field `(.+)`", what):
        full = ".".join(part for part in (setting, unknown[1]) if part)
        near = difflib.get_close_matches(full, names(), n=1, cutoff=0.6)
        hint = f"did you mean {near[0]}?" if near else "config.example.toml lists all settings."
        return f"{source}: there is no setting {full}; {hint}"
    wanted = WANTED.get(setting.partition("[")[0]) or in_words(what)
    return f"{source}: {setting or 'the configuration'} is wrong: {wanted}."


def in_words(what: str) -> str:
    """Return msgspec's complaint without its type names."""
    for name, words in TYPE_NAMES.items():
        what = what.replace(f"`{name}`", words)
    return f"{what[:1].lower()}{what[1:]}".replace("length >= 1", "of at least one character")


def names() -> list[str]:
    """Return every setting as ``section.name``."""
    tables = msgspec.to_builtins(Config())
    return [*tables, *(f"{table}.{name}" for table, values in tables.items() for name in values)]


def setting_of(variable: str) -> tuple[str, str]:
    """Return section and name for an environment variable; ConfigError when there is none."""
    settings = [name for name in names() if "." in name]
    known = {f"{ENVIRONMENT_PREFIX}{name.replace('.', '_').upper()}": name for name in settings}
    if variable in known:
        section, _, setting = known[variable].partition(".")
        return section, setting
    near = difflib.get_close_matches(variable, known, n=1, cutoff=0.85)
    hint = f"did you mean {near[0]}?" if near else "unset it; config.example.toml has them all."
    raise ConfigError(f"the environment variable {variable} is no setting; {hint}")


def is_list(section: str, setting: str) -> bool:
    """Tell whether the setting holds several values, comma-separated in the environment."""
    return isinstance(msgspec.to_builtins(Config())[section][setting], list | tuple)


def listed(value: str) -> list[str]:
    """Return the entries of a comma-separated list."""
    return [entry.strip() for entry in value.split(",") if entry.strip()]


def checked(config: Config) -> Config:
    """Refuse settings whose types fit, but not what they say or not together."""
    try:
        opened_by(config.network.allow)
    except UnusableEntryError as error:
        raise ConfigError(f"network.allow is wrong: {error}.") from error
    check_pause(config.pause)
    jobs = config.jobs
    if jobs.default_run_seconds > jobs.max_run_seconds:
        raise ConfigError(
            f"jobs.default_run_seconds ({jobs.default_run_seconds}) is more than"
            f" jobs.max_run_seconds ({jobs.max_run_seconds}); lower the first or raise the second."
        )
    if 0 < config.retention.commands_hours < REPEATABLE_HOURS:
        raise ConfigError(
            f"retention.commands_hours ({config.retention.commands_hours}) is less than"
            f" {REPEATABLE_HOURS}, for which a request with the same Idempotency-Key is answered"
            f" with the same command; write 0 for ever, or {REPEATABLE_HOURS} or more."
        )
    if config.sandbox.tier == "unsandboxed" and not config.sandbox.allow_unsafe:
        raise ConfigError(
            'sandbox.tier is "unsandboxed", which lets commands reach everything that the box'
            " can; set sandbox.allow_unsafe to true as well if that is what you want."
        )
    return config


def check_pause(pause: PauseConfig) -> None:
    """Refuse windows that are none, and a time zone that this machine does not know."""
    try:
        quiet_hours(pause.windows)
    except UnusableWindowError as error:
        raise ConfigError(f"pause.windows is wrong: {error}.") from error
    try:
        zone_of(pause.timezone)
    except UnknownZoneError as error:
        raise ConfigError(f"pause.timezone is wrong: {error}.") from error


def data_directory(chosen: Path | None, environment: Mapping[str, str]) -> Path:
    """Return where everything is kept: as chosen, as in ``RENDERIO_DATA``, or the usual place."""
    if chosen is not None:
        return chosen.absolute()
    if named := environment.get(DATA_VARIABLE):
        return Path(named).absolute()
    return Path(platformdirs.user_data_path("renderio-box", appauthor=False))
