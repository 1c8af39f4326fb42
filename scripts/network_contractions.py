"""Draw the figures of docs/network-contractions.md, and print their numbers.

python -m scripts.network_contractions

The functions below are those of that page; a test compares them. Everything is computed
from the bundled data.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy import special

from econnet import find_country, read_data
from econnet.core.log_odds import probability
from econnet.core.task import Task
from econnet.core.types import Floats
from econnet.evaluation.comparison import compare
from econnet.evaluation.intervals import Periods
from econnet.forecast.preparation import prepare_backtest
from econnet.models.windows import Schedule, Window, make_windows
from econnet.network import (
    AdamW,
    Architecture,
    CosineDecay,
    Network,
    TrainingOptions,
    train,
    tutorial,
)
from scripts.chapter_figures import (
    BLUE,
    GREY,
    INK,
    MM,
    ORANGE,
    architecture,
    draw_probabilities,
    moons,
    save,
    style,
)

MEMBERS, UPDATES, BATCH = 8, 800, 64
UNITS = (0, 1, 2, 4, 8, 16, 32)
PRECISIONS = (1, 3, 10, 30, 100, 300, 1000)
# Growth: of output over four quarters, and of investment in the last one.
PLANE = ("real_gdp mean 4", "investment")


@dataclass(frozen=True)
class Setting:
    """A network: econnet's own by default."""

    hidden: int = 8
    skip: bool = True
    precision: float = 100.0


@dataclass(frozen=True, eq=False)
class Outcome:
    """Log-odds of the forecasts, what happened, and the mean cost of training rows."""

    logits: Floats
    y: Floats
    learned: float

    @property
    def cost(self) -> float:
        """The mean cost of the forecasts, in nats."""
        return float(np.mean(costs(self.logits, self.y)))


# A window's training inputs and those ahead.
Inputs = Callable[[Window], tuple[Floats, Floats]]


@cache
def windows() -> tuple[Window, ...]:
    """Return a window every five years from 1991, and the rows up to the next."""
    task = Task("Q", label="year-on-year", horizon=1)
    prepared = prepare_backtest(read_data(), find_country("Germany"), task)
    schedule = Schedule(refit_every=20, start=pd.Period("1991Q1"))
    origins = prepared.features.origins
    return tuple(make_windows(prepared.features, "Q", origins.max(), schedule))


def costs(logits: Floats, y: Floats) -> Floats:
    """Return the cross-entropy of each row."""
    result: Floats = np.logaddexp(0, logits) - y * logits
    return result


def normal_scores(window: Window) -> tuple[Floats, Floats]:
    """Return econnet's inputs: normal scores of ranks among the training rows."""
    return window.X_train.astype(float), window.X_ahead.astype(float)


def z_scores(window: Window) -> tuple[Floats, Floats]:
    """Return the same features in standard deviations from their means."""
    X, ahead = window.raw_train, window.raw_ahead
    used = np.isnan(X).mean(axis=0) <= 0.5
    medians = np.nanmedian(X[:, used], axis=0)
    X, ahead = (
        np.where(np.isnan(rows[:, used]), medians, rows[:, used]) for rows in (X, ahead)
    )
    mean, spread = X.mean(axis=0), X.std(axis=0)
    spread[spread == 0] = 1
    return (X - mean) / spread, (ahead - mean) / spread


def clipped(window: Window) -> tuple[Floats, Floats]:
    """Return z-scores limited to three standard deviations."""
    X, ahead = z_scores(window)
    return np.clip(X, -3, 3), np.clip(ahead, -3, 3)


def ranks(window: Window) -> tuple[Floats, Floats]:
    """Return econnet's inputs with standardised ranks instead of normal scores."""
    scaler = window.scaler
    used = np.flatnonzero(scaler.scale)
    scale = scaler.emphasis[used] * scaler.scale[used]
    X, ahead = normal_scores(window)
    rank, rank_ahead = (
        special.ndtr(rows[:, used] / scale + scaler.mean[used]) for rows in (X, ahead)
    )
    for rows, of_rows in ((X, rank), (ahead, rank_ahead)):
        z = (of_rows - rank.mean(axis=0)) / rank.std(axis=0)
        rows[:, used] = scaler.emphasis[used] * z
    return X, ahead


