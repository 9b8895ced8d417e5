"""Commands that are kept in files, one a line, and putting them through a box."""

import json
from io import BytesIO
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit
from zipfile import ZipFile

import pytest

from renderio_box.jobs.files import FOLDER_ALIAS
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
    sources = {source for row in rows if not zips(row) for source in row["inputs"].values()}
    ids = {
        source: source if source.startswith("data:") else stored(box, media / file_name(source))
        for source in sorted(sources)
    }
    return {row["id"]: submit(box, row, ids, media) for row in rows}


def submit(box: RunningBox, row: Row, ids: dict[str, str], media: Path) -> str:
    """Submit one row, as a chain where its command is a list of them."""
    send = box.submit_chain if isinstance(row["command"], list) else box.submit
    if zips(row):
        archive = box.upload_bytes(f"{row['id']}.zip", archive_of(row, media))
        return send(row["command"], row["outputs"], input_compressed_folder=archive["file_id"])
    inputs = {alias: ids[source] for alias, source in row["inputs"].items()}
    return send(row["command"], row["outputs"], input_files=inputs)


def zips(row: Row) -> bool:
    """Tell whether the row's inputs come as one zip."""
    return bool(row.get("mode") == "compressed_folder")


def archive_of(row: Row, media: Path) -> bytes:
    """Return the row's inputs as a zip: a published one, or stand-ins under the row's names."""
    published = row["inputs"].get("input_compressed_folder", "")
    if published.endswith(".zip"):
        return (media / file_name(published)).read_bytes()
    members = listed(published) if published else row["inputs"]
    written = BytesIO()
    with ZipFile(written, "w") as archive:
        for name, source in members.items():
            archive.write(media / file_name(source), name)
    return written.getvalue()


def listed(words: str) -> dict[str, str]:
    """Read a list of files in words: ``<zip: clip.mp4, .srt, font.ttf>``."""
    names = words.removeprefix("<zip: ").removesuffix(">").split(", ")
    stem = names[0].partition(".")[0]
    complete = [f"{stem}{name}" if name.startswith(".") else name for name in names]
    return dict(zip(complete, complete, strict=True))


def outputs_of(row: Row) -> set[str]:
    """Return the aliases of what the row's command leaves behind when it ends well."""
    return {FOLDER_ALIAS} if row["outputs"] == "OUTPUT_FOLDER" else set(row["outputs"])


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
