"""``renderio-box keys``: making, listing and revoking API keys."""

import sys
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final

import click
import msgspec

from renderio_box.catalog.keys import FIRST_KEY, USUAL_SCOPES, KeyRing, Scope
from renderio_box.cli.answers import KeyLine
from renderio_box.cli.client import BoxClient
from renderio_box.cli.key_terms import end_of
from renderio_box.cli.local_box import with_keys
from renderio_box.cli.options import DATA, directory, finish_in
from renderio_box.cli.outcome import CliError, ExitStatus
from renderio_box.clock import SystemClock
from renderio_box.data_directory import DataDirectory
from renderio_box.database.keys import StoredKey
from renderio_box.identifiers import KEY_NAME, Owner

HEADINGS: Final = ("NAME", "OWNER", "SCOPES", "CREATED", "EXPIRES", "LAST USED", "REVOKED")


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """Whom a new key speaks for, what it may be used for, and until when."""

    owner: str
    scopes: frozenset[Scope]
    expires_at: datetime | None


async def add(data: DataDirectory, name: str, terms: Terms) -> ExitStatus:
    """Make a key and print it alone on standard output."""
    for each in (name, terms.owner):
        if not KEY_NAME.fullmatch(each):
            raise CliError(
                f"{each!r} cannot be a name: use up to 64 letters, digits, dots, dashes,"
                " underscores and @, beginning with a letter or a digit."
            )

    async def offline(keys: KeyRing) -> str:
        return await keys.add(
            name, owner=Owner(terms.owner), scopes=terms.scopes, expires_at=terms.expires_at
        )

    async def online(box: BoxClient) -> str:
        return await box.add_key(
            name, owner=terms.owner, scopes=sorted(terms.scopes), expires_at=terms.expires_at
        )

    sys.stdout.write(f"{await with_keys(data, offline=offline, online=online)}\n")
    return ExitStatus.OK


def check_box(data: DataDirectory) -> None:
    """Refuse a directory in which no box has ever been started."""
    if not data.database.exists():
        raise CliError(f"there is no box in {data.root}; check --data.")


async def show(data: DataDirectory) -> ExitStatus:
    """Print one line for each key."""
    check_box(data)

    async def offline(keys: KeyRing) -> list[KeyLine]:
        return [line_of(key) for key in await keys.list()]

    async def online(box: BoxClient) -> list[KeyLine]:
        return await box.list_keys()

    lines = await with_keys(data, offline=offline, online=online)
    sys.stdout.write(table([HEADINGS, *(cells(line) for line in lines)]))
    return ExitStatus.OK


async def revoke(data: DataDirectory, name: str) -> ExitStatus:
    """End a key at once."""
    check_box(data)

    async def offline(keys: KeyRing) -> tuple[str, list[KeyLine]]:
        revoked = (await keys.revoke(name)).name
        return revoked, [line_of(key) for key in await keys.list()]

    async def online(box: BoxClient) -> tuple[str, list[KeyLine]]:
        return await box.revoke_key(name), await box.list_keys()

    revoked, left = await with_keys(data, offline=offline, online=online)
    if revoked == FIRST_KEY:
        data.forget_first_key()
    sys.stderr.write(f"the key {revoked} is revoked\n")
    if not any(is_administrators(line, now=SystemClock().now()) for line in left):
        sys.stderr.write(
            "no key with the scope admin is left; this command goes on to work on this machine\n"
        )
    return ExitStatus.OK


def is_administrators(line: KeyLine, *, now: datetime) -> bool:
    """Tell whether the key lets an administrator in."""
    has_ended = line.revoked_at or (line.expires_at and line.expires_at <= now)
    return Scope.ADMIN in line.scopes and not has_ended


def line_of(key: StoredKey) -> KeyLine:
    """Return what is listed of a stored key."""
    return KeyLine(
        name=key.name,
        owner=key.owner,
        scopes=key.scopes,
        created_at=key.created_at,
        expires_at=key.expires_at,
        last_used_at=key.last_used_at,
        revoked_at=key.revoked_at,
    )


def cells(line: KeyLine) -> tuple[str, ...]:
    """Return a key as a row of the table; times to the second, UTC."""
    moments = (line.created_at, line.expires_at, line.last_used_at, line.revoked_at)
    shown = ("-" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S}" for moment in moments)
    return (line.name, line.owner, ",".join(line.scopes), *shown)


def table(rows: Sequence[Sequence[str]]) -> str:
    """Return rows in columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    padded = (
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    )
    return "".join(f"{line}\n" for line in padded)


@click.group("keys")
def keys_group() -> None:
    """Make, list and revoke API keys; also while the box runs."""


@keys_group.command("add")
@click.argument("name")
@DATA
@click.option("--owner", help="Whose jobs and files the key sees.  [default: its own]")
@click.option(
    "--scope",
    "scopes",
    type=click.Choice([scope.value for scope in Scope]),
    multiple=True,
    help="What it may be used for; give it several times.  [default: submit, read and files]",
)
@click.option("--admin", is_flag=True, help="See everybody's jobs and files, and manage keys.")
@click.option("--expires", help="When it ends by itself: 30d, 2027-01-31, 2027-01-31T18:00:00Z.")
def add_key(
    name: str,
    data: Path | None,
    owner: str | None,
    scopes: tuple[str, ...],
    expires: str | None,
    *,
    admin: bool,
) -> None:
    """Make a key and print it alone. It cannot be shown again."""
    box = directory(data)
    chosen = frozenset(map(Scope, (*scopes, *([Scope.ADMIN] if admin else ()))))

    async def made() -> ExitStatus:
        expires_at = None if expires is None else end_of(expires, now=SystemClock().now())
        terms = Terms(owner=owner or name, scopes=chosen or USUAL_SCOPES, expires_at=expires_at)
        return await add(box, name, terms)

    finish_in(box, made)


@keys_group.command("list")
@DATA
def list_keys(data: Path | None) -> None:
    """List every key, revoked ones too."""
    box = directory(data)
    finish_in(box, partial(show, box))


@keys_group.command("revoke")
@click.argument("name")
@DATA
def revoke_key(name: str, data: Path | None) -> None:
    """End a key at once, by its name."""
    box = directory(data)
    finish_in(box, partial(revoke, box, name))
