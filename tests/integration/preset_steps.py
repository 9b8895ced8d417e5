"""What tests of presets do with them, step by step."""

from typing import Any, Final

from httpx import AsyncClient, Response

from tests.integration.box import PRESETS

MUTE: Final = "00000000-0000-8000-8000-000000000009"
SCALE: Final[dict[str, object]] = {
    "name": "Scale",
    "ffmpeg_command": "-i {{in_video}} -vf scale=640:-2 {{out_video}}",
    "input_file_keys": ["in_video"],
    "output_file_definitions": {"out_video": "small.mp4"},
}
CHAIN: Final[dict[str, object]] = {
    "name": "Two steps",
    "ffmpeg_commands": ["-i {{in_video}} {{out_video}}", "-i {{out_video}} {{out_image}}"],
    "input_file_keys": ["in_video"],
    "output_file_definitions": {"out_video": "small.mp4", "out_image": "image.png"},
}


async def added(client: AsyncClient, body: dict[str, object] = SCALE) -> dict[str, Any]:
    """Keep a preset that must be accepted; return the answer."""
    answered = await client.post(PRESETS, json=body)
    assert answered.status_code == 201, answered.text
    return dict(answered.json())


async def execute(client: AsyncClient, preset_id: str, body: object) -> Response:
    return await client.post(f"{PRESETS}/{preset_id}/execute", json=body)
