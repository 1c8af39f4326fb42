"""Many countries as files that agree with each other and with the forecasts."""

import csv
import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pypdf
import pytest

from econnet.core.countries import Country
from econnet.forecast.ranking import Ranking
from econnet.report import Format, figures, ranking_rows, wording
from econnet.report import ranking as ranking_files
from econnet.report.figures.shades import BOUNDS, NAMES, shades, step_of
from econnet.report.figures.style import DARK, LIGHT, Look
from econnet.report.figures.world import (
    ROW_HEIGHT,
    ROWS_PER_STRIP,
    STRIP_HEAD,
    by_distance,
    draw,
    has_map,
    on_map,
    parts,
    rows_in,
)
from econnet.report.wording import ranking as wording_ranking


@pytest.fixture(scope="module")
def written(ranking: Ranking, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("reports") / "ranking"
    ranking_files.write(ranking, folder)
    return folder


def rows_of(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_text("utf-8"))))


def text_of(path: Path) -> str:
    pages = pypdf.PdfReader(path).pages
    return re.sub(r"\s+", " ", " ".join(page.extract_text() for page in pages))


def test_every_format_is_written(written: Path) -> None:
    names = {path.name for path in written.iterdir()}
    assert names >= {
        *("ranking.pdf", "ranking.html", "ranking.json", "ranking.csv", "strip.csv"),
        *("dots.png", "strip-1.png"),
    }


def test_formats_that_were_not_asked_for_are_not_written(
    ranking: Ranking, tmp_path: Path
) -> None:
    written = ranking_files.write(ranking, tmp_path, [Format.JSON])
    assert [path.name for path in written] == ["ranking.json"]


def test_json_and_csv_contain_the_numbers_of_the_forecasts(
    ranking: Ranking, written: Path
) -> None:
    document: Any = json.loads((written / "ranking.json").read_bytes())
    table = rows_of(written / "ranking.csv")
    pairs = zip(ranking.forecasts, document["countries"], table, strict=True)
    for place, (forecast, entry, row) in enumerate(pairs, 1):
        assert entry["rank"] == int(row["rank"]) == place
        assert entry["country"] == row["country"] == forecast.country.alpha3
        assert entry["probability"] == float(row["probability"])
        assert entry["probability"] == forecast.probability
        assert entry["interval_high"] == forecast.interval[1]
        assert entry["verdict"] == wording.verdict(forecast).call
    assert document["left_out"][0]["reason"] == "North Korea has no real_gdp"


def test_strip_contains_every_forecast_once(ranking: Ranking, written: Path) -> None:
    table = rows_of(written / "strip.csv")
    keys = [(row["country"], row["period"]) for row in table]
    assert len(keys) == len(set(keys))
    own = [it.track_record.query("model == 'econnet'") for it in ranking.forecasts]
    assert len(table) == sum(map(len, own))
    missing = sum(int(it["outcome"].isna().sum()) for it in own)
    assert sum(row["outcome"] == "" for row in table) == missing


def test_pdf_is_titled_tagged_and_names_every_country(
    ranking: Ranking, written: Path
) -> None:
    reader = pypdf.PdfReader(written / "ranking.pdf")
    assert reader.metadata is not None
    (period,) = ranking.periods
    title = f"Probability that real GDP falls in {period}: 5 countries"
    assert reader.metadata.title == title
    assert reader.xmp_metadata is not None
    assert "pdfuaid" in reader.xmp_metadata.stream.get_data().decode()
    text = text_of(written / "ranking.pdf")
    for forecast in ranking.forecasts:
        probability = wording.percent(forecast.probability)
        assert f"{wording.name_and_age(forecast)} {probability}" in text
    assert "North Korea: North Korea has no real_gdp" in text
    for sentence in (*wording.summary(ranking), *wording.trust(ranking)):
        assert re.sub(r"\s", "", sentence) in re.sub(r"\s", "", text)


