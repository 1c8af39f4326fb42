"""The network that trains in a page computes what NumPy computes, for every reader."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from numpy.typing import ArrayLike
from PIL import Image

from econnet.network import SGD, Architecture, Network, TrainingOptions, train, tutorial
from econnet.network.tutorial import Array, LayerShape, LayerWeights
from scripts import playground_data
from scripts.chapter_figures import FOLDER, architecture
from tests.browsers import DESKTOP, PHONE, Browser, violations
from tests.docs import pages

PAGE = "playground.md"
RATE = 0.3


def assert_close(found: ArrayLike, expected: ArrayLike) -> None:
    """Compare sums that NumPy and JavaScript add up in different orders."""
    np.testing.assert_allclose(
        np.asarray(found, float), np.asarray(expected, float), rtol=1e-6, atol=1e-6
    )


def learned() -> tuple[Array, Array]:
    """Return the points that the page learns from at first."""
    text = re.search(r"= (.*);", playground_data.FILE.read_text("utf-8"))
    assert text is not None
    points = np.array(json.loads(text[1])["many"]["learned"])
    return points[:, :2], points[:, 2:]


@pytest.fixture(scope="module")
def page(browser: Browser, site: Path) -> Iterator[Any]:
    with browser.open(site / "playground.html") as watched:
        yield watched.page


@pytest.fixture
def fresh(browser: Browser, site: Path) -> Iterator[Any]:
    with browser.open(site / "playground.html") as watched:
        yield watched.page


def trained_in_page(
    page: Any,  # noqa: ANN401 - has no types here
    shapes: list[LayerShape] | list[dict[str, Any]],
    layers: list[LayerWeights],
    updates: int,
) -> tuple[list[LayerWeights], list[float]]:
    """Return the layers after some updates in Chromium, and the cost before each."""
    X, y = learned()
    given = [{"W": W.tolist(), "b": b[0].tolist()} for W, b in layers]
    answer = page.evaluate(
        "([X, y, shapes, layers, updates, rate]) =>"
        " TutorialNetwork.train(X, y, shapes, layers, updates, rate)",
        [X.tolist(), y[:, 0].tolist(), shapes, given, updates, RATE],
    )
    layers = [
        LayerWeights(np.array(it["W"]), np.array([it["b"]])) for it in answer["layers"]
    ]
    return layers, answer["costs"]


def start(shapes: list[LayerShape]) -> list[LayerWeights]:
    """Draw first layers whose biases are not zero."""
    rng = np.random.default_rng(1)
    drawn = tutorial.initialize(shapes)
    return [LayerWeights(W, rng.normal(0, 0.3, b.shape)) for W, b in drawn]


@pytest.mark.parametrize("activation", ["relu", "sigmoid"])
@pytest.mark.parametrize("hidden", [[], [5], [8, 4, 3]], ids=str)
def test_page_trains_to_the_weights_of_numpy(
    page: Any,  # noqa: ANN401 - has no types here
    hidden: list[int],
    activation: Literal["relu", "sigmoid"],
) -> None:
    shapes = architecture(hidden, activation)
    layers, costs = trained_in_page(page, shapes, start(shapes), updates=200)
    expected, history = tutorial.train(
        *learned(), shapes, start(shapes), epochs=200, learning_rate=RATE
    )
    assert_close(costs, history.cost)
    for (W, b), layer in zip(layers, expected, strict=True):
        assert_close(W, layer.W)
        assert_close(b, layer.b)


def test_page_trains_tanh_as_the_fast_network_does(page: Any) -> None:  # noqa: ANN401 - has no types here
    layers = start(architecture([6, 4]))
    network = Network(Architecture.dense(2, [6, 4], activation="tanh"), dtype=float)
    for W, b, layer in zip(network.W, network.b, layers, strict=True):
        W[0], b[0] = layer
    options = TrainingOptions(SGD(RATE), epochs=100, batch_size=None)
    history = train(network, *learned(), options=options)
    shapes: list[dict[str, Any]] = [
        {**shape, "activation": name}
        for shape, name in zip(
            architecture([6, 4]), ["tanh", "tanh", "sigmoid"], strict=True
        )
    ]
    trained, costs = trained_in_page(page, shapes, layers, updates=100)
    assert_close(costs, history.cost[:, 0])
    for W, b, layer in zip(network.W, network.b, trained, strict=True):
        assert_close(layer.W, W[0])
        assert_close(layer.b, b[0])


@pytest.mark.parametrize("activation", ["relu", "sigmoid"])
def test_gradient_in_page_equals_that_of_numpy(
    page: Any,  # noqa: ANN401 - has no types here
    activation: Literal["relu", "sigmoid"],
) -> None:
    X, y = learned()
    shapes = architecture([7, 5], activation)
    layers = start(shapes)
    answer = page.evaluate(
        """([X, y, shapes, layers]) => {
            const { forward, backward } = TutorialNetwork;
            const { probabilities, caches } = forward(X, shapes, layers);
            return { probabilities, gradient: backward(y, shapes, layers, caches) };
        }""",
        [
            *(X.tolist(), y[:, 0].tolist(), shapes),
            [{"W": W.tolist(), "b": b[0].tolist()} for W, b in layers],
        ],
    )
    p, caches = tutorial.forward(X, shapes, layers)
    np.testing.assert_allclose(answer["probabilities"], p, rtol=1e-12)
    for found, (dW, db) in zip(
        answer["gradient"], tutorial.backward(y, shapes, layers, caches), strict=True
    ):
        np.testing.assert_allclose(found["W"], dW, rtol=1e-9, atol=1e-13)
        np.testing.assert_allclose([found["b"]], db, rtol=1e-9, atol=1e-13)


def test_random_numbers_of_the_page_are_standard_normal(page: Any) -> None:  # noqa: ANN401 - has no types here
    drawn = np.array(
        page.evaluate(
            "() => { const draw = TutorialNetwork.normal(3);"
            " return Array.from({ length: 20000 }, () => draw()); }"
        )
    )
    # Four standard errors of the mean and of the variance.
    assert abs(drawn.mean()) < 4 / np.sqrt(20000)
    assert abs(drawn.var() - 1) < 4 * np.sqrt(2 / 20000)


def numbers(page: Any) -> str:  # noqa: ANN401 - has no types here
    return str(page.inner_text("[data-part=numbers]"))


def cost_shown(page: Any) -> float:  # noqa: ANN401 - has no types here
    found = re.search(r"cost ([\d.e+]+) nats", numbers(page))
    assert found is not None
    return float(found[1])


def step(page: Any, times: int) -> None:  # noqa: ANN401 - has no types here
    for _ in range(times):
        page.click("[data-part=step]")


def test_steps_show_the_cost_that_numpy_computes(fresh: Any) -> None:  # noqa: ANN401 - has no types here
    shapes = architecture([8, 8])
    drawn = fresh.evaluate(
        "(shapes) => TutorialNetwork.initialize(shapes, TutorialNetwork.normal(0))",
        shapes,
    )
    layers = [LayerWeights(np.array(it["W"]), np.array([it["b"]])) for it in drawn]
    _, history = tutorial.train(
        *learned(), shapes, layers, epochs=6, learning_rate=RATE
    )
    assert numbers(fresh).startswith(f"Epoch 0: cost {history.cost[0]:.4f} nats")
    step(fresh, 5)
    assert numbers(fresh).startswith(f"Epoch 5: cost {history.cost[5]:.4f} nats")
    fresh.click("[data-part=reset]")
    assert numbers(fresh).startswith(f"Epoch 0: cost {history.cost[0]:.4f} nats")
    fresh.click("[data-part=redraw]")
    assert cost_shown(fresh) != round(history.cost[0], 4)


def test_dead_units_are_seen_where_the_page_names_them(fresh: Any) -> None:  # noqa: ANN401 - has no types here
    fresh.select_option("[name=scale]", "raw")
    costs = [cost_shown(fresh)]
    for _ in range(20):
        step(fresh, 1)
        costs.append(cost_shown(fresh))
    assert max(costs) > 100
    assert abs(costs[-1] - np.log(2)) < 0.01
    assert "0 of 8" in fresh.inner_text("[data-part=layers]")


def test_saturated_units_are_seen_where_the_page_names_them(fresh: Any) -> None:  # noqa: ANN401 - has no types here
    fresh.select_option("[name=activation]", "sigmoid")
    usual = float(fresh.inner_text("[data-part=layers] tr:first-child td:nth-child(4)"))
    fresh.select_option("[name=start]", "large")
    large = float(fresh.inner_text("[data-part=layers] tr:first-child td:nth-child(4)"))
    assert large < 1e-3 < 0.1 < usual


def test_weights_that_overflow_stop_it_with_a_remedy(fresh: Any) -> None:  # noqa: ANN401 - has no types here
    for name, value in (("scale", "raw"), ("start", "large"), ("depth", "4")):
        fresh.select_option(f"[name={name}]", value)
    fresh.evaluate("document.querySelector('[name=rate]').options[9].text = '1e90'")
    fresh.select_option("[name=rate]", index=9)
    step(fresh, 8)
    assert "lower the learning rate" in numbers(fresh)


def test_keyboard_plays_and_pauses(fresh: Any) -> None:  # noqa: ANN401 - has no types here
    fresh.focus("[name=speed]")
    fresh.keyboard.press("Tab")
    fresh.keyboard.press("Space")
    fresh.wait_for_function(
        "parseInt(document.querySelector('[data-part=numbers]').innerText.slice(6)) > 9"
    )
    assert fresh.inner_text("[data-part=play]") == "Pause"
    fresh.keyboard.press("Space")
    assert fresh.inner_text("[data-part=play]") == "Play"
    # Screen readers announce the numbers once training stops.
    assert fresh.inner_text("[data-part=status]") == numbers(fresh)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [DESKTOP, PHONE])
def test_page_fits_and_is_accessible(
    browser: Browser, site: Path, width: int, scheme: Literal["light", "dark"]
) -> None:
    with browser.open(site / "playground.html", width=width, scheme=scheme) as watched:
        page = watched.page
        step(page, 2)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        inside = re.compile(r'id="playground"|data-part|<label|<select|<canvas|<figure')
        assert not [it for it in violations(page) if inside.search(it)]
        beyond = [it for it in watched.requests if not it.startswith(site.as_uri())]
        assert beyond == []


def test_page_without_javascript_explains_it_and_shows_a_picture(
    browser: Browser, site: Path
) -> None:
    with browser.open(site / "playground.html", width=PHONE, scripts=False) as watched:
        page = watched.page
        assert not page.is_visible("#playground")
        assert page.is_visible("noscript strong")
        assert "needs JavaScript" in page.inner_text("noscript strong")
        assert page.is_visible("noscript img")
        box = page.locator("noscript img").bounding_box()
        assert box["width"] / box["height"] == pytest.approx(520 / 400, rel=0.05)


def test_points_of_the_page_are_those_of_the_script() -> None:
    cure = "write them again: python -m scripts.playground_data"
    assert playground_data.FILE.read_text("utf-8") == playground_data.script(), cure


def test_animation_is_light_and_ends_as_its_still() -> None:
    assert not pages.missing_figures(PAGE)
    path = FOLDER / "boundary-forming.png"
    assert path.stat().st_size < 2**20
    with Image.open(path) as moving, Image.open(FOLDER / "boundary-formed.png") as end:
        frames: int = getattr(moving, "n_frames", 1)
        assert frames > 24
        moving.seek(frames - 1)
        pair = [np.asarray(it.convert("RGB"), float) for it in (moving, end)]
    np.testing.assert_array_equal(pair[0], pair[1])
