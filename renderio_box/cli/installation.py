"""``renderio-box service``: putting this very program in place as a service that systemd looks after."""

import os
import shutil
import stat
import sys
from functools import partial
from pathlib import Path
from typing import Final

import click
import msgspec
from anyio import to_thread

from renderio_box.assets import FIRST_CONFIG, UNIT, USERS, asset
from renderio_box.bundle import Bundle, Form, bundle
from renderio_box.cli.options import finish
from renderio_box.cli.outcome import CliError, ExitStatus, say
from renderio_box.data_directory import DataDirectory
from renderio_box.durable import write_whole
from renderio_box.ffmpeg.child import run_tool
from renderio_box.places import SYSTEM_DATA

SERVICE: Final = "renderio-box.service"
EXEC_START: Final = "ExecStart=/usr/bin/renderio-box serve"
SEARCH_PATH: Final = "/usr/sbin:/usr/bin:/sbin:/bin"
HIDDEN: Final = (Path("/home"), Path("/root"), Path("/run/user"))
"""Where ProtectHome= of the unit leaves nothing to be seen."""
TRIAL_SECONDS: Final = 60.0
SYSTEMD_SECONDS: Final = 3700.0
"""A start migrates the database first, and may ask for an hour."""
ANSWER_BYTES: Final = 64 * 1024
READABLE: Final = 0o644
SHOWN: Final = {
    "ActiveState": "state",
    "StatusText": "says",
    "ActiveEnterTimestamp": "since",
    "UnitFileState": "at boot",
    "NRestarts": "restarts",
    "FragmentPath": "unit",
}


class Places(msgspec.Struct, frozen=True):
    """Where everything is put, below ``root``."""

    root: Path = Path("/")

    @property
    def program(self) -> Path:
        """Return the folder of the one-directory build."""
        return self.root / "opt/renderio-box"

    @property
    def link(self) -> Path:
        """Return what is on everybody's PATH."""
        return self.root / "usr/local/bin/renderio-box"

    @property
    def unit(self) -> Path:
        """Return the unit file."""
        return self.root / "etc/systemd/system" / SERVICE

    @property
    def packaged_unit(self) -> Path:
        """Return the unit file of a Debian package."""
        return self.root / "usr/lib/systemd/system" / SERVICE

    @property
    def users(self) -> Path:
        """Return what systemd-sysusers makes the service's user from."""
        return self.root / "etc/sysusers.d/renderio-box.conf"

    @property
    def config(self) -> Path:
        """Return the configuration file."""
        return self.root / "etc/renderio-box/config.toml"

    @property
    def data(self) -> Path:
        """Return the data directory."""
        return self.root / SYSTEM_DATA.relative_to("/")


async def install(places: Places, *, start: bool) -> ExitStatus:
    """Put program, user, configuration and unit in place; the second time is an upgrade."""
    check_may_change(places)
    frozen = bundle()
    program = await put_program(places, frozen)
    write(places.users, asset(USERS).read_bytes())
    write(places.unit, unit_text(program).encode())
    if not places.config.exists():
        write(places.config, asset(FIRST_CONFIG).read_bytes())
    await systemd("systemd-sysusers", str(places.users))
    await systemd("systemctl", "daemon-reload")
    await systemd("systemctl", "enable", SERVICE)
    say(f"installed: {program}, {places.unit}, configuration in {places.config}")
    if start:
        await systemd("systemctl", "restart", SERVICE)
        say(f"the service runs; its data is in {places.data}")
        say("logs: journalctl -u renderio-box; API keys: renderio-box keys add NAME")
    return ExitStatus.OK


async def uninstall(places: Places, *, purge: bool) -> ExitStatus:
    """Stop the service and remove it; with ``purge`` also its configuration and all its data."""
    check_may_change(places)
    if places.unit.exists():
        await systemd("systemctl", "disable", "--now", SERVICE)
    for path in (places.unit, places.users, places.link):
        path.unlink(missing_ok=True)
    await to_thread.run_sync(partial(shutil.rmtree, places.program, ignore_errors=True))
    await systemd("systemctl", "daemon-reload")
    if purge:
        for path in (places.config.parent, places.data):
            await to_thread.run_sync(partial(shutil.rmtree, path, ignore_errors=True))
        say("removed, with its configuration and all its data")
    else:
        say(f"removed; {places.config.parent} and {places.data} are still there (--purge)")
    return ExitStatus.OK


async def status(places: Places) -> ExitStatus:
    """Print how the service does; OK when it runs."""
    if not places.unit.exists() and not places.packaged_unit.exists():
        raise CliError("the service is not installed; 'renderio-box service install' does that.")
    wanted = ",".join(SHOWN)
    told = await systemd("systemctl", "show", SERVICE, f"--property={wanted}")
    facts = dict(line.split("=", 1) for line in told.splitlines() if "=" in line)
    for name, label in SHOWN.items():
        sys.stdout.write(f"{label:<9} {facts.get(name) or '-'}\n")
    server = DataDirectory(places.data).server() if os.access(places.data, os.X_OK) else None
    sys.stdout.write(f"{'address':<9} {server.url if server else '-'}\n{'data':<9} {places.data}\n")
    return ExitStatus.OK if facts.get("ActiveState") == "active" else ExitStatus.COMMAND_FAILED


