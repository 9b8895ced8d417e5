"""Putting another box in the place of the one in a data directory, whole or not at all.

What comes is first put together in a folder of the data directory. Then a journal is
written, and from that moment on the change is certain: whoever next holds the lock of the
directory goes on with it. Before that moment the folder is only rubbish.
"""

import shutil
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from renderio_box.durable import sync_folder, write_private

JOURNAL: Final = "restore.json"
STAGE: Final = "restore.new"
NAMES: Final = ("box.sqlite3-shm", "box.sqlite3-wal", "box.sqlite3", "url_keys.json", "files")
"""What makes a box; the log of a database never lies beside another database."""


class Replacement(msgspec.Struct, frozen=True):
    """A change that is certain: from which folder, and where what was there goes.

    Once ``is_emptied``, everything that was there has gone.
    """

    stage: str
    replaced: str
    is_emptied: bool = False


def replace_box(root: Path, *, stage: str, replaced: str) -> None:
    """Put what lies in ``stage`` in place of the box, whose parts go to ``replaced``. Blocks.

    Call it with the lock held and everything in ``stage`` on disk. Both are names of
    folders in ``root``, of which the second does not exist.
    """
    note(root, Replacement(stage, replaced))
    finish_replacement(root)


def is_under_way(root: Path) -> bool:
    """Tell whether a change is certain and not finished."""
    return (root / JOURNAL).exists()


def finish_replacement(root: Path) -> None:
    """Go on with a change that is certain, forget one that is not. Blocks.

    Call it with the lock held, before anything else is looked at. It may be repeated.
    """
    journal = root / JOURNAL
    if not journal.exists():
        with suppress(FileNotFoundError, PermissionError):  # root's is for root to remove
            shutil.rmtree(root / STAGE)
        return
    change = msgspec.json.decode(journal.read_bytes(), type=Replacement)
    stage, replaced = root / change.stage, root / change.replaced
    if not change.is_emptied:
        replaced.mkdir(mode=0o700, exist_ok=True)
        move(root, replaced)
        note(root, msgspec.structs.replace(change, is_emptied=True))
    if stage.exists():
        move(stage, root)
    for folder in (stage, replaced):
        with suppress(OSError):  # it is empty, unless there was more in it than a box
            folder.rmdir()
    journal.unlink()
    sync_folder(root)


def move(source: Path, target: Path) -> None:
    """Move the parts of a box from one folder to another, durable on return."""
    for name in NAMES:
        with suppress(FileNotFoundError):
            (source / name).rename(target / name)
    sync_folder(source)
    sync_folder(target)


def note(root: Path, change: Replacement) -> None:
    """Write the journal, whole or not at all, durable on return."""
    write_private(root / JOURNAL, msgspec.json.encode(change))
