"""The newest values of a forecast, from which it can be made under assumptions.

They are stored with a finished forecast, so this module imports no model.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from econnet.core.catalog import Indicator
from econnet.core.types import Floats
from econnet.data.features.columns import Column


@dataclass(frozen=True)
class Changeable:
    """An indicator whose newest value can be changed, as it is shown.

    `level` is its newest level, if it is shown by its level.
    """

    title: str
    unit: str
    level: float | None


@dataclass(frozen=True)
class NewestValues:
    """The row of features that is forecast, and the indicators that change it.

    Parameters
    ----------
    row
        The features in the order of `columns`; missing values are NaN.
    indicators
        By key, those that the features are made of.
    """

    row: tuple[float, ...]
    columns: tuple[Column, ...]
    indicators: Mapping[str, Changeable]

    @classmethod
    def of(
        cls,
        row: Floats,
        columns: Sequence[Column],
        indicators: Mapping[str, Indicator],
        levels: Mapping[str, float],
    ) -> "NewestValues":
        """Return them for a row; `levels` are the indicators' newest levels."""
        used = used_indicators(columns, indicators)
        changeable = {
            key: Changeable(
                indicators[key].title,
                indicators[key].unit_of_figure,
                levels.get(key) if indicators[key].transform == "difference" else None,
            )
            for key in used
        }
        return cls(tuple(row.tolist()), tuple(columns), changeable)


def used_indicators(
    columns: Sequence[Column], indicators: Mapping[str, Indicator]
) -> list[str]:
    """Return the keys of the indicators that columns are made of, sorted."""
    return sorted({column.indicator for column in columns} & {*indicators})
