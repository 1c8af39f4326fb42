"""The numbers of tidy rows, and which of them stand for missing values."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pandas as pd

from econnet.core.text import quoted
from econnet.core.types import Floats
from econnet.data.files import number_texts
from econnet.data.files.codes import blocks, codes_in
from econnet.data.files.number_texts import Mark
from econnet.data.files.tidy import Tidy
from econnet.runtime.untrusted_files import MAX_VALUE, MIN_MAGNITUDE


@dataclass
class Problems:
    """What is wrong with a file, so that all of it is reported at once."""

    file: str
    found: list[str] = field(default_factory=list)
    repeated: dict[str, int] = field(default_factory=dict)
    first_of: dict[str, str] = field(default_factory=dict)

    def add(self, problem: str, like: str = "") -> None:
        """Add a problem, given as the text after the file's name.

        Among problems that are `like` one another, the first is shown and the others
        are counted.
        """
        if problem in self.found:
            return
        if like and like in self.first_of:
            first = self.first_of[like]
            self.repeated[first] = self.repeated.get(first, 0) + 1
            return
        if like:
            self.first_of[like] = problem
        self.found.append(problem)

    def __str__(self) -> str:
        shown = [*map(self._counted, self.found[:MAX_PROBLEMS])]
        more = len(self.found) - len(shown)
        ending = f"; and {more:,} more" if more else ""
        others = "; ".join(problem.lstrip(",: ") for problem in shown[1:])
        return f"{self.file}{shown[0]}{'; ' if others else ''}{others}{ending}"

    def _counted(self, problem: str) -> str:
        n = self.repeated.get(problem, 0)
        return f"{problem} (and {n:,} more such)" if n else problem


@dataclass(frozen=True, eq=False)
class Values:
    """The number of each row, and what was found on the way."""

    numbers: Floats
    remarks: tuple[str, ...]


def read_values(tidy: Tidy, delimiter: str, problems: Problems) -> Values:
    """Return the numbers of tidy rows, NaN where a value is missing."""
    remarks: list[str] = []
    if tidy.value.dtype == float:
        numbers = tidy.value.to_numpy(dtype=float)
    else:
        numbers = _from_texts(tidy, delimiter, problems, remarks)
    numbers = _in_range(tidy, numbers, problems)
    numbers = _without_codes(tidy, numbers, remarks)
    return Values(numbers, tuple(remarks))


def _from_texts(
    tidy: Tidy, delimiter: str, problems: Problems, remarks: list[str]
) -> Floats:
    """Return the numbers of cells that are texts or numbers, column by column."""
    cells = tidy.value.to_numpy(dtype=object)
    numbers = np.full(len(cells), np.nan)
    typed = np.array([not isinstance(cell, str) for cell in cells], dtype=bool)
    numbers[typed] = [np.nan if cell is None else cell for cell in cells[typed]]
    codes = codes_in(tidy.column)
    places = _places_by_code(codes, ~typed & (cells != ""))
    if tidy.layout == "areas":
        places = _places_by_code(codes_in(tidy.area), ~typed & (cells != ""))
    texts = {code: pd.unique(cells[place]) for code, place in places.items()}
    marks: set[Mark] = set()
    for distinct in texts.values():
        marks.update(number_texts.evidence([str(text) for text in distinct]))
    grouped: list[str] = []
    flags: set[str] = set()
    letters: set[str] = set()
    for code, place in places.items():
        name = _name(tidy, code)
        read = number_texts.read_numbers(
            [str(text) for text in texts[code]],
            of_file=marks,
            delimiter=delimiter,
            in_order=[str(text) for text in cells[place[:MAX_STEPS]]],
        )
        if read is None:
            problems.add(
                f": {name}: {quoted(str(cells[place[0]]))} may have three decimals or "
                "a thousands separator: write numbers without thousands separators"
            )
            continue
        numbers[place] = pd.Series(cells[place]).map(dict(read.values)).to_numpy(float)
        flags |= read.flags
        letters |= read.letters
        if read.grouped:
            grouped.append(name)
    if grouped:
        remarks.append(f"thousands separators removed: {_shown(grouped)}")
    if "," in marks and "." not in marks:
        remarks.append("decimal commas")
    if flags:
        remarks.append(f"flags after numbers ignored: {_shown(sorted(flags))}")
    if letters:
        remarks.append(f"letters taken as missing: {_shown(sorted(letters))}")
    return numbers


def _name(tidy: Tidy, code: int) -> str:
    column = tidy.area if tidy.layout == "areas" else tidy.column
    return str(column.cat.categories[code])


def _places_by_code(codes: np.ndarray, wanted: np.ndarray) -> dict[int, np.ndarray]:
    """Return the places of the wanted rows of each code."""
    places = np.flatnonzero(wanted)
    if not len(places):
        return {}
    order = places[np.argsort(codes[places], kind="stable")]
    found, starts = np.unique(codes[order], return_index=True)
    return {
        int(code): part
        for code, part in zip(found, np.split(order, starts[1:]), strict=True)
    }


def _in_range(tidy: Tidy, numbers: Floats, problems: Problems) -> Floats:
    """Return numbers without unusable ones; the first of them are added to problems."""
    wrong = _places(numbers, _is_out_of_range)
    for place in wrong[:MAX_CELLS]:
        reason = (
            "is not a number; write 1234.5, and leave missing values empty"
            if np.isinf(numbers[place])
            else f"is outside the range of {MIN_MAGNITUDE:g} to {MAX_VALUE:g}: choose "
            "another unit"
        )
        problems.add(
            f", line {tidy.line.iloc[place]}, {tidy.column.iloc[place]}: "
            f"{quoted(str(tidy.value.iloc[place]))} {reason}",
            like=f"{tidy.column.iloc[place]} {tidy.value.iloc[place]}",
        )
    return _without(numbers, wrong)


def _is_out_of_range(numbers: Floats) -> npt.NDArray[np.bool_]:
    size = np.abs(numbers)
    outside: npt.NDArray[np.bool_] = size > MAX_VALUE
    outside |= (size > 0) & (size < MIN_MAGNITUDE)
    return outside


def _places(
    numbers: Floats, test: Callable[[Floats], npt.NDArray[np.bool_]]
) -> npt.NDArray[np.intp]:
    """Return the places of the numbers that pass a test."""
    found = [
        part.start + np.flatnonzero(passed)
        for part in blocks(len(numbers))
        if (passed := test(numbers[part])).any()
    ]
    return np.concatenate(found) if found else np.zeros(0, dtype=np.intp)


def _without(numbers: Floats, places: npt.NDArray[np.intp]) -> Floats:
    """Return numbers in which some are missing; millions are copied only if needed."""
    if not len(places):
        return numbers
    kept = numbers.copy()
    kept[places] = np.nan
    return kept


def _without_codes(tidy: Tidy, numbers: Floats, remarks: list[str]) -> Floats:
    """Return numbers without codes for missing values and zeros before the first."""
    found: dict[float, int] = {}
    columns = codes_in(tidy.column)
    may_be_codes = _places(numbers, _may_be_code)
    if len(may_be_codes):
        numbers = numbers.copy()
    for column in np.unique(columns[may_be_codes]):
        place = np.flatnonzero((columns == column) & ~np.isnan(numbers))
        for code in number_texts.missing_codes(numbers[place]):
            is_code = place[numbers[place] == code]
            numbers[is_code] = np.nan
            found[float(code)] = found.get(float(code), 0) + len(is_code)
    remarks += [
        f"{code:g} taken as missing ({count:,} values)" for code, count in found.items()
    ]
    for places, names, what in (
        (*_zeros(tidy, numbers, number_texts.leading_zeros), "before the first value"),
        (*_zeros(tidy, numbers, number_texts.stray_zeros), "among other values"),
    ):
        numbers = _without(numbers, places)
        if names:
            remarks.append(f"zeros {what} taken as missing: {_shown(names)}")
    return numbers


def _may_be_code(numbers: Floats) -> npt.NDArray[np.bool_]:
    """Return which numbers may stand for missing values."""
    # Few numbers pass the first tests, whichever unit they have.
    found: npt.NDArray[np.bool_] = np.abs(numbers) >= MIN_CODE
    found &= (numbers < 0) | (numbers == np.rint(numbers))
    if found.any():
        found[found] = np.isin(numbers[found], number_texts.CODES)
    return found


def _zeros(
    tidy: Tidy, numbers: Floats, find: Callable[[Floats], npt.NDArray[np.intp]]
) -> tuple[npt.NDArray[np.intp], list[str]]:
    """Return the places of zeros that are found in series, and the series' names."""
    names, zeros = [], [np.zeros(0, dtype=np.intp)]
    columns = codes_in(tidy.column)
    with_zeros = np.unique(columns[_places(numbers, _is_zero)])
    areas = codes_in(tidy.area)
    for column in with_zeros:
        places = np.flatnonzero(columns == column)
        for _, place in _groups(areas[places], places):
            present = place[~np.isnan(numbers[place])]
            found = find(numbers[present])
            if len(found):
                zeros.append(present[found])
                names.append(str(tidy.column.cat.categories[column]))
    return np.concatenate(zeros), list(dict.fromkeys(names))


def _is_zero(numbers: Floats) -> npt.NDArray[np.bool_]:
    is_zero: npt.NDArray[np.bool_] = numbers == 0
    return is_zero


def _groups(codes: np.ndarray, places: np.ndarray) -> Sequence[tuple[int, np.ndarray]]:
    order = np.argsort(codes, kind="stable")
    found, starts = np.unique(codes[order], return_index=True)
    parts = np.split(places[order], starts[1:])
    return list(zip(found.tolist(), parts, strict=True))


def _shown(names: Sequence[str], at_most: int = 6) -> str:
    """Return names as a list that is not too long."""
    more = len(names) - at_most
    return ", ".join(names[:at_most]) + (f" and {more} more" if more > 0 else "")


MIN_CODE = float(np.abs(number_texts.CODES).min())
MAX_PROBLEMS = 4
MAX_CELLS = 1_000
MAX_STEPS = 5_000
