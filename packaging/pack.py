"""Puts what PyInstaller made into dist/, and packs it: ``pack.py [onedir] [onefile] [tar] [deb]``.

Everything is sorted, belongs to root and carries the date of the commit (SOURCE_DATE_EPOCH),
so that the same commit gives the same bytes.
"""

import gzip
import importlib.metadata
import os
import platform
import re
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from renderio_box import __version__

FROZEN = Path("build/frozen")
DIST = Path("dist")
ONE_DIRECTORY = DIST / "renderio-box"
RELEASE = f"renderio-box-{__version__}-linux-{platform.machine()}"
DATE = int(os.environ["SOURCE_DATE_EPOCH"])
HERE = Path("packaging")
UNIT_FILES = {
    Path("renderio_box/assets/renderio-box.service"): "usr/lib/systemd/system/renderio-box.service",
    Path("renderio_box/assets/renderio-box.sysusers"): "usr/lib/sysusers.d/renderio-box.conf",
}
COMPLETIONS = {
    "bash": "usr/share/bash-completion/completions/renderio-box",
    "zsh": "usr/share/zsh/vendor-completions/_renderio-box",
    "fish": "usr/share/fish/vendor_completions.d/renderio-box.fish",
}
DOCUMENTS = (
    "README.md",
    "config.example.toml",
    "renderio_box/assets/gpu.conf",
    "packaging/grafana-dashboard.json",
    "packaging/prometheus-rules.yml",
)
NOT_INSIDE = {
    *("altgraph", "packaging", "pip", "pyinstaller", "pyinstaller-hooks-contrib", "setuptools"),
    *("faker", "markdown-it-py", "mdurl", "polyfactory", "pygments", "rich", "rich-click"),
    "renderio-box",
}
"""What is in the environment and not in the build."""
LICENCE = re.compile(r"(?:LICEN[CS]E|COPYING|NOTICE)[^/]*", re.IGNORECASE)
SYMBOL_VERSION = re.compile(r"\bGLIBC_(\d+)\.(\d+)")


def put_onedir() -> None:
    """Put the one-directory build into dist/."""
    if (FROZEN / "renderio-box").is_dir():
        shutil.rmtree(ONE_DIRECTORY, ignore_errors=True)
        shutil.copytree(FROZEN / "renderio-box", ONE_DIRECTORY, symlinks=True)


def put_onefile() -> None:
    """Put the one-file build into dist/."""
    shutil.copy2(FROZEN / "renderio-box-onefile", DIST / RELEASE)


def pack_tar() -> None:
    """Pack the one-directory build with what is needed to install it by hand."""
    files = {f"renderio-box/{path.relative_to(ONE_DIRECTORY)}": path for path in below()}
    files |= {path.name: path for path in UNIT_FILES}
    files |= {Path(name).name: Path(name) for name in DOCUMENTS}
    major, minor = needed_glibc()
    hint = (HERE / "INSTALL.txt").read_text().format(glibc=f"{major}.{minor}")
    for name, content in {"copyright": copyright_text(), "INSTALL.txt": hint.encode()}.items():
        files[name] = Path("build") / name
        put(files[name], content)
    target = DIST / f"{RELEASE}.tar.gz"
    with (
        target.open("wb") as raw,
        gzip.GzipFile("", "wb", fileobj=raw, mtime=DATE) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.GNU_FORMAT) as archive,
    ):
        for name, path in sorted(files.items()):
            member = archive.gettarinfo(path, f"{RELEASE}/{name}")
            member.mtime, member.uid, member.gid, member.uname, member.gname = DATE, 0, 0, "", ""
            member.mode = 0o755 if is_program(path) else 0o644
            if member.isreg():
                with path.open("rb") as file:
                    archive.addfile(member, file)
            else:
                archive.addfile(member)


def below() -> Iterator[Path]:
    """Yield the files and links of the one-directory build; folders come with them."""
    yield from (path for path in ONE_DIRECTORY.rglob("*") if path.is_symlink() or path.is_file())


def is_program(path: Path) -> bool:
    """Tell whether a file is there to be started."""
    return path.is_symlink() or bool(path.stat().st_mode & 0o100)


