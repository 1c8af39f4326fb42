"""Texts in encodings of MS-DOS and the Macintosh, in which Excel also saves CSV."""

from pathlib import Path

import pytest

from tests.data.files.small_files import EXPECTED, by_quarter, lines, read, values

COUNTRIES = {
    "Côte d'Ivoire": "CIV",
    "Curaçao": "CUW",
    "Åland Islands": "ALA",
    "Réunion": "REU",
    "Österreich": "AUT",
    "Rumänien": "ROU",
}


def rows_of(name: str, separator: str = ",") -> list[str]:
    """Return a line for each quarter of a country or region."""
    return by_quarter(lambda q, x: separator.join([name, q, str(x)]))


@pytest.mark.parametrize("encoding", ["cp850", "mac_roman", "cp1252"])
@pytest.mark.parametrize("name", COUNTRIES)
def test_names_of_countries_show_the_encoding(
    tmp_path: Path, name: str, encoding: str
) -> None:
    rows = [rows_of(each, ";") for each in (name, "Germany")]
    table = read(tmp_path, lines(["country;period;real_gdp"], *rows), encoding)
    assert values(table, COUNTRIES[name]) == EXPECTED
    assert not table.understood.warnings
    (remark,) = table.understood.remarks
    assert "if letters are wrong, save the file as CSV UTF-8" in remark


@pytest.mark.parametrize("encoding", ["cp850", "mac_roman", "cp1252"])
@pytest.mark.parametrize(
    "name", ["PIB réel", "taux de chômage", "Produção", "España", "Quote für Männer"]
)
def test_names_of_columns_show_the_encoding(
    tmp_path: Path, name: str, encoding: str
) -> None:
    text = lines([f"period,{name}"], by_quarter(lambda q, x: f"{q},{x}"))
    table = read(tmp_path, text, encoding, country="FRA")
    assert [*table.kinds] == [name]


def test_names_that_mean_no_country_are_reported(tmp_path: Path) -> None:
    names = ["Germany", "France", "Yugoslavia", "C“te d'Ivoire"]
    rows = [rows_of(each) for each in names]
    table = read(tmp_path, lines(["country,period,real_gdp"], *rows))
    (warning,) = table.understood.warnings
    assert warning.startswith("C“te d'Ivoire: no country that econnet knows")
    assert "save the file as CSV UTF-8" in warning


def test_misspelled_region_is_reported(tmp_path: Path) -> None:
    names = ["Alabama", "Alaska", "California", "Texas", "Delawere"]
    rows = [rows_of(each) for each in names]
    table = read(tmp_path, lines(["state,period,real_gdp"], *rows))
    (warning,) = table.understood.warnings
    assert warning.startswith("Delawere: no region that econnet knows")
    assert "UTF-8" not in warning
