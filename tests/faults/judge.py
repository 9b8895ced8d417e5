"""What is left once everything has been carried out: is it what the clients were promised?"""

import hashlib
import json
import re
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import closing
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from tests.conformance.receiver import Received
from tests.faults.clients import Journal

LEGAL: Final = re.compile(r"Q(R+Q)*(R+[SFC]|C)")
"""The events of a job that has ended; one that is to be cancelled is running twice in a row."""
LETTERS: Final = {"queued": "Q", "running": "R", "succeeded": "S", "failed": "F", "cancelled": "C"}
MOST_INTERRUPTIONS: Final = 3
REASONS: Final = frozenset({"CANCELLED", "INTERRUPTED"})
"""Why a command of our clients may fail where there is room enough."""
STATUSES: Final = {"succeeded": "SUCCESS", "failed": "FAILED", "cancelled": "FAILED"}

Row = dict[str, Any]


@dataclass
class Verdict:
    """What was looked at, and every promise that was broken."""

    figures: Counter[str] = field(default_factory=Counter[str])
    broken: list[str] = field(default_factory=list[str])

    def expect(self, what: str, wrong: Iterable[object]) -> None:
        """Note a promise as broken where there is anything that is not as it promises."""
        found = list(wrong)
        if found:
            self.broken.append(f"{what}: {len(found)}, such as {found[:3]}")


def judge(
    data: Path, journal: Journal, received: Sequence[Received], reasons: AbstractSet[str]
) -> Verdict:
    """Look at the data directory of a box that has ended well, with nothing left to do.

    Commands may fail for those ``reasons``.
    """
    verdict = Verdict()
    with closing(sqlite3.connect(f"file:{data / 'box.sqlite3'}?mode=ro", uri=True)) as database:
        database.row_factory = sqlite3.Row
        tables = {
            name: rows(database, f"SELECT * FROM {name}")  # noqa: S608 - names of our own
            for name in ("jobs", "events", "files", "segments", "upload_parts", "deliveries")
        }
        verdict.expect("the database is whole", unsound(database))
        verdict.expect("jobs are counted right", miscounted(database))
        verdict.expect("nobody is left in a line", standing_in_line(database))
    jobs = {job["id"]: job for job in tables["jobs"]}
    judge_commands(verdict, jobs, journal, reasons)
    judge_events(verdict, jobs, tables["events"])
    judge_deliveries(verdict, jobs, tables["deliveries"], received)
    judge_files(verdict, data / "files", jobs, tables)
    judge_uploads(verdict, tables["files"], journal)
    verdict.expect("clients get only good answers", journal.complaints)
    verdict.expect("nothing is left in the workspaces", left_in(data / "work", besides="shared"))
    verdict.expect("nothing is left that was shared", left_in(data / "work" / "shared"))
    verdict.expect("nothing is left half received", left_in(data / "files" / "incoming"))
    verdict.figures.update(requests=journal.requests, answers_lost=journal.lost)
    verdict.figures["requests refused for want of room"] = journal.refused
    return verdict


def rows(database: sqlite3.Connection, query: str) -> list[Row]:
    return [dict(row) for row in database.execute(query)]


def unsound(database: sqlite3.Connection) -> list[Row]:
    problems = rows(database, "PRAGMA foreign_key_check")
    return [
        row for row in rows(database, "PRAGMA integrity_check") if row["integrity_check"] != "ok"
    ] + problems


def miscounted(database: sqlite3.Connection) -> list[Row]:
    return rows(
        database,
        "SELECT owner, command_type, visible_state, sum(count) AS off_by FROM ("
        " SELECT owner, command_type, visible_state, count FROM job_counts UNION ALL"
        " SELECT owner, command_type, visible_state, -count(*) FROM jobs GROUP BY 1, 2, 3)"
        " GROUP BY 1, 2, 3 HAVING off_by <> 0",
    )


def standing_in_line(database: sqlite3.Connection) -> list[Row]:
    return rows(
        database,
        "SELECT standing, owner, waiting FROM lines WHERE waiting <> 0 UNION ALL"
        " SELECT standing, owner, waiting FROM line_parts",
    )


def judge_commands(
    verdict: Verdict, jobs: Mapping[str, Row], journal: Journal, reasons: AbstractSet[str]
) -> None:
    """Every accepted command has ended, and each submit was carried out once."""
    verdict.figures.update(f"jobs {job['state']}" for job in jobs.values())
    verdict.figures.update(f"jobs of attempt {job['attempt']}" for job in jobs.values())
    verdict.figures.update(job["error_status"] for job in jobs.values() if job["error_status"])
    accepted = journal.accepted()
    verdict.figures["commands accepted"] = len(accepted)
    verdict.expect("an accepted command is kept", accepted - jobs.keys())
    verdict.expect(
        "every command ends", (job["id"] for job in jobs.values() if not job["finished_at"])
    )
    verdict.expect(
        "a command fails for a reason",
        (
            (job["id"], job["error_status"], job["error_message"])
            for job in jobs.values()
            if job["error_status"] and job["error_status"] not in reasons
        ),
    )
    verdict.expect(
        "only who was asked to is cancelled",
        (
            job["id"]
            for job in jobs.values()
            if job["state"] == "cancelled" and job["id"] not in journal.cancelled
        ),
    )
    verdict.expect(
        "INTERRUPTED means three times",
        (
            job["id"]
            for job in jobs.values()
            if (job["error_status"] == "INTERRUPTED")
            != (job["interruptions"] == MOST_INTERRUPTIONS)
        ),
    )
    made = Counter(json.loads(job["metadata"])["token"] for job in jobs.values())
    for submit in journal.submits.values():
        count, wanted = made[submit.token], {submit.count} if submit.key else {0, submit.count}
        if submit.answers:
            wanted = {submit.count}
        verdict.expect(
            "a submit is carried out once", [submit.token] if count not in wanted else []
        )
        different = {tuple(answer) for answer in submit.answers}
        verdict.expect(
            "a repeated submit is answered alike", different if len(different) > 1 else []
        )
        verdict.figures["submits repeated"] += max(0, len(submit.answers) - 1)


