"""The package on a machine that systemd looks after, from its installation to its purge.

    packaging/build deb
    debootstrap --variant=minbase \
        --include=systemd,systemd-sysv,dbus,procps,curl,ca-certificates,ffmpeg,bubblewrap \
        bookworm /srv/bookworm
    BOX_DEB=dist/renderio-box_*.deb SYSTEMD_DEBIAN=/srv/bookworm \
        python -m pytest tests/packaging/test_service.py
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
import pytest

from renderio_box.assets import CLIP, asset
from tests.packaging.machine import Machine, booted, may_boot
from tests.running_box import FINAL, PATIENCE_S, eventually, running_box

ROOT: Final = Path(__file__).parents[2]
EARLIER: Final = ("c5f5de6", "f855070", "203c5a0")
"""The first commit, and those with which the contract and the queue were whole."""
UNIT: Final = "renderio-box"
LOCAL: Final = "http://127.0.0.1:8420"
DATA: Final = Path("var/lib/renderio-box")
CONFIG: Final = Path("etc/renderio-box/config.toml")
STEADY: Final = "-re -f lavfi -i testsrc2=size=64x48:rate=10:duration=6 {{out_1}}"
"""A command that takes six seconds however fast the machine is."""
LOGS: Final = ("/var/log/", "/var/lib/dpkg/", "/var/lib/systemd/", "/var/cache/", "/var/lib/apt/")
"""Where a machine keeps what it notes about everything, not about the box alone."""
ACCOUNTS: Final = {"/etc/passwd-", "/etc/shadow-", "/etc/group-", "/etc/gshadow-", "/etc/.pwd.lock"}

pytestmark = pytest.mark.timeout(300)


class Installed:
    """A box that the package has put on a machine."""

    def __init__(self, machine: Machine) -> None:
        self.machine = machine
        self.data = machine.root / DATA

    @property
    def main_process(self) -> str:
        return self.shown("MainPID")

    def shown(self, name: str) -> str:
        return self.machine.do("systemctl", "show", UNIT, f"--property={name}", "--value")

    def ask(self, path: str, body: object = None) -> dict[str, Any]:
        """Ask the box, as a command of its machine's would."""
        server = json.loads((self.data / "server.json").read_bytes())
        sent = (
            () if body is None else ("-H", "Content-Type: application/json", "-d", json.dumps(body))
        )
        return dict(
            json.loads(
                self.machine.do(
                    "curl", "-sS", "-H", f"X-API-KEY: {server['key']}", *sent, server["url"] + path
                )
            )
        )

    def submit(self, command: str) -> str:
        body = {"ffmpeg_command": command, "input_files": {}, "output_files": {"out_1": "o.mp4"}}
        return str(self.ask("/api/v1/run-ffmpeg-command", body)["command_id"])

    def started(self, command: str) -> str:
        """Return the id of a command that FFmpeg works on."""
        command_id = self.submit(command)
        eventually(lambda: self.poll(command_id)["processing_stage"] == "FFMPEG_PROCESSING")
        return command_id

    def poll(self, command_id: str) -> dict[str, Any]:
        return self.ask(f"/api/v1/commands/{command_id}")

    def answers(self) -> bool:
        """Tell whether the box answers; while it starts anew it does not."""
        asked = ("curl", "-sS", f"{LOCAL}/readyz")
        return self.machine.attempt(*asked).stdout.startswith('{"ready":true')

    def finished(self, command_id: str) -> dict[str, Any]:
        def final() -> dict[str, Any] | None:
            if not self.answers():
                return None
            polled = self.poll(command_id)
            return polled if polled["status"] in FINAL else None

        return eventually(final, within_s=PATIENCE_S)


@pytest.fixture(scope="module")
def package() -> Path:
    if "BOX_DEB" not in os.environ:
        pytest.skip("no package is named in BOX_DEB; packaging/build deb makes one")
    return Path(os.environ["BOX_DEB"])


