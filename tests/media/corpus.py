"""Commands that are kept in files, one a line, and putting them through a box."""

import json
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import pytest

from tests.running_box import RunningBox

Row = dict[str, Any]

OURS: Final = Path(__file__).with_name("commands.jsonl")
PUBLISHED: Final = Path(__file__).parents[3] / "shared" / "commands.jsonl"
ABOUT_S: Final = 0.5


def rows(path: Path) -> list[Row]:
    """Return the file's commands, none when there is no such file."""
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def submit_all(box: RunningBox, rows: list[Row], media: Path) -> dict[str, str]:
    """Upload what the rows need, submit them all, and return each one's command id."""
    sources = {source for row in rows for source in row["inputs"].values()}
    ids = {
        source: source if source.startswith("data:") else stored(box, media / file_name(source))
        for source in sorted(sources)
    }
    return {row["id"]: submit(box, row, ids) for row in rows}


def submit(box: RunningBox, row: Row, ids: dict[str, str]) -> str:
    """Submit one row, as a chain where its command is a list of them."""
    send = box.submit_chain if isinstance(row["command"], list) else box.submit
    inputs = {alias: ids[source] for alias, source in row["inputs"].items()}
    return send(row["command"], row["outputs"], input_files=inputs)


def stored(box: RunningBox, path: Path) -> str:
    return str(box.upload(path)["file_id"])


def file_name(source: str) -> str:
    """Return the name of the stand-in for a published URL, or for a name that is one already."""
    return unquote(urlsplit(source).path.rpartition("/")[2])


def expected(row: Row) -> Row:
    """Return the row's facts, each duration as one that may be some frames off."""
    return {alias: about(facts) for alias, facts in row["facts"].items()}


def about(facts: Row) -> Row:
    exact = facts.get("duration") is None
    return facts if exact else facts | {"duration": pytest.approx(facts["duration"], abs=ABOUT_S)}


def found(row: Row, polled: Row) -> Row:
    """Return what the box says about the facts that the row states."""
    outputs = polled["output_files"]
    return {
        alias: {name: outputs[alias][name] for name in facts}
        for alias, facts in row["facts"].items()
    }
