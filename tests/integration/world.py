"""Real things in place of those that the API's examples speak of."""

import json
from collections.abc import Mapping
from typing import Any, Final

from httpx import AsyncClient, Response

from renderio_box.api.examples import records
from tests.builders import make_body
from tests.description import Operation
from tests.integration.box import Box, show, submit, upload
from tests.integration.part_upload import begin
from tests.integration.preset_steps import added
from tests.integration.webhook_steps import configure, ended, listed

CONTENT: Final = b"content"
UPLOADED: Final[Mapping[str, dict[str, Any]]] = {
    "multipart/form-data": {"files": {"file": ("small.mp4", CONTENT)}},
    "application/octet-stream": {"content": CONTENT},
}
"""How to send the bodies that are no JSON."""

World = Mapping[str, str]


async def populated(box: Box, client: AsyncClient) -> World:
    """Put into the box what the examples speak of; return the real ids by the examples'."""
    outputs = {"out_video": "small.mp4"}
    body = make_body(
        ffmpeg_command="-f lavfi -i testsrc {{out_video}}",
        output_files=outputs,
        metadata={"order": "A-17"},
    )
    done = await submit(client, body)
    await box.work_until_final(done)
    queued = await submit(client, make_body())
    stored: dict[str, Any] = await upload(client, name="small.mp4")
    await box.key("ann")
    (*_, key) = await box.keys.list()
    await configure(client, "https://hooks.example.org/renderio")
    told = await ended(client)
    (delivery, *_) = await listed(client, command_id=told)
    preset = await added(client)
    begun = await begin(client, CONTENT)
    await begun.send(1)
    polled: dict[str, Any] = await show(client, done)
    return {
        records.COMMAND_ID: done,
        records.QUEUED_ID: queued,
        records.FILE_ID: str(stored["file_id"]),
        records.KEY_ID: key.id,
        records.DELIVERY_ID: delivery["delivery_id"],
        records.PRESET_ID: preset["preset_id"],
        records.UPLOAD_ID: begun.file_id,
        records.UPLOAD_TOKEN: begun.urls[0].split("/")[-2],
        records.TOKEN: polled["output_files"]["out_video"]["storage_url"].split("/")[-2],
    }


def translated(text: str, world: World) -> str:
    """Return the text with real ids."""
    for example, real in world.items():
        text = text.replace(example, real)
    return text


async def send(
    client: AsyncClient, operation: Operation, example: records.Example, world: World
) -> Response:
    """Send the example's request to the box that the world is in."""
    more: dict[str, Any] = {}
    if example.body is not None:
        more["json"] = json.loads(translated(json.dumps(example.body), world))
    elif "requestBody" in operation.described:
        (media_type,) = operation.described["requestBody"]["content"]
        more |= UPLOADED[media_type]
    return await client.request(operation.method, address(operation, example, world), **more)


def address(operation: Operation, example: records.Example, world: World) -> str:
    """Return where the example is answered in that world."""
    path = operation.path
    for name, value in {**records.PATH, **example.path}.items():
        path = path.replace(f"{{{name}}}", value)
    return translated(path, world)


def same_shape(example: object, real: object) -> bool:
    """Tell whether the real JSON has every field of the example, with values of its kind."""
    if isinstance(example, dict):
        return isinstance(real, dict) and all(
            key in real and same_shape(value, real[key]) for key, value in example.items()
        )
    if isinstance(example, list | tuple):
        return isinstance(real, list) and (
            not example or any(same_shape(example[0], each) for each in real)
        )
    return kind(example) == kind(real)


def kind(value: object) -> str:
    """Return what JSON calls the value."""
    if isinstance(value, bool) or value is None:
        return type(value).__name__
    return "number" if isinstance(value, int | float) else type(value).__name__
