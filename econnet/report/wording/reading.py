"""One sentence per figure: how to read it."""

from collections.abc import Mapping

READINGS: Mapping[str, str] = {
    "history": (
        "A good model gives high probabilities in shaded periods, low ones elsewhere."
    ),
    "outlook": (
        "Dot: probability; bar: 90% interval; tick: historical average. Confidence "
        "follows from past forecasts at the same horizon."
    ),
    "track-record": (
        "Orange dots should be high and blue dots low; the dashed line is the "
        "historical average at the time."
    ),
    "roc": (
        "The further a curve is above the diagonal, the better the model separates "
        "periods with the event from those without."
    ),
    "precision-recall": (
        "The higher a curve, the larger the share of signals that were right, at each "
        "share of events found."
    ),
    "reliability": (
        "Points on the diagonal are well calibrated: the event was as frequent as "
        "forecast."
    ),
    "groups": (
        "Bars to the right raise the forecast above that for average inputs; all bars "
        "add up to the difference."
    ),
    "importance": (
        "The further right, the more accuracy past forecasts would lose without the "
        "indicator; a bar that crosses zero shows no clear gain."
    ),
    "contributions": "The bars of the groups, split by indicator.",
    "responses": (
        "The dot is today's value; the steeper the curve, the more a new value would "
        "change the forecast."
    ),
    "dots": (
        "Dot: probability; bar: 90% interval; tick: the country's historical average. "
        "Countries at the top are furthest above their own average."
    ),
    "map": "Colour: the probability (see the key); compare it with the dots.",
    "strip": "Colour: the forecast (see the key); dots: the event occurred.",
}
