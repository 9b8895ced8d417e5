"""``renderio-box service`` on a machine that systemd looks after, with the one-directory build.

BOX_PROGRAM names the program, SYSTEMD_DEBIAN the machine's root; see test_service.py.
"""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest

from tests.packaging.machine import Machine, booted, may_boot
from tests.running_box import eventually

PROGRAM: Final = "/root/release/renderio-box"
READY: Final = ("curl", "-sS", "http://127.0.0.1:8420/readyz")

pytestmark = pytest.mark.timeout(300)


@pytest.fixture
def machine(built: Path, tmp_path: Path) -> Iterator[Machine]:
    """A machine on which somebody with a careful umask has unpacked the .tar.gz."""
    if "SYSTEMD_DEBIAN" not in os.environ or not may_boot():
        pytest.skip("no root is named in SYSTEMD_DEBIAN, or namespaces cannot be made here")
    place = tmp_path / "machine"
    place.mkdir()
    with booted(Path(os.environ["SYSTEMD_DEBIAN"]), place) as machine:
        shutil.copytree(built.parent, machine.root / "root/release", symlinks=True)
        machine.do("chmod", "-R", "go=", "/root/release")
        yield machine


def test_a_program_installs_itself_upgrades_itself_and_goes(machine: Machine) -> None:
    before = machine.files()

    machine.do(PROGRAM, "service", "install")
    assert machine.do(*READY).startswith('{"ready":true')
    key = machine.do("renderio-box", "keys", "add", "n8n")
    first = machine.do("systemctl", "show", "renderio-box", "--property=MainPID")
    machine.do(PROGRAM, "service", "install")
    assert eventually(lambda: machine.do(*READY)).startswith('{"ready":true')
    assert machine.do("systemctl", "show", "renderio-box", "--property=MainPID") != first
    shown = machine.do("renderio-box", "service", "status")
    assert "state     active" in shown
    assert "address   http://127.0.0.1:8420" in shown
    asked = machine.do(
        "curl", "-sS", "-H", f"X-API-KEY: {key}", "http://127.0.0.1:8420/v1/commands"
    )
    assert asked == "[]"

    machine.do(PROGRAM, "service", "uninstall")
    assert machine.attempt("renderio-box", "--version").returncode == 127
    assert (machine.root / "var/lib/renderio-box/box.sqlite3").exists()
    gone = machine.attempt(PROGRAM, "service", "status")
    assert (gone.returncode, gone.stderr.count("\n")) == (2, 1)
    machine.do(PROGRAM, "service", "uninstall", "--purge")
    left = machine.files() - before
    assert {name for name in left if "renderio" in name} == set()


def test_a_machine_with_the_package_is_left_to_it(machine: Machine) -> None:
    unit = machine.root / "usr/lib/systemd/system/renderio-box.service"
    unit.write_text("[Service]\nExecStart=/bin/true\n")

    refused = machine.attempt(PROGRAM, "service", "install")

    assert (refused.returncode, refused.stdout) == (2, "")
    assert "apt" in refused.stderr
    assert not (machine.root / "opt/renderio-box").exists()
