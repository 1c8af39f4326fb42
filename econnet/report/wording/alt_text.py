"""What each figure shows, for a reader who cannot see it."""

from collections.abc import Mapping

import numpy as np

from econnet.core.periods import NOUN
from econnet.forecast.result import Forecast, ResponseCurve
from econnet.models.titles import baseline_title
from econnet.report.wording.event import event_periods
from econnet.report.wording.formatting import count, number, percent, percent_range
from econnet.report.wording.outlook import change_parts, in_decimals, shown_curves
from econnet.report.wording.track_record import (
    by_group,
    by_size,
    contribution_points,
    listed,
    own_record,
)


def history_alt(forecast: Forecast) -> str:
    """Return what growth and the forecasts over time show."""
    contractions = int((forecast.history["contraction"] == 1).sum())
    growth = forecast.history["growth"].dropna()
    text = (
        f"Two charts on one axis of time, {forecast.history.index[0]} to "
        f"{forecast.period}. {count(contractions, NOUN[forecast.task.frequency])} "
        "shaded as contractions. "
    )
    if len(growth):
        text += (
            f"Growth was lowest in {growth.idxmin()}, {number(growth.min(), 1)}%, and "
            f"highest in {growth.idxmax()}, {number(growth.max(), 1)}%. "
        )
    record = own_record(forecast)
    highest = record.iloc[int(record["probability"].to_numpy().argmax())]
    return text + (
        f"The forecast probability was highest for {highest['period']}, "
        f"{percent(highest['probability'])}, and is {percent(forecast.probability)} "
        "now."
    )


def outlook_alt(forecast: Forecast) -> str:
    """Return what the forecasts for each horizon show."""
    parts = [
        f"{ahead.period}: {percent(ahead.probability)}, 90% interval "
        f"{percent_range(ahead.interval)}, historical average "
        f"{percent(ahead.base_rate)}, {ahead.confidence} confidence"
        for ahead in forecast.outlook
    ]
    return f"Dots with bars, a row each. {'; '.join(parts)}."


def change_alt(forecast: Forecast) -> str:
    """Return what moved the forecast."""
    parts = [
        f"{part.title} {in_decimals(part.points)}" for part in change_parts(forecast)
    ]
    if not parts:
        return ""
    *largest, re_estimation = parts
    return (
        f"Bars by indicator, in percentage points: {', '.join(largest[:5])}; "
        f"{re_estimation}."
    )


def groups_alt(forecast: Forecast) -> str:
    """Return what each group of indicators adds."""
    scale = contribution_points(forecast)
    parts = {name: scale * value for name, value in by_group(forecast).items()}
    return f"Bars by group, in percentage points: {_signed(parts, 1)}."


def importance_alt(forecast: Forecast) -> str:
    """Return which indicators improved past forecasts."""
    weights = forecast.explanation.importance[:5]
    parts = _signed({weight.title: 1000 * weight.loss for weight in weights}, 1)
    return f"Dots with bars by indicator, log loss times 1000: {parts}."


def timeline_alt(forecast: Forecast) -> str:
    """Return the forecasts and their outcomes."""
    record = own_record(forecast).dropna(subset=["outcome"])
    means = record.groupby("outcome")["probability"].mean()
    parts = [
        f"{percent(means[outcome])} on average for {name}"
        for outcome, name in zip((1.0, 0.0), event_periods(forecast), strict=True)
        if outcome in means
    ]
    return f"{len(record)} forecasts as dots over time: {' and '.join(parts)}."


def contributions_alt(forecast: Forecast) -> str:
    """Return what each indicator adds."""
    longest = by_size(forecast.explanation.drivers)[:3]
    return (
        "Bars by indicator, in percentage points. The longest: "
        f"{listed(longest, forecast)}."
    )


def reliability_alt(forecast: Forecast) -> str:
    """Return what followed the forecast probabilities."""
    parts = [
        f"forecast {percent(bin_.probability)}, contracted {percent(bin_.frequency)} "
        f"({bin_.n} forecasts)"
        for bin_ in forecast.assessment.reliability
    ]
    return f"Dots against a diagonal: {'; '.join(parts)}."


def roc_alt(forecast: Forecast) -> str:
    """Return what the ROC curves show."""
    areas = [
        f"{baseline_title(name)} {scores.auroc:.2f}"
        for name, scores in forecast.assessment.baselines.items()
        if scores.auroc is not None and name != "base_rate"
    ]
    return (
        f"ROC curves from lower left to upper right. Area under econnet's: "
        f"{forecast.assessment.metrics.auroc:.2f}; {'; '.join(areas)}."
    )


def precision_recall_alt(forecast: Forecast) -> str:
    """Return what the curves of precision show."""
    scores = forecast.assessment.metrics
    return (
        "Curves of precision (signals that were right) against recall (contractions "
        "found). Average precision of econnet: "
        f"{scores.average_precision:.2f}; a coin toss has "
        f"{scores.n_contractions / scores.n:.2f}."
    )


def responses_alt(forecast: Forecast) -> str:
    """Return what other values of the indicators would change."""
    parts = [
        f"{curve.title}: {', '.join(_ends(curve))}" for curve in shown_curves(forecast)
    ]
    return f"Small curves of the probability by indicator. {'; '.join(parts)}."


def response_alt(curve: ResponseCurve) -> str:
    """Return what other values of one indicator would change."""
    text = f"Curve from {' to '.join(_ends(curve))}"
    if curve.current is None:
        return f"{text}."
    now = float(np.interp(curve.current, curve.values, curve.probabilities))
    return f"{text}; today {number(curve.current, 1)}, {percent(now)}."


def _signed(values: Mapping[str, float], decimals: int = 2) -> str:
    parts = [f"{name} {number(v, decimals, sign=True)}" for name, v in values.items()]
    return ", ".join(parts)


def _ends(curve: ResponseCurve) -> list[str]:
    """Return the first and the last point of a curve in words: `12% at 0.3`."""
    points = list(zip(curve.probabilities, curve.values, strict=True))
    return [
        f"{percent(p)} at {number(value, 1)}" for p, value in (points[0], points[-1])
    ]
