"""Limits on size, and where things may be."""

import ast
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "renderio_box"
MODULES = sorted(PACKAGE.rglob("*.py"))
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 40
FORBIDDEN_NAMES = {
    *("utils", "helpers", "common", "misc", "manager", "base", "core", "lib"),
    *("service", "models", "types", "data", "info"),
}
NEVER_SHIPPED = [".git", ".ci", "tests", *(ROOT / ".gitignore").read_text().split()]
OUTSIDE = ("../shared", "/work/", "/root/", "/home/")


def names_of(paths: list[Path]) -> list[str]:
    return [str(path.relative_to(ROOT)) for path in paths]


def functions_of(module: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    tree = ast.parse(module.read_text(encoding="utf-8"))
    return (
        node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )


def lines_of(function: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    return (function.end_lineno or function.lineno) - function.lineno + 1


def is_shipped(path: Path) -> bool:
    parts = path.relative_to(ROOT).parts
    return not any(fnmatch(part, name.rstrip("/")) for part in parts for name in NEVER_SHIPPED)


def shipped_files() -> list[Path]:
    kept = [path for path in ROOT.iterdir() if is_shipped(path)]
    return sorted(
        file
        for path in kept
        for file in (path, *path.rglob("*"))
        if file.is_file() and is_shipped(file)
    )


def test_there_is_something_to_look_at() -> None:
    assert PACKAGE / "jobs" / "words.py" in MODULES


def test_no_file_is_longer_than_300_lines() -> None:
    too_long = [
        module
        for module in MODULES
        if len(module.read_text(encoding="utf-8").splitlines()) > MAX_FILE_LINES
    ]

    assert names_of(too_long) == []


def test_no_function_is_longer_than_40_lines() -> None:
    too_long = [
        f"{module.relative_to(ROOT)}:{function.lineno} {function.name} has {lines_of(function)}"
        for module in MODULES
        for function in functions_of(module)
        if lines_of(function) > MAX_FUNCTION_LINES
    ]

    assert too_long == []


def test_no_module_has_a_name_that_says_nothing() -> None:
    named = [
        path
        for path in (*MODULES, *(path.parent for path in MODULES))
        if path.stem in FORBIDDEN_NAMES
    ]

    assert names_of(named) == []


def test_every_unit_test_module_mirrors_a_module() -> None:
    tests = ROOT / "tests" / "unit"
    mirrored = {
        test: PACKAGE / test.relative_to(tests).with_name(test.name.removeprefix("test_"))
        for test in tests.rglob("test_*.py")
    }

    strays = [test for test, module in mirrored.items() if not module.is_file()]

    assert (len(mirrored) > 0, names_of(strays)) == (True, [])


@pytest.mark.parametrize("outside", OUTSIDE)
def test_no_file_names_a_path_outside_of_the_project(outside: str) -> None:
    naming = [file for file in shipped_files() if outside.encode() in file.read_bytes()]

    assert names_of(naming) == []