def judge_events(verdict: Verdict, jobs: Mapping[str, Row], events: Sequence[Row]) -> None:
    """Every job went a way that jobs go, attempt after attempt."""
    told = defaultdict[str, list[Row]](list)
    for event in sorted(events, key=lambda event: event["sequence"]):
        told[event["job_id"]].append(event)
    verdict.expect(
        "events tell a way that jobs go",
        (
            (job_id, story(told[job_id]))
            for job_id in jobs
            if not LEGAL.fullmatch(story(told[job_id]))
        ),
    )
    verdict.expect(
        "attempts are numbered from one",
        (
            (job["id"], job["attempt"], attempts(told[job["id"]]))
            for job in jobs.values()
            if attempts(told[job["id"]]) != list(range(job["attempt"] + 1))
        ),
    )
    verdict.expect(
        "the last event is the end",
        (job["id"] for job in jobs.values() if told[job["id"]][-1]["state"] != job["state"]),
    )


def story(events: Sequence[Row]) -> str:
    return "".join(LETTERS[event["state"]] for event in events)


def attempts(events: Sequence[Row]) -> list[int]:
    """Return the attempts that are told of, each once, in the order in which they are."""
    numbers = [event["attempt"] for event in events]
    return numbers[:1] + [now for before, now in pairwise(numbers) if now != before]


def judge_deliveries(
    verdict: Verdict,
    jobs: Mapping[str, Row],
    deliveries: Sequence[Row],
    received: Sequence[Received],
) -> None:
    """The receiver has heard of every end, as it was, always under the same id."""
    ids = defaultdict[str, set[str]](set)
    wrong: list[tuple[str, str]] = []
    for message in received:
        told = json.loads(message.body)["data"]
        ids[told["command_id"]].add(message.headers["webhook-id"])
        if told["status"] != STATUSES[jobs[told["command_id"]]["state"]]:
            wrong.append((told["command_id"], told["status"]))
    verdict.figures["webhooks received"] = len(received)
    verdict.figures["webhooks received again"] = len(received) - sum(map(len, ids.values()))
    verdict.expect("every end is delivered", jobs.keys() - ids.keys())
    verdict.expect("a message keeps its id", (each for each in ids.items() if len(each[1]) > 1))
    verdict.expect("webhooks tell what is the case", wrong)
    rows_of = Counter(row["job_id"] for row in deliveries)
    verdict.expect("a job has one delivery", (job for job in jobs if rows_of[job] != 1))
    verdict.expect(
        "deliveries end well",
        ((row["id"], row["status"]) for row in deliveries if row["status"] != "delivered"),
    )


def judge_files(
    verdict: Verdict, root: Path, jobs: Mapping[str, Row], tables: Mapping[str, Sequence[Row]]
) -> None:
    """Rows and objects belong together, and every success has all its outputs, once."""
    stored = [row for row in tables["files"] if row["sha256"] and not row["deleted_at"]]
    joined = {row["id"] for row in stored}
    parts = [row for row in tables["upload_parts"] if row["file_id"] not in joined]
    objects = [*stored, *tables["segments"], *parts]
    keys = Counter(row["key"] for row in objects)
    verdict.expect("no object has two rows", (key for key, count in keys.items() if count > 1))
    verdict.expect(
        "stored bytes are what their row says",
        (row["key"] for row in objects if digest(root / row["key"]) != row["sha256"]),
    )
    verdict.figures["objects with the right digest"] = len(objects)
    orphans = [key for key in objects_in(root) if key not in keys]
    verdict.expect("no file is orphaned", orphans)
    outputs = Counter((row["job_id"], row["alias"]) for row in tables["files"] if row["job_id"])
    declared = {
        (job["id"], alias): int(job["state"] == "succeeded")
        for job in jobs.values()
        for alias in json.loads(job["spec"])["outputs"]
    }
    verdict.expect(
        "outputs are those of successes, each once",
        (each for each in outputs.keys() | declared.keys() if outputs[each] != declared.get(each)),
    )


def judge_uploads(verdict: Verdict, files: Sequence[Row], journal: Journal) -> None:
    """What the box said it has it has, until somebody had it deleted."""
    rows_by_id = {row["id"]: row for row in files}
    verdict.figures["uploads"] = len(journal.stored)
    verdict.expect(
        "what was uploaded is kept",
        (
            file_id
            for file_id, sha256 in journal.stored.items()
            if rows_by_id[file_id]["sha256"] != sha256
            or bool(rows_by_id[file_id]["deleted_at"]) != (file_id in journal.deleted)
        ),
    )


def objects_in(root: Path) -> Iterator[str]:
    return (
        str(path.relative_to(root))
        for kind in ("outputs", "uploads", "parts")
        for path in (root / kind).rglob("*")
        if path.is_file()
    )


def digest(path: Path) -> str | None:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None


def left_in(directory: Path, *, besides: str = "") -> list[str]:
    return [path.name for path in directory.glob("*") if path.name != besides]
