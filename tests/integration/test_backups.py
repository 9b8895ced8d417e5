"""Snapshots of a box that works, and putting them in place of another."""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import anyio
import pytest
from anyio import from_thread, to_thread
from httpx import AsyncClient

from renderio_box.backup import delivery
from renderio_box.backup.delivery import arriving_at, check_target, deliver
from renderio_box.backup.manifest import BackupError, Manifest
from renderio_box.backup.restoring import Plan, Restored, go_back, restore
from renderio_box.backup.taking import Ready, claimed, sweep, take
from renderio_box.data_directory import DataDirectory
from renderio_box.database.migrate import NewerSchemaError
from renderio_box.database.snapshot import open_archived
from renderio_box.identifiers import FileId
from tests.builders import make_body
from tests.integration.box import Box, problem, submit, upload

BACKUP = "/api/v1/backup"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


def carry_on() -> None:
    """Have nothing stop what takes long."""


@pytest.fixture
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kept") / "backup"


@pytest.fixture
def machine(tmp_path_factory: pytest.TempPathFactory) -> DataDirectory:
    """Another machine, with nothing on it."""
    return DataDirectory(tmp_path_factory.mktemp("machine"))


async def stored(client: AsyncClient, content: bytes = b"content") -> str:
    return str((await upload(client, name="small.mp4", content=content))["file_id"])


async def key_of(box: Box, file_id: str) -> str:
    return (await box.files.find(FileId(file_id), sees=None)).key


async def snapshot(
    box: Box, *, with_files: bool = True, check: Callable[[], None] = carry_on
) -> Ready:
    """Take a snapshot; ``check`` is called again and again on the way, in a thread."""
    return await to_thread.run_sync(
        lambda: take(
            DataDirectory(box.root),
            with_files=with_files,
            check=check,
            aside=box.storage.setting_aside,
        )
    )


async def backed_up(box: Box, target: Path, *, with_files: bool = True) -> Manifest:
    ready = await snapshot(box, with_files=with_files)
    return deliver(ready, DataDirectory(box.root), target, now=NOW, check=carry_on)


async def restored(target: Path, data: DataDirectory, *, skip_damaged: bool = False) -> Restored:
    plan = Plan(source=target, data=data, skip_damaged=skip_damaged)
    return await restore(plan, now=NOW, told=lambda *_: None)


def jobs_in(database: Path) -> int:
    with closing(sqlite3.connect(database)) as connection:
        (count,) = connection.execute("SELECT count(*) FROM jobs").fetchone()
    return int(count)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


async def test_snapshots_are_for_administrators(
    box: Box, client: AsyncClient, anonymous: AsyncClient
) -> None:
    refused = [problem(await each.post(BACKUP, json={})) for each in (anonymous, client)]

    assert refused == [(401, "UNAUTHORIZED"), (403, "FORBIDDEN")]
    assert names_in(box.root / "backups") == []


async def test_a_snapshot_is_left_in_the_data_directory(box: Box, admin: AsyncClient) -> None:
    await stored(admin)

    told = (await admin.post(BACKUP, json={"with_files": True})).json()

    left = box.root / "backups" / told["snapshot"]
    assert (told["stored_files"], told["stored_bytes"], told["missing_keys"]) == (1, 7, [])
    assert names_in(left) == ["box.sqlite3", "files", "url_keys.json"]
    assert ((left / "box.sqlite3").stat().st_mode & 0o777, left.stat().st_mode & 0o777) == (
        0o600,
        0o700,
    )


async def test_one_snapshot_is_taken_at_a_time(admin: AsyncClient) -> None:
    answers: list[tuple[int, str | None]] = []

    async def ask() -> None:
        answer = await admin.post(BACKUP, json={})
        answers.append((answer.status_code, answer.headers.get("retry-after")))

    async with anyio.create_task_group() as group:
        group.start_soon(ask)
        group.start_soon(ask)

    assert sorted(answers) == [(200, None), (429, "30")]


async def test_a_snapshot_that_nobody_took_goes_when_the_next_is_taken(
    box: Box, admin: AsyncClient
) -> None:
    await admin.post(BACKUP, json={})

    second = (await admin.post(BACKUP, json={})).json()["snapshot"]

    assert names_in(box.root / "backups") == [second]


async def test_a_snapshot_that_somebody_is_taking_away_stays(box: Box) -> None:
    ready = await snapshot(box)
    backups = box.root / "backups"

    with claimed(backups / ready.name):
        sweep(backups)
        during = names_in(backups)
    sweep(backups)

    assert (during, names_in(backups)) == ([ready.name], [])


async def test_what_is_no_snapshot_is_left_alone(box: Box) -> None:
    backups = box.root / "backups"
    backups.mkdir()
    (backups / "stray").touch()

    sweep(backups)

    assert names_in(backups) == ["stray"]


