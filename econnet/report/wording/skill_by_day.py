"""The table of the skill by information day, and what it compares."""

from collections.abc import Sequence

from econnet.core.periods import NOUN, Frequency
from econnet.forecast.result import DaySkill
from econnet.report.wording.formatting import (
    count,
    number,
    signed_percent,
    signed_percent_range,
)

DASH = "\N{EN DASH}"
DAY_HEAD = ("made on", "AUROC", "log loss", "skill", "90% interval", "gain", "90%")


def information_day(day: str, frequency: Frequency) -> str:
    """Return a day of the period, given as in `DaySkill`, in words.

    >>> [information_day(day, "Q") for day in ("45", "end")]
    ['day 45 of the quarter', 'the end of the quarter']
    >>> information_day("end of June", "A")
    'the end of June'
    """
    if day == "end":
        return f"the end of the {NOUN[frequency]}"
    return f"day {day} of the {NOUN[frequency]}" if day.isdecimal() else f"the {day}"


def day_rows(days: Sequence[DaySkill]) -> list[list[str]]:
    """Return a row per day, the earliest first, under `DAY_HEAD`."""
    return [
        [
            _in_short(each.day),
            DASH if each.auroc is None else f"{each.auroc:.2f}",
            number(each.log_loss, 3),
            *_percentages(each.skill.value, each.skill.interval),
            *_percentages(each.gain, each.gain_interval),
        ]
        for each in days
    ]


def _in_short(day: str) -> str:
    return f"day {day}" if day.isdecimal() else day


def _percentages(
    value: float | None, interval: tuple[float, float] | None
) -> tuple[str, str]:
    return (
        DASH if value is None else signed_percent(value),
        DASH if interval is None else signed_percent_range(interval),
    )


def day_note(days: Sequence[DaySkill], frequency: Frequency) -> str:
    """Return which forecasts the table compares; an empty text without days."""
    if not days:
        return ""
    skill, noun = days[0].skill, NOUN[frequency]
    return (
        f"The same {count(skill.n, 'forecast')} (the event occurred in "
        f"{skill.n_contractions:,}), made on each day of the {noun} with what was "
        "known by then. "
        "Skill is the improvement of the log loss on the historical average. The gain "
        "is skill minus that of the first row, with its paired 90% interval."
    )
