"""API keys: who may come in, and what for."""

import hashlib
import hmac
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import msgspec
from msgspec.structs import replace

from renderio_box.clock import Clock
from renderio_box.database import keys
from renderio_box.database.connection import Database
from renderio_box.database.keys import StoredKey
from renderio_box.errors import BoxError, ErrorCode, NotFoundError
from renderio_box.identifiers import KeyId, Owner, new_api_key, new_id

USE_NOTED_EVERY: Final = timedelta(minutes=1)
OPERATOR: Final = Owner("operator")


class Scope(StrEnum):
    """What a key may be used for; ``admin`` includes everything and sees everybody's."""

    SUBMIT = "submit"
    READ = "read"
    FILES = "files"
    ADMIN = "admin"


USUAL_SCOPES: Final = frozenset({Scope.SUBMIT, Scope.READ, Scope.FILES})


class UnauthorizedError(BoxError):
    """The request carries no key, or one that is unknown or revoked."""

    code = ErrorCode.UNAUTHORIZED

    def __init__(self) -> None:
        super().__init__(self.code.remedy)


class ForbiddenError(BoxError):
    """The key is good, but not for this."""

    code = ErrorCode.FORBIDDEN

    def __init__(self, scope: Scope) -> None:
        super().__init__(f"This key lacks the scope {scope}; use one that has it.")


class NameTakenError(BoxError):
    """A key in use has that name already."""

    code = ErrorCode.INVALID_REQUEST

    def __init__(self, name: str) -> None:
        super().__init__(
            f"There is a key named {name} already; choose another name or revoke it.",
            loc=("name",),
        )


class Principal(msgspec.Struct, frozen=True):
    """Who a request speaks for.

    ``sees`` is whose jobs and files it may look up; None means everybody's.
    """

    owner: Owner
    scopes: frozenset[Scope]

    @property
    def sees(self) -> Owner | None:
        """Return the owner to look things up for, None for an administrator."""
        return None if Scope.ADMIN in self.scopes else self.owner

    def require(self, scope: Scope) -> None:
        """Raise ForbiddenError when the key may not be used for that."""
        if scope not in self.scopes and Scope.ADMIN not in self.scopes:
            raise ForbiddenError(scope)


class KeyRing:
    """All keys. Call ``load`` once before use; this process is the only writer."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._by_digest: dict[str, StoredKey] = {}
        self._last_noted: dict[KeyId, datetime] = {}
        self._operator_digest = ""

    async def load(self) -> None:
        """Read every key into memory."""
        async with self._database.reading() as tx:
            stored = await keys.list_all(tx)
        self._by_digest = {key.digest: key for key in stored if key.revoked_at is None}

    def admit_operator(self) -> str:
        """Return a fresh administrator's key that lives as long as this process.

        It is for commands on the same machine, which find it in the data directory.
        """
        key = new_api_key()
        self._operator_digest = digest(key)
        return key

    async def principal(self, key: str) -> Principal:
        """Return who ``key`` speaks for.

        Keys have 256 random bits and are looked up by digest, of which a caller cannot choose
        a single bit without trying, so that timing tells nothing about any of them.

        Raises:
            UnauthorizedError: There is no such key, or no longer.
        """
        sent = digest(key)
        if is_same(sent, self._operator_digest):
            return Principal(OPERATOR, frozenset({Scope.ADMIN}))
        stored = self._by_digest.get(sent)
        if stored is None or not is_same(sent, stored.digest):
            raise UnauthorizedError
        await self._note_use(stored.id)
        return Principal(stored.owner, frozenset(map(Scope, stored.scopes)))

    def is_in_use(self, sent: str) -> bool:
        """Tell whether the key with that digest still lets anybody in."""
        return is_same(sent, self._operator_digest) or sent in self._by_digest

    async def add(self, name: str, *, owner: Owner, scopes: frozenset[Scope]) -> str:
        """Make a key and return it; it cannot be shown again.

        Raises:
            NameTakenError: A key in use has that name.
        """
        now = self._clock.now()
        key = new_api_key()
        stored = StoredKey(
            id=KeyId(new_id(now)),
            name=name,
            owner=owner,
            digest=digest(key),
            scopes=tuple(sorted(scopes)),
            created_at=now,
        )
        async with self._database.transaction() as tx:
            if await keys.name_in_use(tx, name):
                raise NameTakenError(name)
            await keys.insert(tx, stored)
        self._by_digest[stored.digest] = stored
        return key

    async def list(self) -> list[StoredKey]:
        """Return every key, revoked ones too, oldest first."""
        async with self._database.reading() as tx:
            return await keys.list_all(tx)

    async def revoke(self, name_or_id: str) -> StoredKey:
        """End a key at once; NotFoundError when none in use has that name or id."""
        found = [key for key in self._by_digest.values() if name_or_id in {key.id, key.name}]
        if not found:
            raise NotFoundError(f"There is no key {name_or_id} in use.")
        key, now = found[0], self._clock.now()
        async with self._database.transaction() as tx:
            await keys.revoke(tx, key.id, now=now)
        self._by_digest.pop(key.digest, None)
        return replace(key, revoked_at=now)

    async def _note_use(self, key_id: KeyId) -> None:
        """Note that the key was used, at most once a minute."""
        now = self._clock.now()
        last = self._last_noted.get(key_id)
        if last is not None and abs(now - last) < USE_NOTED_EVERY:
            return
        self._last_noted[key_id] = now
        async with self._database.transaction() as tx:
            await keys.note_use(tx, key_id, now=now)


def is_same(sent: str, known: str) -> bool:
    """Tell whether two digests are the same, in a time that does not depend on where they differ."""
    return hmac.compare_digest(sent.encode(), known.encode())


def digest(key: str) -> str:
    """Return the SHA-256 of a key in hex; a fast hash is right for 256 random bits."""
    return hashlib.sha256(key.encode()).hexdigest()
