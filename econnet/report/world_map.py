"""The shapes of the world's countries on a map, from Natural Earth via world-atlas.

The vendored file is TopoJSON: borders are *arcs* of cumulative whole numbers, and a
country is a list of rings that each join some arcs, reversed if their number is
negative. Countries too small for a shape at this scale are drawn as dots.
"""

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import numpy as np
import pycountry

from econnet.core.types import Floats

DISCLAIMER = (
    "Borders: Natural Earth, simplified; they imply no view on their legal status. "
    "Dots: countries too small to draw."
)


@dataclass(frozen=True, eq=False)
class World:
    """The countries on the map, in units in which the equator is 2 pi long.

    `shapes` are each country's rings, arrays (points, 2) of x and y, with those without
    a code under `None`; `dots` are the positions (x, y) of countries without a shape.
    """

    shapes: Mapping[str | None, tuple[Floats, ...]]
    dots: Mapping[str, tuple[float, float]]

    @property
    def limits(self) -> tuple[float, float, float, float]:
        """The smallest and the largest x, then y, of everything on the map."""
        points = np.concatenate(
            [ring for rings in self.shapes.values() for ring in rings]
        )
        (left, bottom), (right, top) = points.min(axis=0), points.max(axis=0)
        return float(left), float(right), float(bottom), float(top)


@cache
def load() -> World:
    """Return the map of the world, without Antarctica."""
    folder = resources.files("econnet.report")
    topology = json.loads((folder / "vendor/countries-110m.json").read_text("utf-8"))
    arcs = decode_arcs(topology)
    shapes: dict[str | None, tuple[Floats, ...]] = {}
    for geometry in topology["objects"]["countries"]["geometries"]:
        code = code_of(geometry)
        if code != "ATA":
            rings = (part for ring in rings_of(geometry, arcs) for part in cut(ring))
            shapes[code] = shapes.get(code, ()) + tuple(map(project, rings))
    rows = csv.DictReader((folder / "places.csv").read_text("utf-8").splitlines())
    dots = {
        row["country"]: project(np.array([[float(row["lon"]), float(row["lat"])]]))[0]
        for row in rows
        if row["country"] not in shapes
    }
    return World(
        MappingProxyType(shapes),
        MappingProxyType({code: (float(x), float(y)) for code, (x, y) in dots.items()}),
    )


def decode_arcs(topology: Mapping[str, Any]) -> list[Floats]:
    """Return each arc of a TopoJSON as longitudes and latitudes, (points, 2).

    Notes
    -----
    The TopoJSON Format Specification 1.0, section 2.1.3: positions are quantised and
    delta-encoded, and scaled and translated by the transform.
    """
    scale = np.array(topology["transform"]["scale"])
    shift = np.array(topology["transform"]["translate"])
    return [np.cumsum(arc, axis=0) * scale + shift for arc in topology["arcs"]]


def rings_of(geometry: Mapping[str, Any], arcs: list[Floats]) -> list[Floats]:
    """Return the closed rings of a polygon or of several, (points, 2) each."""
    several = geometry["type"] == "MultiPolygon"
    polygons = geometry["arcs"] if several else [geometry["arcs"]]
    return [_joined(ring, arcs) for polygon in polygons for ring in polygon]


def _joined(numbers: list[int], arcs: list[Floats]) -> Floats:
    """Return arcs as one line: ~n is arc n backwards; each continues the last."""
    parts = [arcs[n] if n >= 0 else arcs[~n][::-1] for n in numbers]
    return np.concatenate([parts[0], *(part[1:] for part in parts[1:])])


def cut(ring: Floats) -> list[Floats]:
    """Return the parts of a ring on either side of the 180th meridian, each closed.

    Rings that cross it jump from one edge of the map to the other.
    """
    lon = np.unwrap(ring[:, 0], period=360)
    if lon.min() >= -180 and lon.max() <= 180:
        # Not `ring`: it may write the meridian that it touches as -180 and as 180.
        return [np.column_stack([lon, ring[:, 1]])]
    parts = []
    for shift in (-360, 0, 360):
        part = np.column_stack([lon + shift, ring[:, 1]])
        for side in (-1, 1):
            part = _clipped(part, side)
        if len(part):
            parts.append(part)
    return parts


def _clipped(ring: Floats, side: int) -> Floats:
    """Return the part of a ring west (1) or east (-1) of that meridian, closed.

    Notes
    -----
    I. Sutherland and G. Hodgman, "Reentrant polygon clipping" (1974), for one line.
    """
    kept: list[Floats] = []
    for start, stop in pairwise(ring):
        inside, next_inside = side * start[0] <= 180, side * stop[0] <= 180
        if inside:
            kept.append(start)
        if inside != next_inside:
            share = (side * 180 - start[0]) / (stop[0] - start[0])
            kept.append(start + share * (stop - start))
    return np.array([*kept, kept[0]]) if kept else np.empty((0, 2))


def code_of(geometry: Mapping[str, Any]) -> str | None:
    """Return the ISO 3166-1 alpha-3 code of a shape; its own id is ISO's number."""
    if "id" not in geometry:
        return WITHOUT_ID.get(geometry["properties"]["name"])
    entry: Any = pycountry.countries.get(numeric=geometry["id"])
    return str(entry.alpha_3)


def project(degrees: Floats) -> Floats:
    """Return longitudes and latitudes as x and y on an equal-area map.

    Notes
    -----
    B. Šavrič, T. Patterson and B. Jenny, "The Equal Earth map projection" (2019),
    equations 7 to 10.
    """
    lon, lat = np.radians(degrees[:, 0]), np.radians(degrees[:, 1])
    theta = np.arcsin(np.sqrt(3) / 2 * np.sin(lat))
    a1, a2, a3, a4 = 1.340264, -0.081106, 0.000893, 0.003796
    slope = a1 + 3 * a2 * theta**2 + theta**6 * (7 * a3 + 9 * a4 * theta**2)
    x = 2 / np.sqrt(3) * lon * np.cos(theta) / slope
    y = theta * (a1 + a2 * theta**2 + theta**6 * (a3 + a4 * theta**2))
    return np.column_stack([x, y])


# Shapes without an ISO number that are countries here.
WITHOUT_ID: Mapping[str, str] = {"Kosovo": "XKX"}