def test_summary_names_the_periods_and_what_is_out_of_date(ranking: Ranking) -> None:
    text = " ".join(wording.summary(ranking))
    first = ranking.forecasts[0]
    assert text.startswith("Out of date: the period of every forecast is over.")
    assert f"Highest probability: {first.country.name}, " in text
    assert "5 forecasts use data for which newer values are due" in text
    assert "1 country could not be forecast" in text
    same = replace(
        ranking,
        forecasts=tuple(replace(it, period=first.period) for it in ranking.forecasts),
    )
    assert wording_ranking.periods(same) == f"forecasts for {first.period}"
    assert "different periods" not in " ".join(wording.summary(same))


def test_forecast_of_a_past_period_is_marked_beside_the_country(
    ranking: Ranking,
) -> None:
    """In the last column, a phone did not show the mark."""
    first, *others = ranking.forecasts
    coming = [replace(forecast, period=forecast.origin + 99) for forecast in others]
    shown = replace(ranking, forecasts=(first, *coming))
    rows = ranking_rows.ranking_content(shown)
    marked, *unmarked = [row["cells"] for row in rows["rows"]]
    name = ranking_rows.COLUMNS.index("country")
    assert marked[name] == f"{first.country.name} (out of date)"
    assert not any("out of date" in " ".join(cells) for cells in unmarked)


def test_highest_probability_is_compared_with_the_countrys_own_average(
    ranking: Ranking,
) -> None:
    """Japan was `likeliest to contract` at 26%, below its average of 34%."""
    japan, other = (
        replace(
            forecast,
            country=Country(code, code, name),
            probability=probability,
            base_rate=average,
            period=ranking.forecasts[0].origin + 99,
        )
        for forecast, code, name, probability, average in (
            (ranking.forecasts[0], "JPN", "Japan", 0.26, 0.34),
            (ranking.forecasts[1], "DEU", "Germany", 0.2, 0.15),
        )
    )
    text = " ".join(wording.summary(replace(ranking, forecasts=(japan, other))))
    assert (
        "Highest probability: Japan, 26%, 8 percentage points below its average of 34%."
    ) in text
    assert (
        "Furthest above its own average: Germany, 20%, 5 percentage points above its "
        "average of 15%." in text
    )
    assert "Median: 23%." in text
    assert "No country is at twice its own average or more." in text
    over = replace(other, probability=0.9, period=other.origin)
    text = " ".join(wording.summary(replace(ranking, forecasts=(over, japan))))
    assert "Highest probability among the 1 forecast whose period is not over: " in text
    assert "Japan, 26%" in text
    assert "None of them is above its own average." in text


def test_ranking_names_the_countries_that_were_pooled(ranking: Ranking) -> None:
    """`All countries together` meant six, not those shown."""
    text = " ".join(wording.trust(ranking))
    assert (
        "6 countries in the training pool, Canada, France, Germany, Japan, United "
        "Kingdom and United States" in text
    )
    assert "all countries together" not in text


def test_credit_names_the_sources_of_all_forecasts(ranking: Ranking) -> None:
    sourced = [
        replace(
            forecast,
            data=replace(
                forecast.data,
                series=(replace(forecast.data.series[0], attribution=source),),
                pool_attributions=(source,),
            ),
        )
        for forecast, source in zip(ranking.forecasts, "XYZ", strict=False)
    ]
    credit = wording.ranking_credit(replace(ranking, forecasts=tuple(sourced[:2])))
    assert credit.endswith("Source: X; Y")
    twice = (*sourced[:2], sourced[1])
    credit = wording.ranking_credit(replace(ranking, forecasts=twice))
    assert credit.endswith("Source: Y; X")


def test_dots_are_sorted_by_the_distance_from_the_average(ranking: Ranking) -> None:
    distances = [
        forecast.probability - forecast.base_rate for forecast in by_distance(ranking)
    ]
    assert distances == sorted(distances, reverse=True)
    names = [forecast.country.name for forecast in by_distance(ranking)]
    alt = ranking_rows.alts(ranking)["dots"]
    places = [alt.index(name) for name in names]
    assert places == sorted(places)


def test_map_is_drawn_only_where_most_of_the_world_is_shown(
    ranking: Ranking, world_ranking: Ranking
) -> None:
    assert not has_map(ranking)
    assert has_map(world_ranking)
    assert "map" in draw(world_ranking, LIGHT)