def pack_deb() -> None:
    """Pack the Debian package."""
    root = Path("build/deb")
    shutil.rmtree(root, ignore_errors=True)
    home = root / "usr/lib/renderio-box"
    shutil.copytree(ONE_DIRECTORY, home, symlinks=True)
    link = root / "usr/bin/renderio-box"
    link.parent.mkdir()
    link.symlink_to("../lib/renderio-box/renderio-box")
    for source, target in UNIT_FILES.items():
        put(root / target, source.read_bytes())
    documentation = root / "usr/share/doc/renderio-box"
    put(documentation / "copyright", copyright_text())
    for name in DOCUMENTS:
        put(documentation / Path(name).name, Path(name).read_bytes())
    put(root / "etc/renderio-box/config.toml", Path("renderio_box/assets/config.toml").read_bytes())
    for shell, target in COMPLETIONS.items():
        if script := completion_for(shell):
            put(root / target, script)
    put_control(root)
    for path in (root, *root.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or is_program(path) else 0o644)
        os.utime(path, (DATE, DATE), follow_symlinks=False)
    words = ("--root-owner-group", "-Zxz", "--build", str(root), str(DIST / deb_name()))
    environment = os.environ | {"DPKG_DEB_THREADS_MAX": "1"}  # how many threads shows in the bytes
    subprocess.run(("dpkg-deb", *words), env=environment, check=True, stdout=subprocess.DEVNULL)


def put_control(root: Path) -> None:
    """Write what dpkg asks for: who needs what, and what to do before and after."""
    kibibytes = sum(path.lstat().st_size for path in root.rglob("*") if path.is_file()) // 1024
    major, minor = needed_glibc()
    control = (
        (HERE / "debian/control")
        .read_text()
        .format(
            version=deb_version(),
            architecture=architecture(),
            kibibytes=kibibytes,
            glibc=f"{major}.{minor}",
        )
    )
    put(root / "DEBIAN/control", control.encode())
    put(root / "DEBIAN/conffiles", b"/etc/renderio-box/config.toml\n")
    for name in ("postinst", "prerm", "postrm"):
        put(root / "DEBIAN" / name, (HERE / "debian" / name).read_bytes())
        (root / "DEBIAN" / name).chmod(0o755)


def put(target: Path, content: bytes) -> None:
    """Write a file, making the folders that it lies in."""
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)


def completion_for(shell: str) -> bytes:
    """Return what the built program itself prints for a shell, nothing while it has no such command."""
    command = (ONE_DIRECTORY / "renderio-box", "completion", shell)
    asked = subprocess.run(command, check=False, capture_output=True)
    return asked.stdout if asked.returncode == 0 else b""


def copyright_text() -> bytes:
    """Return who made what, with the licences that the libraries in the environment bring."""
    texts = [(HERE / "debian/copyright").read_text()]
    found = {
        re.sub(r"[-_.]+", "-", library.name).lower(): library
        for library in importlib.metadata.distributions()
    }
    for name in sorted(found.keys() - NOT_INSIDE):
        library = found[name]
        texts.append(f"{'=' * 78}\n{name} {library.version}\n")
        licences = [
            file
            for file in library.files or ()
            if file.parts[0].endswith(".dist-info") and LICENCE.fullmatch(file.name)
        ]
        texts += [licence.read_text() for licence in sorted(licences)]
        if not licences:
            texts.append(f"{library.metadata.get('License', 'See its project page.')}\n")
    return "\n".join(texts).encode()


def needed_glibc() -> tuple[int, int]:
    """Return the newest version of the C library that anything in the build asks for."""
    needed = (0, 0)
    for path in below():
        with path.open("rb") as file:
            if file.read(4) != b"\x7fELF":
                continue
        told = subprocess.run(
            ("objdump", "-p", path), check=True, capture_output=True, text=True
        ).stdout
        for major, minor in SYMBOL_VERSION.findall(told):
            needed = max(needed, (int(major), int(minor)))
    return needed


def deb_version() -> str:
    """Return the version as Debian orders it: what is before a release sorts before it."""
    return re.sub(r"(?<=\d)\.?(dev|a|b|rc)", r"~\1", __version__)


def architecture() -> str:
    """Return what Debian calls this machine."""
    asked = ("dpkg", "--print-architecture")
    return subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()


def deb_name() -> str:
    """Return the package's file name."""
    return f"renderio-box_{deb_version()}_{architecture()}.deb"


def main(words: list[str]) -> None:
    """Put and pack what was asked for."""
    DIST.mkdir(exist_ok=True)
    put_onedir()
    packing = {"onefile": put_onefile, "tar": pack_tar, "deb": pack_deb}
    for word, pack in packing.items():
        if word in words:
            pack()


if __name__ == "__main__":
    main(sys.argv[1:])
