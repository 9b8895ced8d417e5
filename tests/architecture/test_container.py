"""The container's files, against the program and the package that they are about."""

import re
import shlex
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from renderio_box.assets import UNIT, asset
from renderio_box.config import load
from renderio_box.places import SYSTEM_DATA
from renderio_box.running import STOP_SECONDS
from renderio_box.settings import Config

ROOT: Final = Path(__file__).parents[2]
INSTRUCTIONS: Final = frozenset(
    [
        "FROM",
        "RUN",
        "ENV",
        "USER",
        "WORKDIR",
        "VOLUME",
        "EXPOSE",
        "HEALTHCHECK",
        "ENTRYPOINT",
        "CMD",
    ]
)
PORT: Final = Config().server.port


@pytest.fixture(scope="module")
def dockerfile() -> list[tuple[str, str]]:
    """The file's instructions, each with what follows it."""
    text = (ROOT / "packaging" / "Dockerfile").read_text()
    code = "\n".join(line for line in text.splitlines() if not line.startswith("#"))
    joined = re.sub(r"\\\n\s*", "", code)
    return [(word, rest) for word, _, rest in (line.partition(" ") for line in joined.splitlines())]


@pytest.fixture(scope="module")
def service() -> dict[str, Any]:
    composed = yaml.safe_load((ROOT / "packaging" / "compose.yaml").read_text())
    return dict(composed["services"]["renderio-box"])


def of(dockerfile: list[tuple[str, str]], instruction: str) -> str:
    [rest] = [rest for word, rest in dockerfile if word == instruction]
    return rest


def test_it_is_made_of_instructions_that_exist(dockerfile: list[tuple[str, str]]) -> None:
    assert {word for word, _ in dockerfile} == INSTRUCTIONS


def test_its_environment_is_made_of_settings(dockerfile: list[tuple[str, str]]) -> None:
    environment = dict(word.split("=", 1) for word in shlex.split(of(dockerfile, "ENV")))

    assert load(None, environment).server.host == "0.0.0.0"  # noqa: S104
    unit = asset(UNIT).read_text()
    for name in ("RENDERIO_DATA", "RENDERIO_CONFIG"):
        assert f"\nEnvironment={name}={environment[name]}\n" in unit


def test_everything_is_kept_where_the_package_keeps_it(
    dockerfile: list[tuple[str, str]], service: dict[str, Any]
) -> None:
    assert of(dockerfile, "VOLUME") == of(dockerfile, "WORKDIR") == str(SYSTEM_DATA)
    assert service["volumes"] == [f"data:{SYSTEM_DATA}"]


def test_the_ports_agree(dockerfile: list[tuple[str, str]], service: dict[str, Any]) -> None:
    assert of(dockerfile, "EXPOSE") == str(PORT)
    assert service["ports"] == [f"{PORT}:{PORT}"]
    assert f"http://127.0.0.1:{PORT}/readyz" in of(dockerfile, "HEALTHCHECK")


def test_the_package_that_it_installs_is_called_as_the_build_calls_it(
    dockerfile: list[tuple[str, str]],
) -> None:
    assert "/mnt/dist/renderio-box_*.deb" in of(dockerfile, "RUN")
    assert (
        'f"renderio-box_{deb_version()}_{architecture()}.deb"'
        in (ROOT / "packaging" / "pack.py").read_text()
    )


def test_a_stop_has_the_time_that_it_may_take(service: dict[str, Any]) -> None:
    grace_s = int(service["stop_grace_period"].removesuffix("s"))

    assert grace_s >= Config().server.drain_seconds + STOP_SECONDS


def test_the_image_is_built_from_the_checkout(service: dict[str, Any]) -> None:
    build = service["build"]
    context = (ROOT / "packaging" / build["context"]).resolve()

    assert context == ROOT
    assert (context / build["dockerfile"]).is_file()
