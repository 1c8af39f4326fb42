"""Make the table of countries too small for a shape on the world map.

Takes `countries-50m.json` of the npm package world-atlas 2.0.2, whose finer shapes have
them, and writes the middle of each one's largest island, in degrees:
`python scripts/make_places.py node_modules/world-atlas/countries-50m.json`.
"""

import csv
import json
import sys
from pathlib import Path

import numpy as np

from econnet.core import countries
from econnet.core.types import Floats
from econnet.report import world_map

TARGET = Path(__file__).parent.parent / "econnet" / "report" / "places.csv"
# The finer shapes lack Tuvalu: its capital, as Natural Earth's places have it.
BY_HAND = {"TUV": (179.22, -8.52)}


def main(source: Path) -> None:
    """Write the table."""
    places = dict(BY_HAND)
    fine = json.loads(source.read_text("utf-8"))
    arcs = world_map.decode_arcs(fine)
    drawn = world_map.load().shapes
    codes = {country.alpha3 for country in countries.all_countries()}
    for geometry in fine["objects"]["countries"]["geometries"]:
        code = world_map.code_of(geometry)
        if code in codes and code not in drawn:
            rings = world_map.rings_of(geometry, arcs)
            places[code] = middle(max(rings, key=area))
    with TARGET.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["country", "lon", "lat"])
        for code, (lon, lat) in sorted(places.items()):
            writer.writerow([code, f"{lon:.2f}", f"{lat:.2f}"])


def area(ring: Floats) -> float:
    """Return the area that a ring encloses, in square degrees."""
    x, y = ring.T
    return abs(float(x[:-1] @ y[1:] - x[1:] @ y[:-1])) / 2


def middle(ring: Floats) -> tuple[float, float]:
    """Return the middle of the box around a ring."""
    lon, lat = (ring.min(axis=0) + ring.max(axis=0)) / 2
    return float(lon), float(lat)


if __name__ == "__main__":
    np.seterr(all="raise")
    main(Path(sys.argv[1]))