@pytest.fixture
def machine(package: Path, tmp_path: Path) -> Iterator[Machine]:
    """A machine with the package's file on it."""
    if "SYSTEMD_DEBIAN" not in os.environ:
        pytest.skip("no root of a Debian with systemd is named in SYSTEMD_DEBIAN")
    if not may_boot():
        pytest.skip("namespaces and mounts cannot be made here")
    place = tmp_path / "machine"
    place.mkdir()
    with booted(Path(os.environ["SYSTEMD_DEBIAN"]), place) as machine:
        shutil.copy(package, machine.root / "root/box.deb")
        yield machine


@pytest.fixture
def box(machine: Machine) -> Installed:
    install(machine)
    return Installed(machine)


def install(machine: Machine) -> None:
    machine.do("dpkg", "--install", "/root/box.deb")


def test_an_installed_box_runs_a_job_behind_its_walls(box: Installed) -> None:
    (box.machine.root / "root/clip.mp4").write_bytes(asset(CLIP).read_bytes())

    box.machine.do(
        *("renderio-box", "run", "-i", "/root/clip.mp4", "-o", "/root/small.mp4", "--"),
        *("-i", "{{in_1}}", "-vf", "scale=160:-2", "-t", "1", "{{out_1}}"),
    )

    assert (box.machine.root / "root/small.mp4").stat().st_size > 1000
    assert box.ask("/healthz")["isolation"] == "bubblewrap with landlock"
    assert box.shown("ActiveState") == "active"
    assert "0 running, 0 waiting" in eventually(lambda: box.shown("StatusText"))


def test_root_manages_a_box_without_leaving_files_of_its_own_in_it(box: Installed) -> None:
    def manage(*words: str) -> str:
        return box.machine.do("renderio-box", *words)

    ended = box.finished(box.submit("-f lavfi -i testsrc2=size=64x48:duration=1 {{out_1}}"))
    assert manage("keys", "add", "while-it-runs").startswith("ffsk_")
    manage("backup", "/root/first", "--files")
    manage("doctor")
    box.machine.do("systemctl", "stop", UNIT)
    manage("keys", "add", "while-it-does-not")
    manage("backup", "/root/second", "--files")
    manage("doctor")
    manage("migrate", "--check")
    manage("restore", "/root/second")
    strange = box.machine.do("find", f"/{DATA}", "!", "-user", "renderio-box")
    box.machine.do("systemctl", "start", UNIT)

    assert strange == ""
    assert "while-it-does-not" in manage("keys", "list")
    assert box.poll(ended["command_id"])["status"] == "SUCCESS"


def test_the_first_key_is_in_a_file_of_the_services_and_not_in_the_journal(
    box: Installed,
) -> None:
    box.machine.do("systemctl", "restart", UNIT)

    told = box.machine.do("journalctl", "--no-pager", "-u", UNIT)
    assert "ffsk_" not in told
    assert f"/{DATA}/first_key" in told
    shown = box.machine.do("stat", "--format=%A %U", f"/{DATA}/first_key")
    assert shown == "-rw------- renderio-box"


def test_a_restart_in_the_middle_of_a_command_is_none_to_its_caller(box: Installed) -> None:
    settings(box, RENDERIO_SERVER_DRAIN_SECONDS="1")
    command_id = box.started(STEADY)

    box.machine.do("systemctl", "restart", UNIT)

    ended = box.finished(command_id)
    assert (ended["status"], ended["attempt"]) == ("SUCCESS", 2)


def test_a_stop_waits_as_long_as_the_configuration_says(box: Installed) -> None:
    settings(box, RENDERIO_SERVER_DRAIN_SECONDS="60")
    drop_in(box, TimeoutStopSec="2")
    command_id = box.started(STEADY)

    box.machine.do("systemctl", "stop", UNIT)
    assert box.shown("Result") == "success"
    box.machine.do("systemctl", "start", UNIT)

    ended = box.finished(command_id)
    assert (ended["status"], ended["attempt"]) == ("SUCCESS", 1)


