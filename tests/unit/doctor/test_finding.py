from collections.abc import AsyncGenerator

import anyio

from renderio_box.doctor.finding import Finding, State, examine, well


async def quick() -> AsyncGenerator[Finding]:
    yield well("a", "fine")
    await anyio.lowlevel.checkpoint()
    yield well("b", "fine")


async def broken() -> AsyncGenerator[Finding]:
    yield well("c", "fine")
    raise ValueError("no such thing")


async def endless() -> AsyncGenerator[Finding]:
    yield well("d", "fine")
    await anyio.sleep_forever()


async def test_findings_stand_in_the_order_of_the_checks() -> None:
    found = await examine({"slow": broken, "quick": quick}, within_s=5)

    assert [finding.subject for finding in found] == ["c", "slow", "a", "b"]


async def test_a_check_that_fails_is_a_problem_and_spoils_no_other() -> None:
    found = await examine({"broken": broken, "quick": quick}, within_s=5)

    assert (found[1].state, found[1].what) == (State.PROBLEM, "ValueError: no such thing")
    assert found[-1] == well("b", "fine")


async def test_a_check_without_end_is_a_problem_and_what_it_had_found_stays() -> None:
    found = await examine({"endless": endless, "quick": quick}, within_s=0.05)

    assert [finding.state for finding in found] == [
        *(State.OK, State.PROBLEM),
        *(State.OK, State.OK),
    ]
    assert found[1].what == "not finished within 0.05 s"
