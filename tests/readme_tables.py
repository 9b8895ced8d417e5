"""Write the tables of the README that are made from the code.

.venv/bin/python -m tests.readme_tables
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from renderio_box.api.catalogue import error_status_table, error_table
from renderio_box.figures import FIGURES

README: Final = Path(__file__).parents[1] / "README.md"


def figure_table() -> str:
    """Return every figure of ``/metrics`` with its labels and what it means."""
    rows = [
        f"| `{each.name}` | {each.kind} | {', '.join(f'`{label}`' for label in each.labels)} |"
        f" {each.meaning} |"
        for each in FIGURES
    ]
    return "\n".join(("| figure | kind | labels | meaning |", "| --- | --- | --- | --- |", *rows))


TABLES: Final[Mapping[str, str]] = {
    "errors": error_table(),
    "error statuses": error_status_table(),
    "figures": figure_table(),
}


def rewritten(text: str) -> str:
    """Return the README with each table as the code has it; ValueError where its place is gone."""
    for name, table in TABLES.items():
        place = re.compile(rf"(?<=<!-- {name} -->\n\n).*?(?=\n\n<!-- end of {name} -->)", re.DOTALL)
        if len(place.findall(text)) != 1:
            raise ValueError(f"README.md needs <!-- {name} --> and <!-- end of {name} --> once.")
        text = place.sub(lambda _, table=table: table, text)
    return text


if __name__ == "__main__":
    README.write_text(rewritten(README.read_text(encoding="utf-8")), encoding="utf-8")
