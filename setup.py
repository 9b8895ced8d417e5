"""Compiles the launcher, the one part of the box that is not Python; everything else is in pyproject.toml.

The machine's C compiler does it (``cc``, or what ``CC`` says), or, where none works, the one
in the package ziglang, which is then asked for as a build requirement.
"""

import importlib.util
import os
import platform
import shlex
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

from setuptools import Command, Distribution, setup
from setuptools.command.bdist_wheel import bdist_wheel
from setuptools.command.build import build

ROOM: Final = Path("renderio_box/ffmpeg")
SOURCES: Final = [ROOM / "launcher.c", ROOM / "system_calls.c"]
FLAGS: Final = [
    *("-std=c11", "-O2", "-Wall", "-Wextra", "-fstack-protector-strong", "-D_FORTIFY_SOURCE=2"),
    *("-s", "-Wl,--build-id=none", "-Wl,-z,relro,-z,now", "-Wl,-z,noexecstack"),
]
LINKING: Final = [["-fPIE", "-static-pie"], ["-static"], ["-fPIE", "-pie"]]
"""Tried in this order: a static launcher needs nothing of the machine it runs on."""
QUIET: Final = ["-Wno-unused-command-line-argument"]  # clang links static-pie without being told
EXECUTABLE: Final = 0o755
NO_COMPILER: Final = (
    "The launcher cannot be compiled: see above. It needs a C compiler and the C library's"
    " headers (on Debian: apt-get install gcc libc6-dev)."
)


class MachineDistribution(Distribution):
    """One that differs from machine to machine."""

    def has_ext_modules(self) -> bool:
        """Say so in the way that setuptools asks."""
        return True


class Wheel(bdist_wheel):
    """A wheel for one kind of machine, but for any Python 3."""

    def get_tag(self) -> tuple[str, str, str]:
        """Return the tag without the Python that happens to build it."""
        return "py3", "none", super().get_tag()[2]


class BuildLauncher(Command):
    """Put the launcher beside its source, wherever the package is being built."""

    description = "compile the launcher"
    user_options = []  # noqa: RUF012  # what setuptools wants

    def initialize_options(self) -> None:
        """Start as setuptools wants it."""
        self.editable_mode = False
        self.build_lib = None

    def finalize_options(self) -> None:
        """Build where the package's modules are put."""
        self.set_undefined_options("build_py", ("build_lib", "build_lib"))

    def run(self) -> None:
        """Compile; ending here when no way of linking makes a launcher that runs."""
        launcher = Path(self.get_outputs()[0])
        launcher.parent.mkdir(parents=True, exist_ok=True)
        compiler = machines_compiler() or ziglangs_compiler()
        with tempfile.TemporaryDirectory(dir=launcher.parent) as scratch:
            made = Path(scratch) / "launcher"
            for linking in LINKING if compiler else []:
                command = [*compiler, *FLAGS, *linking, *SOURCES, "-o", made]
                if runs(command, cache=scratch) and runs([made, "--abi"], cache=scratch):
                    made.chmod(EXECUTABLE)
                    made.replace(launcher)
                    return
        raise SystemExit(NO_COMPILER)

    def get_outputs(self) -> list[str]:
        """Return the one file that this makes."""
        where = Path() if self.editable_mode else Path(self.build_lib or "build/lib")
        return [str(where / ROOM / "launcher")]

    def get_output_mapping(self) -> dict[str, str]:
        """Return nothing: no file is only copied."""
        return {}

    def get_source_files(self) -> list[str]:
        """Return what belongs into a source distribution."""
        return [str(source) for source in SOURCES]


class Build(build):
    """The usual build, and the launcher."""

    sub_commands = [*build.sub_commands, ("build_launcher", None)]  # noqa: RUF012


def machines_compiler() -> list[str] | None:
    """Return the machine's C compiler, if it finds the headers that the launcher needs."""
    compiler = shlex.split(os.environ.get("CC", "cc"))
    if not compiler or shutil.which(compiler[0]) is None:
        return None
    reads = [*compiler, "-std=c11", "-fsyntax-only", *SOURCES]
    understood = subprocess.run(reads, capture_output=True, check=False).returncode == 0
    return compiler if understood else None


def ziglangs_compiler() -> list[str] | None:
    """Return the compiler of the package ziglang, which brings a C library along."""
    package = importlib.util.find_spec("ziglang")
    if package is None or package.origin is None:
        return None
    zig = str(Path(package.origin).with_name("zig"))
    return [zig, "cc", "-target", f"{platform.machine()}-linux-musl", *QUIET]


def runs(command: list[str | Path], *, cache: str) -> bool:
    """Run a command, showing it and what it says; zig must not leave a cache in the home."""
    print(shlex.join(map(str, command)), flush=True)
    caches = {"ZIG_GLOBAL_CACHE_DIR": cache, "ZIG_LOCAL_CACHE_DIR": cache}
    return subprocess.run(command, env=os.environ | caches, check=False).returncode == 0


setup(
    distclass=MachineDistribution,
    cmdclass={"bdist_wheel": Wheel, "build": Build, "build_launcher": BuildLauncher},
    setup_requires=[] if machines_compiler() else ["ziglang"],
)