def test_a_box_that_is_killed_is_started_again_and_its_command_finishes(box: Installed) -> None:
    command_id = box.started(STEADY)

    box.machine.do("kill", "-KILL", box.main_process)

    ended = box.finished(command_id)
    assert (ended["status"], ended["attempt"]) == ("SUCCESS", 2)
    assert box.shown("NRestarts") == "1"
    assert box.machine.do("sh", "-c", "pgrep -c ffmpeg || true") == "0"


def test_a_box_that_stands_still_is_started_again(box: Installed) -> None:
    drop_in(box, WatchdogSec="3")
    command_id, frozen = box.started(STEADY), box.main_process

    box.machine.do("kill", "-STOP", frozen)
    eventually(lambda: box.shown("NRestarts") == "1")

    assert box.finished(command_id)["status"] == "SUCCESS"
    assert box.main_process != frozen
    assert "watchdog" in box.machine.do("journalctl", "--no-pager", "-u", UNIT).lower()


def test_an_upgrade_goes_on_with_what_was_running(box: Installed) -> None:
    settings(box, RENDERIO_SERVER_DRAIN_SECONDS="1")
    (box.machine.root / CONFIG).write_text("[jobs]\nmax_queued = 7\n")
    command_id = box.started(STEADY)

    box.machine.do("dpkg", "--force-confold", "--install", "/root/box.deb")

    ended = box.finished(command_id)
    assert (ended["status"], ended["attempt"]) == ("SUCCESS", 2)
    assert (box.machine.root / CONFIG).read_text() == "[jobs]\nmax_queued = 7\n"


def test_a_service_that_was_stopped_and_disabled_stays_so_when_it_is_upgraded(
    box: Installed,
) -> None:
    box.machine.do("systemctl", "disable", "--now", UNIT)

    install(box.machine)

    assert box.shown("ActiveState") == "inactive"
    assert box.machine.attempt("systemctl", "is-enabled", UNIT).stdout == "disabled\n"


def test_removing_keeps_what_the_box_has_kept(box: Installed) -> None:
    ended = box.finished(box.submit("-f lavfi -i testsrc2=size=64x48:duration=1 {{out_1}}"))

    box.machine.do("dpkg", "--remove", UNIT)
    assert not (box.machine.root / "usr/bin/renderio-box").is_symlink()
    assert (box.data / "box.sqlite3").exists()
    install(box.machine)

    assert eventually(box.answers)
    assert box.poll(ended["command_id"])["status"] == "SUCCESS"


def test_a_purge_leaves_nothing_but_the_user(machine: Machine) -> None:
    before = machine.files()
    install(machine)
    box = Installed(machine)
    box.finished(box.submit("-f lavfi -i testsrc2=size=64x48:duration=1 {{out_1}}"))

    machine.do("dpkg", "--purge", UNIT)

    left = {name for name in machine.files() - before if not name.startswith(LOGS)}
    assert left - ACCOUNTS == set()
    assert machine.do("id", "-un", "renderio-box") == "renderio-box"
    assert machine.attempt("systemctl", "status", UNIT).returncode == 4  # there is no such unit


def settings(box: Installed, **variables: str) -> None:
    """Have the service started with settings in its environment."""
    text = "".join(f"{name}={value}\n" for name, value in variables.items())
    (box.machine.root / "etc/renderio-box/env").write_text(text)
    box.machine.do("systemctl", "restart", UNIT)


def drop_in(box: Installed, **lines: str) -> None:
    """Change the unit as an operator does."""
    folder = box.machine.root / "etc/systemd/system/renderio-box.service.d"
    folder.mkdir()
    text = "".join(f"{name}={value}\n" for name, value in lines.items())
    (folder / "test.conf").write_text(f"[Service]\n{text}")
    box.machine.do("systemctl", "daemon-reload")
    box.machine.do("systemctl", "restart", UNIT)


