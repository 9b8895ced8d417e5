"""Administration of API keys, for keys with the scope ``admin``."""

from datetime import datetime
from typing import Annotated

import msgspec
from litestar import Controller, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from renderio_box.api.authentication import json_only, requires
from renderio_box.catalog.keys import USUAL_SCOPES, KeyRing, Scope
from renderio_box.database.keys import StoredKey
from renderio_box.identifiers import KEY_NAME, KeyId, Owner

Name = Annotated[str, Meta(pattern=rf"^{KEY_NAME.pattern}$")]


class NewKeyRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A key to be made; ``owner`` is who it speaks for, itself by default.

    It ends at ``expires_at``, by default never.
    """

    name: Name
    owner: Name | None = None
    scopes: frozenset[Scope] = USUAL_SCOPES
    expires_at: Annotated[datetime, Meta(tz=True)] | None = None


class KeyView(msgspec.Struct, frozen=True, kw_only=True):
    """A key as it is shown: everything but the key itself."""

    id: KeyId
    name: str
    owner: Owner
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None

    @classmethod
    def of(cls, key: StoredKey) -> "KeyView":
        """Describe ``key``."""
        return cls(
            id=key.id,
            name=key.name,
            owner=key.owner,
            scopes=key.scopes,
            created_at=key.created_at,
            expires_at=key.expires_at,
            last_used_at=key.last_used_at,
            revoked_at=key.revoked_at,
        )


class MadeKey(msgspec.Struct, frozen=True):
    """A new key, shown this once."""

    name: str
    key: str


class KeyList(msgspec.Struct, frozen=True):
    """Every key."""

    keys: list[KeyView]


class KeyController(Controller):
    """Who may come in."""

    path = "/api/v1/keys"
    tags = ("Keys",)
    guards = (requires(Scope.ADMIN),)

    @post(guards=[json_only])
    async def add_key(
        self, data: JSONBody[NewKeyRequest], keys: NamedDependency[KeyRing]
    ) -> MadeKey:
        """Make a key. It cannot be shown again."""
        key = await keys.add(
            data.name,
            owner=Owner(data.owner or data.name),
            scopes=data.scopes,
            expires_at=data.expires_at,
        )
        return MadeKey(data.name, key)

    @get()
    async def list_keys(self, keys: NamedDependency[KeyRing]) -> KeyList:
        """List every key, revoked ones too, oldest first."""
        return KeyList([KeyView.of(key) for key in await keys.list()])

    @delete("/{key_id:str}", status_code=200)
    async def revoke_key(self, key_id: FromPath[str], keys: NamedDependency[KeyRing]) -> KeyView:
        """End a key at once, by its id or its name."""
        return KeyView.of(await keys.revoke(key_id))
