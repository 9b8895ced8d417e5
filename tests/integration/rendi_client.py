"""What a client of Rendi's API does, step by step."""

from typing import Any, Final

from httpx import AsyncClient

RUN: Final = "/v1/run-ffmpeg-command"
CHAIN: Final = "/v1/run-chained-ffmpeg-commands"
COMMANDS: Final = "/v1/commands"
UPLOAD: Final = "/v1/files/upload"
FILES: Final = "/v1/files"
FILE_FIELDS: Final = {
    *("file_id", "storage_url", "status", "size_mbytes", "rendi_store_type", "is_deleted"),
    *("mime_type", "file_type", "file_format", "codec", "duration", "width", "height"),
    *("created_at", "sha256"),
}
"""What there is to say of a stored file of which the test's prober knows little."""


async def submit(client: AsyncClient, body: dict[str, object], path: str = RUN) -> str:
    """Submit a command that must be accepted; return its id."""
    accepted = await client.post(path, json=body)
    assert (accepted.status_code, list(accepted.json())) == (200, ["command_id"])
    return str(accepted.json()["command_id"])


async def show(client: AsyncClient, command_id: str) -> dict[str, Any]:
    """Return the poll response of a command."""
    shown = await client.get(f"{COMMANDS}/{command_id}")
    assert shown.status_code == 200, shown.text
    return shown.json()


async def listed(client: AsyncClient, path: str, **query: int) -> list[dict[str, Any]]:
    """Return a list as it stands in the body."""
    answered = await client.get(path, params=query)
    assert answered.status_code == 200, answered.text
    return answered.json()


async def upload(client: AsyncClient, content: bytes = b"content") -> dict[str, Any]:
    """Upload a file that must be accepted; return the answer."""
    stored = await client.post(UPLOAD, files={"file": ("clip.mp4", content)})
    assert stored.status_code == 200, stored.text
    return stored.json()
