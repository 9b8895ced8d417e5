"""What requests and answers look like, from the structs that read and write them."""

from collections.abc import Iterable
from inspect import cleandoc
from typing import Any, Final, cast

import msgspec

from renderio_box.api.glossary import meaning_of

Json = dict[str, Any]

ROOMS: Final = tuple(f"{__name__.partition('.')[0]}.{room}." for room in ("api", "jobs"))
"""Where what travels is defined; no two structs in them have one name."""
REFERENCE: Final = "#/components/schemas/{name}"
MARK: Final = ("deprecated", False)
"""Stands for anything in the schemas that msgspec makes; it takes an empty schema for none."""
UNASKED: Final = (MARK, ("uniqueItems", True))
"""What msgspec's schemas say and nobody means: it takes a set's values repeated, too."""


def schemas_of(names: Iterable[str]) -> Json:
    """Return the JSON Schemas of the structs with these names, and of all that they hold.

    msgspec decodes by the very same types, so that limits and defaults cannot differ.
    """
    known = structs()
    chosen = [known[name] for name in names if name in known]
    _, schemas = msgspec.json.schema_components(chosen, schema_hook=hook, ref_template=REFERENCE)
    return {name: explained(name, schemas[name]) for name in sorted(schemas)}


def structs() -> dict[str, type[msgspec.Struct]]:
    """Return every struct that may travel by its name."""
    found: dict[str, type[msgspec.Struct]] = {}
    waiting = msgspec.Struct.__subclasses__()
    while waiting:
        struct = waiting.pop()
        waiting += struct.__subclasses__()
        if struct.__module__.startswith(ROOMS):
            found[struct.__name__] = struct
    return found


def hook(kind: type) -> Json:
    """Return the schema of a value that is checked by hand."""
    if kind is object:
        return dict([MARK])
    raise NotImplementedError


def explained(name: str, schema: Json) -> Json:
    """Return the schema with its docstring as Markdown and its fields described."""
    text = cleandoc(schema.get("description", "")).replace("``", "`")
    shown = schema | {"description": text}
    if "properties" in schema:
        shown["properties"] = {
            field: field_explained(name, field, without_marks(value))
            for field, value in schema["properties"].items()
        }
    return shown


def field_explained(name: str, field: str, schema: Json) -> Json:
    """Return a field's schema with what it means; times are marked as such."""
    text = meaning_of(field, schema=name)
    shown = schema if text is None else schema | {"description": text}
    return dated(shown) if field.endswith("_at") else shown


def without_marks(value: Any) -> Any:  # noqa: ANN401 - any part of a schema
    """Return a part of a schema without what nobody means."""
    if isinstance(value, list):
        return [without_marks(each) for each in cast("list[Any]", value)]
    if not isinstance(value, dict):
        return value
    parts = cast("Json", value)
    return {key: without_marks(part) for key, part in parts.items() if (key, part) not in UNASKED}


def dated(schema: Json) -> Json:
    """Return the schema with its strings marked as times."""
    if "anyOf" in schema:
        return schema | {"anyOf": [dated(choice) for choice in schema["anyOf"]]}
    return schema | {"format": "date-time"} if schema.get("type") == "string" else schema
