import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from econnet.data.files import codes

SERIES = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 30)), max_size=80
)


@given(SERIES, st.booleans())
def test_rows_are_sorted_by_all_columns_and_equal_ones_keep_their_order(
    rows: list[tuple[int, int, int]], in_runs: bool
) -> None:
    if in_runs:
        rows = sorted(rows, key=lambda row: (row[1], row[0], row[2]))
    columns = [np.array(part, dtype=np.int16) for part in zip(*rows, strict=True)]
    columns = columns or [np.zeros(0, dtype=np.int16)] * 3
    expected = sorted(range(len(rows)), key=lambda n: rows[n])
    order = codes.order(columns)
    place = np.arange(len(rows))
    assert (place if order is None else order.of(place)).tolist() == expected


def test_long_runs_are_ordered_as_single_rows_are() -> None:
    """The columns of a wide table below one another are such runs."""
    runs = [(country, series) for series in (2, 0, 1) for country in (1, 0)]
    country, series = (
        np.repeat(np.array(part), 40) for part in zip(*runs, strict=True)
    )
    period = np.tile(np.arange(40), len(runs))
    order = codes.order([country, series, period])
    assert order is not None
    assert order.runs
    place = np.lexsort([period, series, country])
    np.testing.assert_array_equal(order.of(np.arange(len(place))), place)
    names = codes.categorical(series, ["a", "b", "c"])
    assert [*order.of_column(names)] == [*names[place]]


@pytest.mark.parametrize("dtype", [np.int8, np.int16, np.int32])
def test_counts_and_look_ups_are_those_of_numpy_beyond_one_block(
    dtype: type[np.signedinteger],
) -> None:
    n = 3 * codes.BLOCK // 2
    numbers: codes.Codes = np.random.default_rng(0).integers(-1, 100, n).astype(dtype)
    expected = np.bincount(numbers[numbers >= 0], minlength=120)
    np.testing.assert_array_equal(codes.counts(numbers, 120), expected)
    table = np.arange(101) ** 2
    np.testing.assert_array_equal(codes.looked_up(table, numbers), table[numbers])