def test_map_is_left_out_where_no_country_is_on_it(
    ranking: Ranking, tmp_path: Path
) -> None:
    regions = tuple(
        replace(it, country=Country(f"Region {number}", "", f"Region {number}"))
        for number, it in enumerate(ranking.forecasts)
    )
    written = ranking_files.write(replace(ranking, forecasts=regions), tmp_path)
    assert not [path.name for path in written if path.name.startswith("map")]
    page = (tmp_path / "ranking.html").read_text("utf-8")
    assert 'class="map"' not in page
    assert "Natural Earth" not in page
    assert "Region 2" in text_of(tmp_path / "ranking.pdf")
    assert "strip-1.png" in {path.name for path in written}
    mixed = (*ranking.forecasts[:1], *regions[1:])
    (alone,) = on_map(replace(ranking, forecasts=mixed))
    assert alone == ranking.forecasts[0]
    assert "1 country shaded" in wording.map_alt([alone])


def test_hostile_names_break_nothing_and_are_not_formulas(
    ranking: Ranking, tmp_path: Path
) -> None:
    hostile = "=1+1 </script><script>x</script> #let *a* \x00\ud800 東京"
    first = ranking.forecasts[0]
    named = replace(first, country=Country("XX</x>", "xx", hostile))
    changed = replace(ranking, forecasts=(named, *ranking.forecasts[1:]))
    kept = [Format.PDF, Format.HTML, Format.CSV, Format.JSON]
    ranking_files.write(changed, tmp_path, kept)
    assert rows_of(tmp_path / "ranking.csv")[0]["name"].startswith("'=1+1")
    assert "=1+1 </script><script>x" in text_of(tmp_path / "ranking.pdf")
    page = (tmp_path / "ranking.html").read_text("utf-8")
    assert "<script>x" not in page


def test_forecast_of_the_past_is_marked_beside_its_dot(ranking: Ranking) -> None:
    """France led the chart of dots by a forecast for 2023."""
    old, *others = ranking.forecasts
    old = replace(old, made_at="2099-01-01T00:00:00+00:00")
    changed = replace(ranking, forecasts=(old, *others))
    svg = figures.as_svg(draw(changed, LIGHT)["dots"])
    assert f"{old.country.name} (out of date)" in svg


def test_strips_have_room_for_all(ranking: Ranking) -> None:
    many_ = replace(ranking, forecasts=ranking.forecasts * 30)
    split = parts(many_)
    assert sum(map(len, split.values())) == 150
    assert list(split) == ["strip-1", "strip-2", "strip-3"]
    shorter = parts(many_, first=20)
    assert [*map(len, shorter.values())] == [20, 56, 56, 18]


def test_first_strip_fits_the_room_below_the_table() -> None:
    rows = rows_in(150.0)
    assert STRIP_HEAD + rows * ROW_HEIGHT <= 150 < STRIP_HEAD + (rows + 1) * ROW_HEIGHT
    assert rows_in(60.0) == rows_in(10.0) == rows_in(1000.0) == ROWS_PER_STRIP


@pytest.mark.parametrize("bound", BOUNDS)
def test_shade_changes_at_the_bound_that_its_name_gives(bound: float) -> None:
    assert step_of(bound) == step_of(bound - 1e-9) + 1
    assert f"{100 * bound:.0f}" in NAMES[step_of(bound)]
    assert f"{100 * bound:.0f}" in NAMES[step_of(bound - 1e-9)]


@pytest.mark.parametrize("look", [LIGHT, DARK], ids=["light", "dark"])
def test_shades_go_steadily_away_from_the_ground(look: Look) -> None:
    distances = [abs(luminance(it) - luminance(look.paper)) for it in shades(look)]
    assert distances == sorted(distances)
    assert len(set(shades(look))) == len(NAMES)


def luminance(color: str) -> float:
    """Return the relative luminance of a colour, as WCAG 2.2 defines it."""
    parts = [int(color[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    red, green, blue = (
        it / 12.92 if it <= 0.04045 else ((it + 0.055) / 1.055) ** 2.4 for it in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
