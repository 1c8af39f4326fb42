"""What each figure shows, for a reader who cannot see it."""

from collections.abc import Callable

from econnet.answer import Forecast
from econnet.core.periods import NOUN
from econnet.report.words.answer import baseline_title
from econnet.report.words.evidence import by_group, listed, own_record
from econnet.report.words.plain import count, number, percent


def alt(forecast: Forecast, figure: str) -> str:
    """Return what a figure shows, for a reader who cannot see it."""
    return ALT_TEXTS[figure](forecast)


def _alt_history(forecast: Forecast) -> str:
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
    own = own_record(forecast)
    highest = own.iloc[int(own["probability"].to_numpy().argmax())]
    return text + (
        f"The forecast probability was highest for {highest['period']}, "
        f"{percent(highest['probability'])}, and is {percent(forecast.probability)} "
        "now."
    )


def _alt_outlook(forecast: Forecast) -> str:
    parts = [
        f"{it.period}: {percent(it.probability)}, 90% interval "
        f"{round(100 * it.interval[0])} to {round(100 * it.interval[1])}%, long-run "
        f"rate {percent(it.base_rate)}"
        for it in forecast.outlook
    ]
    return f"Dots with bars, a row each. {'; '.join(parts)}."


def _alt_change(forecast: Forecast) -> str:
    changed = forecast.explanation.change
    if changed is None:
        return ""
    parts = [
        f"{it.title} {number(it.contribution, 2, sign=True)}"
        for it in changed.movements[:5]
    ]
    learning = number(changed.learning, 2, sign=True)
    return f"Bars by indicator: {', '.join(parts)}; learning anew {learning}."


def _alt_groups(forecast: Forecast) -> str:
    parts = [
        f"{name} {number(value, 2, sign=True)}"
        for name, value in by_group(forecast).items()
    ]
    return f"Bars by group: {', '.join(parts)}."


def _alt_importance(forecast: Forecast) -> str:
    parts = [
        f"{it.title} {number(1000 * it.loss, 1, sign=True)}"
        for it in forecast.explanation.importance[:5]
    ]
    return f"Dots with bars by indicator, in thousandths of a nat: {', '.join(parts)}."


def _alt_timeline(forecast: Forecast) -> str:
    own = own_record(forecast).dropna(subset=["outcome"])
    means = own.groupby("outcome")["probability"].mean()
    parts = [
        f"{percent(means[outcome])} on average before {name}"
        for outcome, name in ((1.0, "contractions"), (0.0, "expansions"))
        if outcome in means
    ]
    return f"{len(own)} forecasts as dots over time: {' and '.join(parts)}."


def _alt_drivers(forecast: Forecast) -> str:
    ranked = sorted(
        forecast.explanation.drivers, key=lambda driver: -abs(driver.contribution)
    )
    return f"Bars by indicator, the longest being {listed(ranked[:3])}."


def _alt_reliability(forecast: Forecast) -> str:
    parts = [
        f"said {percent(bin_.probability)}, came {percent(bin_.frequency)} ({bin_.n})"
        for bin_ in forecast.assessment.reliability
    ]
    return f"Dots against a diagonal: {'; '.join(parts)}."


def _alt_roc(forecast: Forecast) -> str:
    areas = [
        f"{baseline_title(name)} {scores.auroc:.2f}"
        for name, scores in forecast.assessment.baselines.items()
        if scores.auroc is not None and name != "base_rate"
    ]
    return (
        f"ROC curves from lower left to upper right. Area under econnet's: "
        f"{forecast.assessment.metrics.auroc:.2f}; {'; '.join(areas)}."
    )


def _alt_precision_recall(forecast: Forecast) -> str:
    scores = forecast.assessment.metrics
    return (
        "Curves of the share of alarms that were right against the share of "
        "contractions caught. Average precision of econnet: "
        f"{scores.average_precision:.2f}; a coin's would be "
        f"{scores.n_contractions / scores.n:.2f}."
    )


def _alt_responses(forecast: Forecast) -> str:
    parts = [
        f"{curve.title}: {percent(curve.probabilities[0])} at "
        f"{number(curve.values[0], 1)}, {percent(curve.probabilities[-1])} at "
        f"{number(curve.values[-1], 1)}"
        for curve in forecast.explanation.response_curves
    ]
    return f"Small curves of the probability by indicator. {'; '.join(parts)}."


ALT_TEXTS: dict[str, Callable[[Forecast], str]] = {
    "history": _alt_history,
    "outlook": _alt_outlook,
    "change": _alt_change,
    "groups": _alt_groups,
    "importance": _alt_importance,
    "reliability": _alt_reliability,
    "track-record": _alt_timeline,
    "roc": _alt_roc,
    "precision-recall": _alt_precision_recall,
    "contributions": _alt_drivers,
    "responses": _alt_responses,
}
