import pytest

from renderio_box.api.bodies import is_deeper

FLAT = {"a": 1, "b": "x", "c": None}


@pytest.mark.parametrize(
    ("value", "levels"),
    [(1, 0), ("[[", 0), ([], 1), (FLAT, 1), ([FLAT, [FLAT]], 3), ({"a": {"b": []}}, 3)],
)
def test_what_is_as_deep_as_it_may_be_is_not_deeper(value: object, levels: int) -> None:
    assert not is_deeper(value, levels)


@pytest.mark.parametrize(
    ("value", "levels"), [([], 0), (FLAT, 0), ([1, [FLAT]], 2), ({"a": {"b": []}}, 2)]
)
def test_what_is_one_level_deeper_is(value: object, levels: int) -> None:
    assert is_deeper(value, levels)


def test_a_wide_value_is_not_deep() -> None:
    assert not is_deeper([[] for _ in range(100_000)], 2)
