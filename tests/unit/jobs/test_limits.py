import pytest

from renderio_box.errors import InvalidRequestError
from renderio_box.jobs.limits import JobLimits, run_seconds, vcpu_count

LIMITS = JobLimits(default_run_seconds=60, max_run_seconds=300, vcpus=4)


@pytest.mark.parametrize(("asked", "granted"), [(None, 60), (1, 1), (299, 299), (300, 300)])
def test_a_time_limit_is_granted_up_to_the_operators_bound(asked: int | None, granted: int) -> None:
    assert run_seconds(asked, LIMITS) == granted


def test_more_time_than_the_operator_allows_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="is 301, this box allows at most 300") as caught:
        run_seconds(301, LIMITS)

    assert caught.value.loc == ("max_command_run_seconds",)


@pytest.mark.parametrize(("asked", "counted"), [(None, 1), (1, 1), (4, 4), (64, 4)])
def test_a_cpu_count_is_clipped_to_the_machine(asked: int | None, counted: int) -> None:
    assert vcpu_count(asked, LIMITS) == counted
