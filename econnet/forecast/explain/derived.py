"""Drivers of a forecast that are not indicators."""

from collections.abc import Mapping

from econnet.data.features.design_matrix import ABROAD, PHASE
from econnet.data.features.professionals import PROFESSIONALS

# What the flags of missing values add.
MISSING = "missing"

# Title and group of each.
DERIVED: Mapping[str, tuple[str, str]] = {
    PHASE: ("Phase and past contractions", "cycle"),
    ABROAD: ("Growth abroad", "abroad"),
    PROFESSIONALS: ("Professional forecasts", "expectations"),
    MISSING: ("Missing data", "data"),
}