async def test_without_room_for_it_no_snapshot_is_taken(full_box: Box) -> None:
    with pytest.raises(Exception, match="short of disk space"):
        await full_box.parts.backups.take(with_files=True)

    assert names_in(full_box.root / "backups") == []


async def test_what_is_deleted_meanwhile_is_in_the_backup_all_the_same(
    box: Box, admin: AsyncClient, target: Path
) -> None:
    first, second = await stored(admin, b"first"), await stored(admin, b"second")
    keys = {await key_of(box, first): b"first", await key_of(box, second): b"second"}
    ids = [first, second]

    def delete_one() -> None:
        if ids:
            from_thread.run(lambda: box.files.delete(FileId(ids.pop()), sees=None))

    ready = await snapshot(box, check=delete_one)
    deliver(ready, DataDirectory(box.root), target, now=NOW, check=carry_on)

    assert {key: (target / "files" / key).read_bytes() for key in keys} == keys
    assert [key for key in keys if (box.root / "files" / key).exists()] == []


async def test_what_is_deleted_after_a_backup_is_deleted_as_ever(
    box: Box, admin: AsyncClient
) -> None:
    await snapshot(box)
    file_id = await stored(admin)
    key = await key_of(box, file_id)

    await box.files.delete(FileId(file_id), sees=None)

    assert not (box.root / "files" / key).exists()
    assert list((box.root / "backups").rglob(Path(key).name)) == []


async def test_what_is_written_meanwhile_is_not_in_the_backup(
    box: Box, admin: AsyncClient, target: Path
) -> None:
    await submit(admin, make_body())

    def submit_another() -> None:
        from_thread.run(lambda: submit(admin, make_body()))

    ready = await snapshot(box, with_files=False, check=submit_another)
    deliver(ready, DataDirectory(box.root), target, now=NOW, check=carry_on)

    assert jobs_in(target / "box.sqlite3") == 1
    assert (await box.history.standing()).queued > 1


async def test_an_attempt_that_fails_leaves_nothing(box: Box, admin: AsyncClient) -> None:
    await stored(admin)

    def fail() -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        await snapshot(box, check=fail)

    assert names_in(box.root / "backups") == []


async def test_a_file_that_the_box_has_lost_is_named(
    box: Box, admin: AsyncClient, target: Path
) -> None:
    key = await key_of(box, await stored(admin))
    (box.root / "files" / key).unlink()

    manifest = await backed_up(box, target)

    assert (manifest.taken.objects, manifest.taken.missing) == (0, (key,))


async def test_a_backup_is_moved_away_whole(box: Box, admin: AsyncClient, target: Path) -> None:
    await stored(admin)

    await backed_up(box, target)

    assert names_in(target) == ["box.sqlite3", "files", "manifest.json", "url_keys.json"]
    assert (names_in(target.parent), names_in(box.root / "backups")) == (["backup"], [])
    assert json.loads((target / "manifest.json").read_text())["taken"]["objects"] == 1


