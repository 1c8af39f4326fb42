from pathlib import Path

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.image import imread
from matplotlib.legend import Legend
from sklearn.datasets import make_moons

from econnet.evaluation import duel

PEERS = ["scikit-learn", "PyTorch"]


def test_moons_are_those_of_the_tutorial() -> None:
    moons = duel.Moons.draw()
    X, y = make_moons(1000, noise=0.2, random_state=100)
    assert (len(moons.X_train), len(moons.X_test)) == (900, 100)
    # Every point once: the split neither repeats nor drops any.
    drawn = np.concatenate([moons.X_train, moons.X_test])
    np.testing.assert_array_equal(
        drawn[drawn[:, 0].argsort()], X[X[:, 0].argsort()].astype(np.float32)
    )
    assert moons.y_train.sum() + moons.y_test.sum() == y.sum()


@pytest.mark.parametrize(
    ("updates", "batch_size", "epochs"),
    [(10_000, None, 10_000), (5_800, 32, 200), (30, 32, 2)],
)
def test_updates_are_counted_in_whole_epochs(
    updates: int, batch_size: int | None, epochs: int
) -> None:
    # 900 rows are 28 batches of 32 and one of 4.
    assert duel.Work(updates, batch_size).epochs(900) == epochs


@pytest.mark.parametrize("batch_size", [None, 100])
def test_all_installed_contestants_learn_the_moons(
    tmp_path: Path, batch_size: int | None
) -> None:
    peers = [name for name in PEERS if name in duel.installed()]
    names: list[str] = []
    result_of_all = duel.run_duel(duel.Work(450, batch_size), peers, names.append)
    table = result_of_all.table()
    assert list(table["network"]) == names == ["econnet", *peers]
    assert (table["accuracy"] > 0.6).all()
    assert table["ratio"].iloc[0] == 1
    for result in result_of_all.results:
        assert result.updates == 450
        assert result.cost[-1] < result.cost[0]

    duel.draw_duel(result_of_all, tmp_path / "duel.png")
    picture = imread(tmp_path / "duel.png")
    assert picture.shape[1] > 1000
    assert picture[..., :3].std() > 0.05


def test_figure_names_classes_line_and_libraries() -> None:
    result = duel.run_duel(duel.Work(2), ["scikit-learn"])
    with duel.style():
        figure = duel.figure_of(result)
        figure.draw_without_rendering()
    shown = [text.get_text() for legend in _legends(figure) for text in legend.texts]
    assert shown == [
        "test point, upper moon",
        "test point, lower moon",
        "forecast upper moon",
        "forecast lower moon",
        "50% each",
        "econnet",
        "scikit-learn",
    ]
    X, y = result.moons.X_test, result.moons.y_test
    # The names of the classes follow from where their points are.
    assert X[y == 0, 1].mean() > X[y == 1, 1].mean()
    width = figure.bbox.width
    for legend in _legends(figure):
        assert all(text.get_window_extent().x1 <= width for text in legend.texts)


def _legends(figure: Figure) -> list[Legend]:
    return [it for it in figure.findobj(Legend) if isinstance(it, Legend)]


def test_duel_is_reproducible() -> None:
    first, second = (duel.run_duel(duel.Work(50), []).results[0] for _ in "ab")
    np.testing.assert_array_equal(first.cost, second.cost)


def test_unknown_contestant_raises_an_error_that_names_it() -> None:
    with pytest.raises(ValueError, match="'Theano' is not known: choose from econnet"):
        duel.run_duel(duel.Work(1), ["Theano"])
