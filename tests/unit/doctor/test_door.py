import socket

import pytest

from renderio_box.doctor.door import (
    Answer,
    Standing,
    public_finding,
    running_port,
    self_report,
    stopped_port,
)
from renderio_box.doctor.finding import State
from renderio_box.settings import ServerConfig

PUBLIC = "https://media.example.org/renderio"
RUNNING = Standing(url="http://127.0.0.1:8420", instance="1")


class Asked:
    """What answers at the public address, and whether it was asked."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        self.urls: list[str] = []

    async def __call__(self, url: str) -> Answer:
        self.urls.append(url)
        return self.answer


@pytest.mark.parametrize(
    ("answer", "state"),
    [
        (Answer(instance="1"), State.OK),
        (Answer(instance="2"), State.PROBLEM),
        (Answer(fault="it answers HTTP 502"), State.PROBLEM),
    ],
)
async def test_the_public_address_must_lead_to_this_very_box(answer: Answer, state: State) -> None:
    asked = Asked(answer)

    assert (await public_finding(PUBLIC, RUNNING, asked)).state is state
    assert asked.urls == [PUBLIC]


async def test_a_public_address_without_encryption_is_told_of() -> None:
    found = await public_finding("http://box.lan", RUNNING, Asked(Answer(instance="1")))

    assert found.state is State.WARNING


@pytest.mark.parametrize(
    ("url", "standing"),
    [("", RUNNING), (PUBLIC, None), (PUBLIC, Standing(url="http://127.0.0.1:1", fault="refused"))],
)
async def test_nobody_is_asked_where_there_is_nothing_to_compare(
    url: str, standing: Standing | None
) -> None:
    asked = Asked(Answer(instance="1"))

    assert (await public_finding(url, standing, asked)).state is State.OK
    assert asked.urls == []


def test_a_free_port_is_well() -> None:
    assert stopped_port(ServerConfig(port=0)).state is State.OK


def test_a_port_that_another_program_has_is_a_problem() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        found = stopped_port(ServerConfig(port=other.getsockname()[1]))

    assert (found.state, found.subject) == (State.PROBLEM, "port")


def test_a_box_that_does_not_answer_is_a_problem() -> None:
    silent = Standing(url="http://127.0.0.1:8420", fault="no answer")

    assert running_port(silent).state is State.PROBLEM
    assert self_report(silent) == []
    assert running_port(RUNNING).state is State.OK


def test_what_the_box_says_of_itself_is_passed_on() -> None:
    troubled = Standing(url="", instance="1", trouble={"database": "disk I/O error"})

    found = self_report(troubled)

    assert [(each.state, each.what) for each in found] == [
        (State.PROBLEM, "database: disk I/O error")
    ]
    assert self_report(RUNNING)[0].state is State.OK