async def test_on_another_disk_it_is_copied_without_what_is_damaged(
    box: Box, admin: AsyncClient, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = await key_of(box, await stored(admin)), await key_of(box, await stored(admin))
    (box.root / "files" / bad).chmod(0o600)
    (box.root / "files" / bad).write_bytes(b"tnetnoc")
    monkeypatch.setattr(delivery, "bring", delivery.copy)

    manifest = await backed_up(box, target)

    assert (manifest.taken.objects, manifest.taken.missing) == (1, (bad,))
    assert (target / "files" / good).read_bytes() == b"content"
    assert (target / "files" / good).stat().st_nlink == 1


async def test_a_snapshot_that_has_gone_is_told(box: Box, target: Path) -> None:
    ready = await snapshot(box)
    sweep(box.root / "backups")

    with pytest.raises(BackupError, match="the snapshot has gone"):
        deliver(ready, DataDirectory(box.root), target, now=NOW, check=carry_on)

    assert names_in(target.parent) == []


def test_two_backups_are_not_written_to_one_place(target: Path) -> None:
    with (
        arriving_at(target),
        pytest.raises(BackupError, match="another backup is being written"),
        arriving_at(target),
    ):
        pass


def test_what_a_dead_backup_left_makes_room(target: Path) -> None:
    part = target.with_name("backup.part")
    (part / "files").mkdir(parents=True)
    (part / "files" / "left").touch()

    with arriving_at(target) as arriving:
        assert names_in(arriving) == []


def test_targets_that_are_none_are_refused(target: Path, machine: DataDirectory) -> None:
    target.mkdir()
    (target / "something").touch()
    for wrong in (target, target / "something", target / "a" / "b", machine.root / "x"):
        with pytest.raises(BackupError):
            check_target(wrong, machine)


async def test_a_restored_box_has_the_rows_and_the_files(
    box: Box, admin: AsyncClient, target: Path, machine: DataDirectory
) -> None:
    key = await key_of(box, await stored(admin))
    await submit(admin, make_body())
    await backed_up(box, target)

    made = await restored(target, machine)

    assert (made.objects, made.missing, made.unfinished.jobs) == (1, 0, 1)
    assert (machine.files / key).read_bytes() == b"content"
    assert jobs_in(machine.database) == 1
    assert machine.url_keys() == DataDirectory(box.root).url_keys()


async def test_what_a_restore_replaces_is_kept_and_can_be_put_back_within_a_second(
    box: Box, admin: AsyncClient, target: Path, machine: DataDirectory
) -> None:
    await backed_up(box, target)
    await restored(target, machine)
    await submit(admin, make_body())
    shutil.rmtree(target)
    await backed_up(box, target)

    made = await restored(target, machine)
    kept = jobs_in(made.replaced / "box.sqlite3")
    after = jobs_in(machine.database)
    back = go_back(machine, made.replaced, now=NOW)

    assert (kept, after, jobs_in(machine.database)) == (0, 1, 0)
    assert back.replaced.name == f"{made.replaced.name}-2"


@pytest.mark.parametrize("name", ["box.sqlite3", "url_keys.json", "manifest.json"])
async def test_a_damaged_backup_changes_nothing(
    box: Box, target: Path, machine: DataDirectory, name: str
) -> None:
    await backed_up(box, target)
    with (target / name).open("r+b") as file:
        file.seek(20)
        file.write(b"\0\0\0")

    with pytest.raises(BackupError, match="damaged"):
        await restored(target, machine)

    assert names_in(machine.root) == []


async def test_a_damaged_file_changes_nothing_unless_it_may_be_left_out(
    box: Box, admin: AsyncClient, target: Path, machine: DataDirectory
) -> None:
    key = await key_of(box, await stored(admin))
    await backed_up(box, target)
    (target / "files" / key).unlink()
    (target / "files" / key).write_bytes(b"tnetnoc")

    with pytest.raises(BackupError, match=r"1 stored files .* missing or damaged"):
        await restored(target, machine)
    refused = names_in(machine.root)
    made = await restored(target, machine, skip_damaged=True)

    assert (refused, made.missing, (machine.files / key).exists()) == ([], 1, False)


async def test_a_file_that_the_box_had_lost_is_not_asked_of_the_backup(
    box: Box, admin: AsyncClient, target: Path, machine: DataDirectory
) -> None:
    key = await key_of(box, await stored(admin))
    (box.root / "files" / key).unlink()
    await backed_up(box, target)

    assert (await restored(target, machine)).missing == 1


async def test_without_files_in_the_backup_those_of_the_box_stay_that_it_knows(
    box: Box, admin: AsyncClient, target: Path, machine: DataDirectory
) -> None:
    here, gone = await key_of(box, await stored(admin)), await key_of(box, await stored(admin))
    await backed_up(box, target, with_files=False)
    shutil.copytree(box.root / "files", machine.files)
    (machine.files / gone).unlink()
    unknown = machine.files / here.replace(Path(here).name, "unknown.mp4")
    unknown.touch()

    made = await restored(target, machine)

    assert (made.objects, made.missing, (machine.files / here).exists()) == (1, 1, True)
    assert not unknown.exists()
    assert (made.replaced / unknown.relative_to(machine.root)).exists()


async def test_a_backup_of_a_later_version_is_refused(
    box: Box, target: Path, machine: DataDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    await backed_up(box, target)
    monkeypatch.setattr("renderio_box.database.snapshot.known_migrations", lambda: ["one"])

    with pytest.raises(NewerSchemaError):
        await restored(target, machine)

    assert names_in(machine.root) == []


async def test_a_backup_of_a_later_format_is_refused(target: Path, machine: DataDirectory) -> None:
    target.mkdir()
    (target / "manifest.json").write_text('{"format": 2}')

    with pytest.raises(BackupError, match="format 2, this version knows up to 1"):
        await restored(target, machine)


async def test_a_box_whose_files_are_a_disk_of_their_own_is_left_as_it_is(
    box: Box, target: Path, machine: DataDirectory, monkeypatch: pytest.MonkeyPatch
) -> None:
    await backed_up(box, target)
    monkeypatch.setattr(Path, "is_mount", lambda path: path.name == "files")

    with pytest.raises(BackupError, match="is a disk of its own"):
        await restored(target, machine)

    assert names_in(machine.root) == []


async def test_what_is_no_backup_is_refused(target: Path, machine: DataDirectory) -> None:
    with pytest.raises(BackupError, match=r"is no backup: manifest\.json"):
        await restored(target, machine)


async def test_a_snapshot_needs_no_log_and_leaves_nothing_beside_it(box: Box, target: Path) -> None:
    await backed_up(box, target)

    with open_archived(target / "box.sqlite3") as archived:
        assert archived.is_sound()

    assert names_in(target) == ["box.sqlite3", "files", "manifest.json", "url_keys.json"]