def fit(window: Window, X: Floats, setting: Setting) -> Network:
    """Return networks trained on a window as econnet trains them."""
    network = Network(
        Architecture.dense(
            X.shape[1],
            [setting.hidden] if setting.hidden else [],
            skip=setting.skip and setting.hidden > 0,
        ),
        MEMBERS,
        seed=0,
    )
    epochs = max(20, -(-UPDATES // -(-len(X) // BATCH)))
    options = TrainingOptions(
        AdamW(CosineDecay(1e-2, epochs)),
        epochs=epochs,
        batch_size=BATCH,
        l2=setting.precision * window.design_effect / len(X),
        record_every=epochs,
    )
    train(network, X, window.y_train[:, None], options=options)
    return network


def forecast(setting: Setting, inputs: Inputs = normal_scores) -> Outcome:
    """Return the forecasts of all windows."""
    logits, outcomes, learned = [], [], []
    for window in windows():
        X, ahead = inputs(window)
        varying = (X[0] != X).any(axis=0)
        network = fit(window, X[:, varying], setting)
        known = ~np.isnan(window.outcome)
        logits.append(_mean_logits(network, ahead[known][:, varying]))
        outcomes.append(window.outcome[known])
        y = window.y_train.astype(float)
        of_training = costs(_mean_logits(network, X[:, varying]), y)
        learned.append(float(of_training.mean()))
    return Outcome(
        np.concatenate(logits), np.concatenate(outcomes), float(np.mean(learned))
    )


def _mean_logits(network: Network, X: Floats) -> Floats:
    mean: Floats = network.logits(X)[:, :, 0].mean(axis=0, dtype=float)
    return mean


@cache
def result(setting: Setting) -> Outcome:
    """Return the forecasts from normal scores, computed once."""
    return forecast(setting)


@cache
def base_rate() -> float:
    """Return the cost of always forecasting the share of the training rows."""
    logits, outcomes = [], []
    for window in windows():
        share, known = window.y_train.mean(), ~np.isnan(window.outcome)
        logits.append(np.full(known.sum(), np.log(share / (1 - share))))
        outcomes.append(window.outcome[known])
    return float(np.mean(costs(np.concatenate(logits), np.concatenate(outcomes))))


def difference(ours: Outcome, theirs: Outcome) -> str:
    """Return the difference of two costs with its 90% interval."""
    made = compare(
        probability(ours.logits),
        probability(theirs.logits),
        ours.y,
        Periods.of(_record()),
    )
    low, high = made.log_loss_interval
    return f"{made.log_loss_difference:+.3f} ({low:+.3f} to {high:+.3f})"


def _record() -> pd.DataFrame:
    """Return country, period and outcome of the forecasts, in their order."""
    rows = []
    for window in windows():
        index = window.features.index[window.ahead].to_frame(index=False)
        index["outcome"] = window.outcome
        rows.append(index.rename(columns={"origin": "period"}))
    return pd.concat(rows, ignore_index=True).dropna(subset="outcome")


def plane() -> Figure:
    """Draw a network between the moons and one between quarters, two inputs each."""
    figure = Figure(figsize=(180 * MM, 84 * MM), layout="constrained")
    left, right = figure.subplots(1, 2)
    X, y = moons(400, seed=0)
    shapes = architecture([16])
    layers, _ = tutorial.train(
        X, y, shapes, tutorial.initialize(shapes), epochs=3000, learning_rate=0.5
    )
    draw_probabilities(
        left, X, y, lambda points: tutorial.predict(points, shapes, layers), size=6
    )
    left.set_title("Two half moons", loc="left")
    left.set(xlabel="first coordinate", ylabel="second coordinate")

    window = windows()[-1]
    names = [column.name for column in window.features.columns]
    inputs = normal_scores(window)[0][:, [names.index(name) for name in PLANE]]
    network = fit(window, inputs, Setting())
    draw_probabilities(
        right,
        inputs,
        window.y_train[:, None].astype(float),
        lambda points: probability(_mean_logits(network, points)),
        size=6,
    )
    right.set_title(
        f"{len(inputs):,} quarters; triangles: real GDP fell year on year", loc="left"
    )
    right.set(
        xlabel="mean growth of the last four quarters, score",
        ylabel="growth of investment in the last quarter, score",
    )
    return figure


def distribution() -> Figure:
    """Draw the newest growth of output as z-scores and as normal scores."""
    figure = Figure(figsize=(180 * MM, 58 * MM), layout="constrained")
    axes = figure.subplots(1, 2)
    window = windows()[-1]
    for ax, inputs, title in zip(
        axes,
        (z_scores, normal_scores),
        ("Standard deviations from the mean", "Normal scores"),
        strict=True,
    ):
        growth = inputs(window)[0][:, 0]
        ax.hist(growth, bins=60, color=BLUE)
        ax.set_title(title, loc="left")
        ax.set(xlabel=f"smallest {growth.min():.1f}, largest {growth.max():.1f}")
        ax.set_ylabel("quarters")
    return figure


def units() -> Figure:
    """Draw the cost of held-out moons and of later quarters by hidden units."""
    figure = Figure(figsize=(180 * MM, 62 * MM), layout="constrained")
    left, right = figure.subplots(1, 2)
    new, learned = [], []
    for count in UNITS:
        of_moons = moons_cost(count)
        new.append(of_moons[1])
        learned.append(of_moons[0])
    _draw_costs(left, UNITS, learned, new)
    left.set_title("Two half moons", loc="left")
    found = [result(Setting(hidden=count)) for count in UNITS]
    _draw_costs(right, UNITS, [it.learned for it in found], [it.cost for it in found])
    right.axhline(base_rate(), color=GREY, linewidth=1, linestyle=":")
    right.text(
        len(UNITS) - 1, base_rate(), "base rate ", color=GREY, ha="right", va="bottom"
    )
    right.set_title("Contractions", loc="left")
    for ax in (left, right):
        ax.set_xlabel("hidden units")
        ax.set_ylim(0, 0.55)
    return figure


def moons_cost(hidden: int) -> tuple[float, float]:
    """Return the mean cost of 200 learned and of 1,000 new points over five seeds."""
    X, y = moons(200, seed=0)
    X_new, y_new = moons(1000, seed=1)
    shapes = architecture([hidden] if hidden else [])
    pairs = []
    for seed in range(5):
        layers, history = tutorial.train(
            X,
            y,
            shapes,
            tutorial.initialize(shapes, seed),
            epochs=2000,
            learning_rate=0.5,
        )
        _, caches = tutorial.forward(X_new, shapes, layers)
        pairs.append((history.cost[-1], tutorial.cross_entropy(caches[-1].Z, y_new)))
    learned, new = np.mean(pairs, axis=0)
    return float(learned), float(new)


def _draw_costs(
    ax: Axes, names: Sequence[float], learned: Sequence[float], new: Sequence[float]
) -> None:
    positions = range(len(names))
    ax.plot(positions, learned, color=BLUE, marker="o", markersize=3, label="learned")
    ax.plot(
        positions,
        new,
        color=ORANGE,
        marker="^",
        markersize=3,
        linestyle="--",
        label="new",
    )
    ax.set_xticks(positions, [f"{name:,}" for name in names])
    ax.set_ylabel("cost, nats")
    ax.legend(frameon=False, loc="lower left", ncols=2)


def priors() -> Figure:
    """Draw the cost by precision of the prior, with the skip and without it."""
    figure = Figure(figsize=(180 * MM, 66 * MM), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    for ax, skip, title in zip(
        axes, (True, False), ("With the linear skip", "Without it"), strict=True
    ):
        found = [result(Setting(skip=skip, precision=it)) for it in PRECISIONS]
        _draw_costs(
            ax, PRECISIONS, [it.learned for it in found], [it.cost for it in found]
        )
        ax.axhline(base_rate(), color=GREY, linewidth=1, linestyle=":")
        ax.text(0, base_rate(), " base rate", color=GREY, va="bottom")
        ax.set_title(title, loc="left")
        ax.set(xlabel="precision of the prior: weak to strong", ylim=(0, 0.55))
    return figure


def calibration() -> Figure:
    """Draw reliability diagrams of a weak prior and of econnet's."""
    figure = Figure(figsize=(180 * MM, 88 * MM), layout="constrained")
    axes = figure.subplots(1, 2, sharey=True)
    for ax, precision, title in zip(
        axes, (1, 100), ("Weak prior, precision 1", "Precision 100"), strict=True
    ):
        found = result(Setting(precision=precision))
        forecasts, shares, counts = reliability(probability(found.logits), found.y)
        ax.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=":")
        ax.plot(forecasts, shares, color=BLUE, marker="o", markersize=4, clip_on=False)
        for x, y, count in zip(forecasts, shares, counts, strict=True):
            ax.annotate(
                f"{count}",
                (x, y),
                xytext=(6, -9),
                textcoords="offset points",
                color=INK,
            )
        ax.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
        ax.xaxis.set_major_formatter("{x:.0%}")
        ax.yaxis.set_major_formatter("{x:.0%}")
        ax.set_xlabel("mean forecast")
        ax.set_title(title, loc="left")
    axes[0].set_ylabel("share of quarters with a contraction")
    return figure


def reliability(p: Floats, y: Floats) -> tuple[list[float], list[float], list[int]]:
    """Return mean forecast, share of contractions and count in bands of a fifth."""
    band = np.minimum((5 * p).astype(int), 4)
    used = [number for number in range(5) if (band == number).any()]
    return (
        [float(p[band == number].mean()) for number in used],
        [float(y[band == number].mean()) for number in used],
        [int((band == number).sum()) for number in used],
    )


FIGURES: Mapping[str, Callable[[], Figure]] = {
    "contractions-plane": plane,
    "contractions-scores": distribution,
    "contractions-units": units,
    "contractions-priors": priors,
    "contractions-calibration": calibration,
}


def main() -> None:
    """Draw the figures and print the numbers of the page."""
    with style():
        for name, draw in FIGURES.items():
            save(draw(), name)
        ours = result(Setting())
        print(f"{len(ours.y)} forecasts, {ours.y.sum():.0f} contractions")
        print(f"base rate {base_rate():.3f}, econnet's network {ours.cost:.3f}")
        for inputs in (z_scores, clipped, ranks):
            other = forecast(Setting(), inputs)
            print(f"{inputs.__name__}: {other.cost:.3f}, {difference(ours, other)}")
        for setting in (
            *(Setting(hidden=count) for count in UNITS),
            *(Setting(precision=it) for it in PRECISIONS),
            *(Setting(precision=it, skip=False) for it in PRECISIONS),
        ):
            other = result(setting)
            print(
                f"{setting}: learned {other.learned:.3f}, new {other.cost:.3f}, "
                f"{difference(ours, other)}"
            )
        for count in UNITS:
            print(f"moons, {count} units: {moons_cost(count)}")
        for precision in (1, 100):
            found = result(Setting(precision=precision))
            print(precision, reliability(probability(found.logits), found.y))


if __name__ == "__main__":
    main()
