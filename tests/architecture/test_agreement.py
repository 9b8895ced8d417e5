"""What is written in two places must say the same."""

import re
import tomllib
from enum import StrEnum
from fnmatch import fnmatch
from importlib import resources
from pathlib import Path

import msgspec
import pytest

from renderio_box.api.envelopes import LISTED_BY_RENDI
from renderio_box.api.problems import RENDI_STATUS, STATUS
from renderio_box.config import names
from renderio_box.errors import BoxError, ErrorCode
from renderio_box.jobs.delivery import DeliveryKind, DeliveryStatus
from renderio_box.jobs.files import FileKind, FileStatus
from renderio_box.jobs.job import CommandType, Dialect, JobState, Stage
from renderio_box.settings import Config
from tests.readme_tables import README, rewritten

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "config.example.toml"
MIGRATIONS = resources.files("renderio_box.database") / "migrations"
CHECKED = re.compile(r"CHECK \((\w+) IN \(([^)]*)\)\)")


def checked_values(table: str, column: str) -> set[str]:
    """Return the values that the newest definition of the column allows."""
    scripts = "\n".join(
        file.read_text(encoding="utf-8")
        for file in sorted(MIGRATIONS.iterdir(), key=lambda file: file.name)
        if file.name.endswith(".sql")
    )
    definitions = re.findall(rf"(?:CREATE|ALTER) TABLE {table}\b(.*?);\n", scripts, flags=re.DOTALL)
    found = [
        set(re.findall(r"'([^']*)'", listed))
        for definition in definitions
        for name, listed in CHECKED.findall(definition)
        if name == column
    ]
    return found[-1]


def example() -> dict[str, dict[str, object]]:
    return tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("table", "column", "values"),
    [
        ("jobs", "state", JobState),
        ("jobs", "stage", Stage),
        ("jobs", "command_type", CommandType),
        ("jobs", "dialect", Dialect),
        ("files", "kind", FileKind),
        ("files", "status", FileStatus),
        ("deliveries", "kind", DeliveryKind),
        ("deliveries", "status", DeliveryStatus),
    ],
)
def test_the_database_accepts_exactly_the_values_of_the_enum(
    table: str, column: str, values: type[StrEnum]
) -> None:
    assert checked_values(table, column) == {value.value for value in values}


def test_the_example_names_every_setting_and_no_other() -> None:
    named = [
        *example(),
        *(f"{table}.{name}" for table, values in example().items() for name in values),
    ]

    assert sorted(named) == sorted(names())


def test_the_example_gives_every_setting_its_default() -> None:
    assert msgspec.convert(example(), Config) == Config()


def test_every_setting_of_the_example_is_explained() -> None:
    lines = EXAMPLE.read_text(encoding="utf-8").splitlines()
    settings = [number for number, line in enumerate(lines) if re.match(r"\w+ = ", line)]

    unexplained = [lines[number] for number in settings if not lines[number - 1].startswith("#")]

    assert unexplained == []


@pytest.mark.parametrize("code", list(ErrorCode))
def test_every_error_code_has_an_http_status(code: ErrorCode) -> None:
    assert STATUS[code] in range(400, 600)


def test_rendis_list_of_faults_comes_with_422_and_nothing_else_does() -> None:
    assert {code for code in ErrorCode if RENDI_STATUS[code] == 422} == LISTED_BY_RENDI


def test_error_codes_are_called_what_they_say() -> None:
    assert [code.name for code in ErrorCode] == [code.value for code in ErrorCode]


def test_every_kind_of_error_has_a_code() -> None:
    kinds = [kind for kind in BoxError.__subclasses__() if not hasattr(kind, "code")]

    assert kinds == []


def test_every_file_of_the_package_is_installed_with_it() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    patterns = project["tool"]["setuptools"]["package-data"]["*"]
    files = [path for path in (ROOT / "renderio_box").rglob("*") if path.is_file()]

    left_out = [
        path.name
        for path in files
        if path.suffix not in {".py", ".pyc"}
        and not any(fnmatch(path.name, pattern) for pattern in patterns)
    ]

    assert left_out == []


def test_the_readme_explains_every_code_as_the_program_does() -> None:
    text = README.read_text(encoding="utf-8")

    assert text == rewritten(text), (
        "README.md has other tables than the code makes;"
        " write them anew with: python -m tests.readme_tables"
    )
