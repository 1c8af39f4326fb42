"""All checks, in the order of the page."""

from tests.conformance import cycles, nets, scores

CHECKS = (*cycles.CHECKS, *scores.CHECKS, *nets.CHECKS)