@pytest.mark.parametrize("commit", EARLIER)
def test_the_package_goes_on_with_what_an_earlier_commit_has_kept(
    commit: str, machine: Machine, tmp_path: Path
) -> None:
    if not has_commit(commit):
        pytest.skip(f"this checkout does not know the commit {commit}")
    kept = filled_by(commit, tmp_path)
    shutil.copytree(kept.data, machine.root / DATA)
    machine.do("dpkg", "--unpack", "/root/box.deb")
    machine.do("systemd-sysusers", "renderio-box.conf")
    machine.do("chown", "-R", "renderio-box:renderio-box", f"/{DATA}")

    machine.do("dpkg", "--configure", UNIT)

    box = Installed(machine)
    assert {each: box.poll(each)["status"] for each in kept.statuses} == kept.statuses
    for address, content in kept.stored.items():
        path = urlsplit(address).path
        machine.do("curl", "-sSf", "-o", "/root/fetched", LOCAL + path)
        assert (machine.root / "root/fetched").read_bytes() == content
    asked = machine.do("curl", "-sS", "-H", f"X-API-KEY: {kept.key}", f"{LOCAL}/api/v1/commands")
    assert len(json.loads(asked)["commands"]) == len(kept.statuses)
    assert box.finished(box.submit(STEADY))["status"] == "SUCCESS"


class Kept(msgspec.Struct, frozen=True):
    """What a box has kept: commands and files, and a key that opens it."""

    data: Path
    statuses: dict[str, str]
    stored: dict[str, bytes]
    key: str


def filled_by(commit: str, scratch: Path) -> Kept:
    """Have the program of an earlier commit do some work, and return what it has kept of it."""
    unpack(commit, scratch / commit)
    statuses: dict[str, str] = {}
    # The first ones do not know this setting, which tests give to every box.
    words = ("env", "--unset=RENDERIO_NETWORK_ALLOW", f"PYTHONPATH={scratch / commit}")
    program = (*words, sys.executable, "-P", "-m", "renderio_box")
    with running_box(scratch / "data", program=program) as old:
        notes = old.upload_bytes("notes.txt", b"To be cut on Friday.\n")
        stored = {notes["storage_url"]: old.download(notes["storage_url"])}
        key = old.http.post("/api/v1/keys", json={"name": "all", "scopes": ["admin"]}).json()["key"]
        for command, inputs in (
            ("-f lavfi -i testsrc2=size=64x48:rate=10:duration=1 {{out_1}}", {}),
            ("-i {{in_1}} {{out_1}}", {"in_1": notes["file_id"]}),
        ):
            command_id = old.submit(command, {"out_1": "out.mp4"}, input_files=inputs)
            ended = old.finished(command_id)
            statuses[command_id] = ended["status"]
            for output in ended["output_files"].values():
                stored[output["storage_url"]] = old.download(output["storage_url"])
    assert sorted(statuses.values()) == ["FAILED", "SUCCESS"]
    return Kept(scratch / "data", statuses, stored, key)


def has_commit(commit: str) -> bool:
    asked = ["git", "-C", str(ROOT), "cat-file", "-e", f"{commit}^{{commit}}"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0


def unpack(commit: str, target: Path) -> None:
    """Put a commit's program into a folder, with its launcher compiled where it has one."""
    archive = ["git", "-C", str(ROOT), "archive", commit, "renderio_box"]
    packed = subprocess.run(archive, capture_output=True, check=True).stdout
    target.mkdir()
    subprocess.run(["tar", "-x", "-C", str(target)], input=packed, check=True)
    room = target / "renderio_box" / "ffmpeg"
    if sources := sorted(room.glob("*.c")):
        compiler = ["cc", "-std=c11", "-O2", "-static", *sources, "-o", room / "launcher"]
        subprocess.run(compiler, check=True)