def check_may_change(places: Places) -> None:
    """Refuse where a service cannot be put in place, or is somebody else's to put there."""
    if os.geteuid() != 0:
        raise CliError("this takes root's rights; run it with sudo.")
    if places.packaged_unit.exists():
        raise CliError(
            "a Debian package has put the service in place; use apt to upgrade or remove it."
        )
    if not (places.root / "run/systemd/system").is_dir():
        raise CliError(
            "systemd does not run here; start 'renderio-box serve' by what this machine has instead."
        )


async def put_program(places: Places, frozen: Bundle | None) -> Path:
    """Return what the unit starts: the one-directory build copied, an installed Python as it is.

    Raises:
        CliError: It cannot run as a service; nothing was changed.
    """
    if frozen is None:
        return installed_program(Path(sys.executable).with_name("renderio-box"))
    if frozen.form is Form.ONE_FILE:
        raise CliError(
            "this is the one-file build, which unpacks itself at every start and is not fit for a"
            " service; take the .tar.gz or the .deb."
        )
    if frozen.program.parent != places.program:
        await replace_program(places, frozen.program.parent)
    places.link.parent.mkdir(parents=True, exist_ok=True)
    places.link.unlink(missing_ok=True)
    places.link.symlink_to(Path("/opt/renderio-box/renderio-box"))
    return places.program / frozen.program.name


def installed_program(program: Path) -> Path:
    """Return a program of pip's, if the service's user can start it."""
    hidden = [place for place in HIDDEN if program.is_relative_to(place)]
    closed = [each for each in program.parents if not each.stat().st_mode & stat.S_IXOTH]
    if hidden or closed:
        raise CliError(
            f"{program} cannot be seen by the service's user, because of {(hidden + closed)[0]};"
            " install the box into /opt, for example: python3 -m venv /opt/renderio-box-venv."
        )
    return program


async def replace_program(places: Places, source: Path) -> None:
    """Copy the build beside the old one, try it, and only then put it in its place."""
    arriving, leaving = (
        places.program.with_name(f"renderio-box.{name}") for name in ("new", "old")
    )
    await to_thread.run_sync(copy_readable, source, arriving)
    tried = await run_tool(
        [str(arriving / "renderio-box"), "--version"],
        directory=Path("/"),
        environment={},
        timeout_s=TRIAL_SECONDS,
        max_output_bytes=ANSWER_BYTES,
    )
    if tried.exit_status != 0:
        said = tried.complaints.decode(errors="replace").strip()[:200]
        raise CliError(f"this build does not run here: {said}", status=ExitStatus.CANNOT_START)
    if places.unit.exists():  # a program that runs reads its own files by name
        await systemd("systemctl", "stop", SERVICE)
    shutil.rmtree(leaving, ignore_errors=True)
    if places.program.exists():
        places.program.rename(leaving)
    arriving.rename(places.program)
    await to_thread.run_sync(partial(shutil.rmtree, leaving, ignore_errors=True))


def copy_readable(source: Path, target: Path) -> None:
    """Copy a folder so that everybody may read it, whatever the umask of who unpacked it. Blocks."""
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, symlinks=True)
    for path in (target, *target.rglob("*")):
        if not path.is_symlink():
            runs = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
            path.chmod(0o755 if runs else READABLE)
            os.chown(path, 0, 0)


def unit_text(program: Path) -> str:
    """Return the unit for a program."""
    text, quoted = asset(UNIT).read_text(), str(program).replace("%", "%%").replace('"', '\\"')
    words = f'"{quoted}"' if " " in quoted or '"' in quoted else quoted
    return text.replace(EXEC_START, f"ExecStart={words} serve")


def write(path: Path, content: bytes) -> None:
    """Write a file that everybody may read, in a directory that is made for it if need be."""
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    write_whole(path, content, mode=READABLE)


async def systemd(*words: str) -> str:
    """Run one of systemd's commands and return what it prints; CliError says why it failed."""
    try:
        finished = await run_tool(
            words,
            directory=Path("/"),
            environment={"PATH": SEARCH_PATH, "LC_ALL": "C.UTF-8"},
            timeout_s=SYSTEMD_SECONDS,
            max_output_bytes=ANSWER_BYTES,
        )
    except OSError as error:
        raise CliError(f"cannot run {words[0]}: {error.strerror}.") from error
    if finished.exit_status != 0:
        said = finished.complaints.decode(errors="replace").strip()
        raise CliError(f"'{' '.join(words)}' failed: {said}", status=ExitStatus.COMMAND_FAILED)
    return finished.output.decode(errors="replace")


@click.group("service")
def service_group() -> None:
    """Have systemd look after the box: started at boot, watched, restarted."""


@service_group.command("install")
@click.option("--no-start", "start", flag_value=False, default=True, help="Do not start it yet.")
def install_command(*, start: bool) -> None:
    """Put this program in place as a service, or upgrade the one that is there.

    A user, a configuration file and a unit are made; what is there of data and configuration
    is kept. Run it again with a newer program to upgrade.
    """
    finish(partial(install, Places(), start=start))


@service_group.command("uninstall")
@click.option("--purge", is_flag=True, help="Remove configuration and all data as well.")
def uninstall_command(*, purge: bool) -> None:
    """Stop the service and remove it; its data and configuration stay unless --purge."""
    finish(partial(uninstall, Places(), purge=purge))


@service_group.command("status")
def status_command() -> None:
    """Show how the service does. Exit status 0 when it runs."""
    finish(status, Places())
