import os
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from renderio_box.bundle import Bundle, Form
from renderio_box.cli import installation
from renderio_box.cli.installation import (
    Places,
    check_may_change,
    copy_readable,
    installed_program,
    put_program,
    unit_text,
)
from renderio_box.cli.outcome import CliError

needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files to root")


@pytest.fixture
def places(tmp_path: Path) -> Places:
    (tmp_path / "root/run/systemd/system").mkdir(parents=True)
    return Places(tmp_path / "root")


@pytest.fixture
def make_build(tmp_path: Path) -> Callable[[str], Bundle]:
    """Make something like a one-directory build, which is a shell script."""

    def make(script: str) -> Bundle:
        program = tmp_path / "release" / "renderio-box"
        (program.parent / "_internal").mkdir(parents=True)
        (program.parent / "_internal" / "library").write_text("as it was")
        (program.parent / "_internal").chmod(0o700)
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o700)
        return Bundle(
            form=Form.ONE_DIRECTORY, program=program, directory=program.parent, environment={}
        )

    return make


@needs_root
async def test_a_build_is_copied_for_everybody_to_read(
    places: Places, make_build: Callable[[str], Bundle]
) -> None:
    program = await put_program(places, make_build("exit 0"))

    assert program == places.program / "renderio-box"
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in places.program.rglob("*")}
    assert modes == {"renderio-box": 0o755, "_internal": 0o755, "library": 0o644}
    assert str(places.link.readlink()) == "/opt/renderio-box/renderio-box"


@needs_root
async def test_a_build_that_does_not_run_here_replaces_nothing(
    places: Places, make_build: Callable[[str], Bundle]
) -> None:
    places.program.mkdir(parents=True)
    (places.program / "renderio-box").write_text("the old one")

    with pytest.raises(CliError, match="does not run here: no GLIBC for you"):
        await put_program(places, make_build("echo no GLIBC for you >&2; exit 1"))

    assert (places.program / "renderio-box").read_text() == "the old one"


@needs_root
async def test_putting_a_build_where_it_runs_from_copies_nothing(
    places: Places, make_build: Callable[[str], Bundle]
) -> None:
    build = make_build("exit 0")
    copy_readable(build.program.parent, places.program)
    inode = places.program.stat().st_ino
    installed = Bundle(
        form=Form.ONE_DIRECTORY,
        program=places.program / "renderio-box",
        directory=places.program,
        environment={},
    )

    await put_program(places, installed)

    assert places.program.stat().st_ino == inode


async def test_the_one_file_build_is_no_service(places: Places, tmp_path: Path) -> None:
    build = Bundle(
        form=Form.ONE_FILE, program=tmp_path / "box", directory=tmp_path / "mei", environment={}
    )

    with pytest.raises(CliError, match=r"take the \.tar\.gz or the \.deb"):
        await put_program(places, build)


def test_a_program_that_the_service_cannot_see_is_refused(tmp_path: Path) -> None:
    closed = tmp_path / "closed" / "bin" / "renderio-box"
    closed.parent.mkdir(parents=True)
    (tmp_path / "closed").chmod(0o700)

    with pytest.raises(CliError, match="cannot be seen by the service's user"):
        installed_program(closed)


def test_the_unit_starts_the_program() -> None:
    assert "\nExecStart=/opt/box/renderio-box serve\n" in unit_text(Path("/opt/box/renderio-box"))


def test_an_odd_path_is_quoted_in_the_unit() -> None:
    shown = unit_text(Path("/opt/my 100% box/renderio-box"))

    assert '\nExecStart="/opt/my 100%% box/renderio-box" serve\n' in shown


def test_what_a_package_has_put_in_place_is_left_to_it(
    places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installation.os, "geteuid", lambda: 0)
    places.packaged_unit.parent.mkdir(parents=True)
    places.packaged_unit.touch()

    with pytest.raises(CliError, match="use apt"):
        check_may_change(places)


def test_a_machine_without_systemd_is_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installation.os, "geteuid", lambda: 0)

    with pytest.raises(CliError, match="systemd does not run here"):
        check_may_change(Places(tmp_path))


def test_whoever_is_not_root_is_told_so(places: Places, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation.os, "geteuid", lambda: 1000)

    with pytest.raises(CliError, match="sudo"):
        check_may_change(places)
