"""Reading settings: from a file and the environment, once at start, checked whole."""

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Final, cast

import msgspec

from renderio_box.networks import UnusableEntryError, opened_by
from renderio_box.places import CONFIG_VARIABLE, DATA_VARIABLE
from renderio_box.quiet_hours import UnknownZoneError, UnusableWindowError, quiet_hours, zone_of
from renderio_box.settings import Config

ENVIRONMENT_PREFIX: Final = "RENDERIO_"
CLIENT_VARIABLES: Final = frozenset({"RENDERIO_URL", "RENDERIO_KEY"})
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
    "server.tls_certificate": 'write an absolute path, or ""',
    "server.tls_key": 'write an absolute path, or ""',
    "sandbox.tier": 'write "auto", "bubblewrap", "landlock" or "unsandboxed"',
    "sandbox.readable": "write absolute paths, and not / itself",
    "hardware.devices": 'write absolute paths of devices, such as "/dev/dri/renderD128"',
    "log.level": 'write "debug", "info", "warning" or "error"',
    "log.format": 'write "text" or "json"',
}


class ConfigError(Exception):
    """A setting cannot be used; the text names it and says what would fit."""


class Reading(msgspec.Struct, frozen=True):
    """What was read: settings, where those come from that somebody has set, and what is wrong.

    A setting that cannot be used has its default. Origins are by ``section.name``: the path of
    the file, or the environment variable.
    """

    config: Config
    origins: Mapping[str, str]
    problems: Sequence[ConfigError]


def load(path: Path | None, environment: Mapping[str, str]) -> Config:
    """Read the file, if any, and let environment variables override it.

    Raises:
        ConfigError: The file cannot be read, or a setting is unknown or wrong.
    """
    reading = read(path, environment)
    if reading.problems:
        raise reading.problems[0]
    return reading.config


def read(path: Path | None, environment: Mapping[str, str]) -> Reading:
    """Read the file, if any, and the environment, and find everything that is wrong there."""
    config, origins, problems = Config(), dict[str, str](), list[ConfigError]()
    for given in chain(in_file(path, problems), in_environment(environment, problems)):
        try:
            config = given.put_into(config)
        except ConfigError as error:
            problems.append(error)
        else:
            origins[f"{given.section}.{given.name}"] = given.origin
    for check in CHECKS:
        try:
            check(config)
        except ConfigError as error:
            problems.append(error)
    return Reading(config, origins, problems)


class Given(msgspec.Struct, frozen=True, kw_only=True):
    """One setting as somebody has written it; ``is_text`` where all values are text."""

    section: str
    name: str
    value: object
    origin: str
    is_text: bool = False

    def put_into(self, config: Config) -> Config:
        """Return ``config`` with this setting; ConfigError when it does not fit."""
        values = msgspec.to_builtins(config)
        values[self.section] = values[self.section] | {self.name: self.value}
        source = f"the environment variable {self.origin}" if self.is_text else self.origin
        return converted(values, source=source, strict=not self.is_text)


def in_file(path: Path | None, problems: list[ConfigError]) -> Iterator[Given]:
    """Yield what the file sets; what cannot be a setting goes to ``problems``."""
    try:
        tables = {} if path is None else read_toml(path)
    except ConfigError as error:
        problems.append(error)
        return
    for section, values in tables.items():
        if section in names() and isinstance(values, dict):
            for name, value in cast("dict[str, object]", values).items():
                yield Given(section=section, name=name, value=value, origin=str(path))
            continue
        try:
            converted({section: values}, source=str(path))
        except ConfigError as error:
            problems.append(error)


def in_environment(environment: Mapping[str, str], problems: list[ConfigError]) -> Iterator[Given]:
    """Yield what environment variables set; what cannot be a setting goes to ``problems``."""
    for variable, text in environment.items():
        if not variable.startswith(ENVIRONMENT_PREFIX) or variable in not_settings():
            continue
        try:
            section, name = setting_of(variable)
        except ConfigError as error:
            problems.append(error)
        else:
            value = listed(text) if is_list(section, name) else text
            yield Given(section=section, name=name, value=value, origin=variable, is_text=True)


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


def check_network(config: Config) -> None:
    """Refuse an entry that opens nothing."""
    try:
        opened_by(config.network.allow)
    except UnusableEntryError as error:
        raise ConfigError(f"network.allow is wrong: {error}.") from error


def check_tls(config: Config) -> None:
    """Refuse half of what TLS needs."""
    if bool(config.server.tls_certificate) != bool(config.server.tls_key):
        raise ConfigError(
            "server.tls_certificate and server.tls_key belong together; set both, or neither."
        )


def check_windows(config: Config) -> None:
    """Refuse windows that are none."""
    try:
        quiet_hours(config.pause.windows)
    except UnusableWindowError as error:
        raise ConfigError(f"pause.windows is wrong: {error}.") from error


def check_zone(config: Config) -> None:
    """Refuse a time zone that this machine does not know."""
    try:
        zone_of(config.pause.timezone)
    except UnknownZoneError as error:
        raise ConfigError(f"pause.timezone is wrong: {error}.") from error


def check_time_limits(config: Config) -> None:
    """Refuse a time limit for commands that ask for none which none may ask for."""
    jobs = config.jobs
    if jobs.default_run_seconds > jobs.max_run_seconds:
        raise ConfigError(
            f"jobs.default_run_seconds ({jobs.default_run_seconds}) is more than"
            f" jobs.max_run_seconds ({jobs.max_run_seconds}); lower the first or raise the second."
        )


def check_retention(config: Config) -> None:
    """Refuse to forget commands while a request may still be repeated."""
    if 0 < config.retention.commands_hours < REPEATABLE_HOURS:
        raise ConfigError(
            f"retention.commands_hours ({config.retention.commands_hours}) is less than"
            f" {REPEATABLE_HOURS}, for which a request with the same Idempotency-Key is answered"
            f" with the same command; write 0 for ever, or {REPEATABLE_HOURS} or more."
        )


def check_sandbox(config: Config) -> None:
    """Refuse to have no walls unless that is said twice."""
    if config.sandbox.tier == "unsandboxed" and not config.sandbox.allow_unsafe:
        raise ConfigError(
            'sandbox.tier is "unsandboxed", which lets commands reach everything that the box'
            " can; set sandbox.allow_unsafe to true as well if that is what you want."
        )


CHECKS: Final = (
    check_tls,
    check_network,
    check_windows,
    check_zone,
    check_time_limits,
    check_retention,
    check_sandbox,
)
"""What refuses settings whose types fit, but not what they say or not together."""
