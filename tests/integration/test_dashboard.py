"""The dashboard and the alerts speak of figures that a box gives out, and of no others."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import anyio
import pytest
import yaml
from httpx import AsyncClient
from prometheus_client.parser import text_string_to_metric_families

from renderio_box.companions import accompanied_by
from tests.builders import make_body
from tests.fakes import Receiver, answer
from tests.integration.box import Box, submit, upload

PACKAGING: Final = Path(__file__).parents[2] / "packaging"
DASHBOARD: Final[dict[str, Any]] = json.loads((PACKAGING / "grafana-dashboard.json").read_text())
RULES: Final[dict[str, Any]] = yaml.safe_load((PACKAGING / "prometheus-rules.yml").read_text())
FIGURE: Final = re.compile(r"\b(?:renderio_box|process)_\w+")
SELECTED: Final = re.compile(r"(\b\w+)\{([^}]*)\}")
COMPARED: Final = re.compile(r'(\w+)\s*(?:=~|!~|!=|=)\s*"((?:[^"\\]|\\.)*)"')
GROUPED: Final = re.compile(r"\b(?:by|on|group_left)\s*\(([^)]*)\)")
SHOWN: Final = re.compile(r"\{\{\s*(?:\$labels\.)?(\w+)\s*\}\}")
ADDED: Final = frozenset({"instance", "job", "le"})
"""What Prometheus adds to whatever it scrapes, and what histograms have."""

Labels = Mapping[str, set[str]]


def panels() -> list[dict[str, Any]]:
    return [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def rules() -> list[dict[str, Any]]:
    return [rule for group in RULES["groups"] for rule in group["rules"]]


def expressions() -> Iterator[tuple[str, str]]:
    """Yield every expression with the text that shows its labels."""
    for panel in panels():
        for target in panel["targets"]:
            yield target["expr"], target["legendFormat"]
    for rule in rules():
        yield rule["expr"], " ".join(rule["annotations"].values())


@pytest.fixture
async def served(box: Box, client: AsyncClient, receiver: Receiver) -> Mapping[str, Labels]:
    """Return the figures of a box that has done something of everything, with their labels."""
    receiver.answers["/in"] = answer(b"")
    await upload(client)
    command_id = await submit(client, make_body(webhook_url=f"{receiver.url}/in"))
    await box.work_until_final(command_id)
    async with accompanied_by(box.dispatcher.run):
        recorded = box.outbox.next_record
        with anyio.fail_after(30):
            await recorded.wait()
    box.parts.metrics.event_loop_was_late(0.0)
    box.parts.metrics.box_is(version="1", ffmpeg_version="7", isolation="bubblewrap", vcpus=4)
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for family in text_string_to_metric_families((await client.get("/metrics")).text):
        for sample in family.samples:
            labels = found[sample.name]
            for name, value in sample.labels.items():
                labels[name].add(value)
    return found


async def test_every_figure_that_is_asked_for_is_served(served: Mapping[str, Labels]) -> None:
    asked = {name for expression, _ in expressions() for name in FIGURE.findall(expression)}

    assert len(asked) > 20
    assert asked - served.keys() == set()


async def test_every_label_that_is_compared_exists_with_that_value(
    served: Mapping[str, Labels],
) -> None:
    unknown = [
        (name, label, value)
        for expression, _ in expressions()
        for name, selected in SELECTED.findall(expression)
        for label, values in COMPARED.findall(selected)
        if label not in ADDED
        for value in values.split("|")
        if value not in served[name].get(label, set())
    ]

    assert unknown == []


async def test_every_label_that_is_grouped_by_or_shown_exists(served: Mapping[str, Labels]) -> None:
    unknown: list[tuple[str, str]] = []
    for expression, legend in expressions():
        labels = ADDED.union(*(served[name] for name in FIGURE.findall(expression)))
        listed = ",".join(GROUPED.findall(expression)).split(",")
        asked = {label.strip() for label in listed} | set(SHOWN.findall(legend))
        unknown += [(expression, label) for label in asked - labels - {""}]

    assert unknown == []


def test_quantiles_are_taken_of_histograms() -> None:
    quantiles = [each for each, _ in expressions() if "histogram_quantile" in each]

    assert quantiles
    assert [each for each in quantiles if "_bucket{" not in each or "(le" not in each] == []


def test_only_what_grows_is_asked_for_its_rate() -> None:
    grows = re.compile(r"\b(?:rate|increase)\(\s*(\w+)")
    names = [name for each, _ in expressions() for name in grows.findall(each)]

    assert names
    assert [name for name in names if not name.endswith(("_total", "_bucket"))] == []


def test_the_dashboard_takes_whatever_data_source_there_is() -> None:
    variables = {each["name"]: each["type"] for each in DASHBOARD["templating"]["list"]}
    sources = [each["datasource"] for panel in panels() for each in (panel, *panel["targets"])]

    assert variables == {"datasource": "datasource", "instance": "query"}
    assert {json.dumps(each) for each in sources} == {
        json.dumps({"type": "prometheus", "uid": "${datasource}"})
    }
    assert DASHBOARD.keys().isdisjoint({"__inputs", "id"})


def test_panels_have_names_and_places_of_their_own() -> None:
    every = DASHBOARD["panels"]
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in every)
        for x in range(place["x"], place["x"] + place["w"])
        for y in range(place["y"], place["y"] + place["h"])
    ]

    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    assert len({panel["id"] for panel in every}) == len(every)
    assert len({panel["title"] for panel in every}) == len(every)


@pytest.mark.parametrize("panel", panels(), ids=lambda panel: panel["title"])
def test_a_panel_shows_something_in_a_unit(panel: dict[str, Any]) -> None:
    references = [target["refId"] for target in panel["targets"]]

    assert panel["type"] in {"stat", "timeseries"}
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert references == sorted(set(references))


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_an_alert_says_how_bad_it_is_and_what_it_means(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in {"warning", "critical"}
    assert rule["annotations"]["summary"].endswith(".")
