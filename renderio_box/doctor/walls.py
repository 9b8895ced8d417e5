"""How commands are walled in here, and what would wall them in better."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from renderio_box.doctor.finding import Finding, problem, warning, well
from renderio_box.ffmpeg.isolation import IsolationError
from renderio_box.ffmpeg.sandbox import Isolation, Tier

SUBJECT: Final = "sandbox"
KERNEL: Final = Path("/proc/sys")
SWITCHES: Final = {
    "kernel/apparmor_restrict_unprivileged_userns": (
        "1",
        "load an AppArmor profile that gives bwrap userns (apparmor-profiles has one)",
    ),
    "user/max_user_namespaces": ("0", "sysctl user.max_user_namespaces=15000"),
    "kernel/unprivileged_userns_clone": ("0", "sysctl kernel.unprivileged_userns_clone=1"),
}
"""Switches of the kernel that forbid namespaces: the value that does, and what to do."""
CONTAINER_MARKS: Final = (
    Path("/.dockerenv"),
    Path("/run/.containerenv"),
    Path("/run/systemd/container"),
)
IN_A_CONTAINER: Final = (
    "in a container this is as good as it gets: it forbids namespaces; in LXC set nesting=1"
)
INSTALL: Final = "apt-get install bubblewrap"
NEWER_KERNEL: Final = "a kernel of 5.13 or newer with landlock in its lsm= list adds a second wall"


def walls_finding(isolation: Isolation, *, why_not_better: str, remedy: str) -> Finding:
    """Tell which walls there are; ``why_not_better`` is what bubblewrap lacks, ``remedy`` what to do."""
    match isolation.tier:
        case Tier.BUBBLEWRAP if isolation.machine.landlock:
            return well(SUBJECT, f"{isolation.name}, proven by trying")
        case Tier.BUBBLEWRAP:
            return well(SUBJECT, f"bubblewrap, proven by trying; {NEWER_KERNEL}")
        case Tier.LANDLOCK:
            return warning(SUBJECT, f"landlock only, because bubblewrap: {why_not_better}", remedy)
        case Tier.UNSANDBOXED:
            return problem(
                SUBJECT,
                "none: commands can read the files of the box's user and reach the network",
                f"{remedy}, then remove sandbox.allow_unsafe",
            )


def no_walls(error: IsolationError, remedy: str) -> Finding:
    """Tell that the box cannot start here."""
    return problem(SUBJECT, str(error).rstrip("."), remedy)


def remedy_for(isolation: Isolation | None, switches: Mapping[str, str], *, contained: bool) -> str:
    """Return what would raise the tier; ``switches`` are the kernel's values by name."""
    if isolation is not None and isolation.machine.bubblewrap is None:
        return INSTALL
    for name, (forbids, fix) in SWITCHES.items():
        if switches.get(name) == forbids:
            return fix
    return IN_A_CONTAINER if contained else f"{INSTALL}, or a kernel with Landlock"


def kernel_switches(root: Path = KERNEL) -> dict[str, str]:
    """Return the switches that this kernel has, with their values. Blocks for a moment."""
    paths = {name: root / name for name in SWITCHES}
    return {name: path.read_text().strip() for name, path in paths.items() if path.exists()}


def is_contained() -> bool:
    """Tell whether this is a container, as far as it shows."""
    return any(mark.exists() for mark in CONTAINER_MARKS)
