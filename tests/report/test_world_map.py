"""The map: decoded by its format, complete, with countries where they really are."""

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from econnet.core import countries
from econnet.core.countries import UNIONS
from econnet.core.types import Floats
from econnet.report import world_map
from econnet.report.world_map import World


@pytest.fixture(scope="module")
def world() -> World:
    return world_map.load()


# The example of the TopoJSON Format Specification 1.0, section 1.1, quantised: three
# arcs, of which the second begins at the far end of the polygon's border.
EXAMPLE = {
    "transform": {
        "scale": [0.0005000500050005, 0.00010001000100010001],
        "translate": [100, 0],
    },
    "arcs": [
        [[4000, 0], [1999, 9999], [2000, -9999], [2000, 9999]],
        [[0, 0], [0, 9999], [2000, 0], [0, -9999], [-2000, 0]],
    ],
}


def test_arcs_are_decoded_as_the_specification_shows() -> None:
    line, square = world_map.decode_arcs(EXAMPLE)
    np.testing.assert_allclose(
        line, [(102, 0), (103, 1), (104, 0), (105, 1)], atol=1e-3
    )
    np.testing.assert_allclose(
        square, [(100, 0), (100, 1), (101, 1), (101, 0), (100, 0)], atol=1e-3
    )


def test_negative_number_is_an_arc_backwards() -> None:
    there = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]])
    back = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    (ring,) = world_map.rings_of({"type": "Polygon", "arcs": [[0, ~1]]}, [there, back])
    assert ring.tolist() == [[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]


def test_every_ring_is_closed_and_no_line_jumps_across_the_map(world: World) -> None:
    left, right, _, _ = world.limits
    for rings in world.shapes.values():
        for ring in rings:
            np.testing.assert_allclose(ring[0], ring[-1], atol=1e-9)
            assert np.abs(np.diff(ring[:, 0])).max() < 0.5 * (right - left)


@pytest.mark.parametrize(
    ("code", "lon", "lat"),
    [
        ("DEU", 10.4, 51.2),
        ("BRA", -52.0, -10.0),
        ("AUS", 134.0, -25.0),
        ("RUS", 100.0, 62.0),
        ("RUS", -172.0, 66.3),  # Chukotka, beyond the 180th meridian
        ("XKX", 20.9, 42.6),
    ],
)
def test_countries_are_where_they_are(
    code: str, lon: float, lat: float, world: World
) -> None:
    point = world_map.project(np.array([[lon, lat]]))[0]
    found = [it for it, rings in world.shapes.items() if inside(point, rings)]
    assert found == [code]


def inside(point: Floats, rings: tuple[Floats, ...]) -> bool:
    """Return whether a ray from the point crosses the rings an odd number of times."""
    crossings = 0
    for ring in rings:
        (x0, y0), (x1, y1) = ring[:-1].T, ring[1:].T
        crosses = (y0 > point[1]) != (y1 > point[1])
        with np.errstate(divide="ignore", invalid="ignore"):
            x = x0 + (point[1] - y0) / (y1 - y0) * (x1 - x0)
        crossings += int((crosses & (x > point[0])).sum())
    return crossings % 2 == 1


def test_small_countries_are_dots_and_none_is_drawn_twice(world: World) -> None:
    assert {"SGP", "MLT", "MUS", "TUV", "HKG"} <= set(world.dots)
    assert not set(world.dots) & set(world.shapes)
    codes = {country.alpha3 for country in countries.all_countries()}
    assert {*world.dots} <= codes


def test_every_country_has_a_place(world: World) -> None:
    placed = {*world.dots, *world.shapes}
    missing = {it.alpha3 for it in countries.all_countries()} - placed - UNIONS
    # Overseas parts of France, Norway and others that no economy is measured of.
    assert missing <= {
        *("ATA", "BES", "BVT", "CCK", "CXR", "GIB", "GLP", "GUF", "MTQ", "MYT"),
        *("REU", "SJM", "TKL", "UMI"),
    }


@given(lon=st.floats(-180, 180), lat=st.floats(-80, 80))
def test_projection_keeps_areas(lon: float, lat: float) -> None:
    # The area of a small box on the map over that on the sphere is the same anywhere.
    step = 1e-4
    box = np.array([[lon, lat], [lon + step, lat], [lon, lat + step]])
    corner, east, north = world_map.project(box)
    (a, b), (c, d) = east - corner, north - corner
    sphere = np.radians(step) ** 2 * np.cos(np.radians(lat))
    assert abs(a * d - b * c) / sphere == pytest.approx(1, rel=1e-3)


@given(
    lon=st.floats(170, 179),
    lat=st.floats(-60, 50),
    width=st.floats(2, 12),
    height=st.floats(1, 9),
)
@example(lon=170.0, lat=0.0, width=10.0, height=1.0)  # it touches the meridian
def test_ring_across_the_180th_meridian_is_cut_and_nothing_is_lost(
    lon: float, lat: float, width: float, height: float
) -> None:
    corners = np.array([[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]], dtype=float)
    box = corners * [width, height] + [lon, lat]
    box[:, 0] = (box[:, 0] + 180) % 360 - 180
    parts = world_map.cut(box)
    assert all(np.abs(part[:, 0]).max() <= 180 for part in parts)
    total = sum(area(part) for part in parts)
    assert total == pytest.approx(width * height, rel=1e-6)


def area(ring: Floats) -> float:
    x, y = ring.T
    return abs(float(x[:-1] @ y[1:] - x[1:] @ y[:-1])) / 2
