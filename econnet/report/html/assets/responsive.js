// The forecast for other values of a few indicators. The networks' part is computed here
// from their weights; the whole forecast is read from a grid of computed forecasts.
"use strict";
const Responsive = (() => {
  const probability = (logOdds) => 1 / (1 + Math.exp(-logOdds));

  // Return y at x on the line through the points, whose xs ascend; flat beyond them.
  function interpolate(x, xs, ys) {
    if (x < xs[0]) return ys[0];
    for (let i = 1; i < xs.length; i++) {
      if (x < xs[i]) {
        return ys[i - 1] + ((x - xs[i - 1]) / (xs[i] - xs[i - 1])) * (ys[i] - ys[i - 1]);
      }
    }
    return ys[xs.length - 1];
  }

  // Return the normal score of a value, the middle of those of its equals.
  function normalScore(value, knots, scores) {
    const highest = interpolate(value, knots, scores);
    const down = (numbers) => numbers.map((it) => -it).reverse();
    const lowest = -interpolate(-value, down(knots), down(scores));
    return (lowest + highest) / 2;
  }

  // Return the inputs of the networks, scaled, for newest values of the indicators.
  function scaled({ inputs, indicators, scores }, values) {
    return inputs.map((it) => {
      const shift = values[it.indicator] - indicators[it.indicator].current;
      const middle = it.knots[Math.floor(it.knots.length / 2)];
      const value = it.value === null ? middle : it.value + shift * it.newest_weight;
      const z = (normalScore(value, it.knots, scores) - it.mean) * it.scale;
      return it.emphasis * Math.min(3, Math.max(-3, z));
    });
  }

  // Return the probability that the networks alone give: the mean of their log-odds.
  function networks(data, values) {
    const x = scaled(data, values);
    const weights = data.networks;
    const members = weights.direct_constants.map((constant, member) => {
      let logit = constant;
      x.forEach((value, i) => {
        logit += value * weights.direct_weights[member][i];
      });
      weights.hidden_constants[member].forEach((start, unit) => {
        let z = start;
        x.forEach((value, i) => {
          z += value * weights.hidden_weights[member][i][unit];
        });
        if (z > 0) logit += z * weights.output_weights[member][unit];
      });
      return logit;
    });
    return probability(members.reduce((sum, it) => sum + it, 0) / members.length);
  }

  // Return the whole forecast, interpolated in log-odds between the points of the grid.
  function whole({ indicators, grid }, values) {
    const read = (depth, offset) => {
      if (depth === indicators.length) return grid[offset];
      const { values: points } = indicators[depth];
      const size = grid.length / indicators.slice(0, depth + 1)
        .reduce((product, it) => product * it.values.length, 1);
      // Where today's value is an end of the range, points coincide: take any of them.
      const last = points.findIndex((point) => values[depth] <= point);
      const above = last === -1 ? points.length - 1 : last;
      const below = Math.max(0, above - 1);
      const width = points[above] - points[below];
      const share = width > 0 ? Math.min(1, Math.max(0, (values[depth] - points[below]) / width)) : 1;
      const high = read(depth + 1, offset + above * size);
      if (share === 1) return high;
      return share * high + (1 - share) * read(depth + 1, offset + below * size);
    };
    return probability(read(0, 0));
  }

  return { networks, whole };
})();

(() => {
  const data = JSON.parse(document.getElementById("data").textContent).responsive;
  const form = document.getElementById("try-values");
  if (!data || !form) return;
  const sliders = [...form.querySelectorAll("input")];
  const today = data.indicators.map((it) => it.current);
  const percent = (p) => `${(100 * p).toFixed(1)}%`;
  const figure = (value) => value.toFixed(2).replace(/^-0\.00$/, "0.00").replace("-", "\u2212");

  // A value with its unit: change −0.01%, 81.40% of GDP, 0.10 percentage points.
  const withUnit = (value, unit) => {
    const [, change, rest] = /^(change, )?(.*)$/.exec(unit);
    const percent = /^percent\b(?!age)/.test(rest);
    const text = percent ? `${figure(value)}%${rest.slice("percent".length)}`
      : `${figure(value)} ${rest}`;
    return change ? `change ${text}` : text;
  };

  function show() {
    const values = sliders.map((it) => Number(it.value));
    sliders.forEach((slider, i) => {
      const text = withUnit(values[i], data.indicators[i].unit);
      slider.parentElement.querySelector("output").textContent = text;
      slider.setAttribute("aria-valuetext", text);
    });
    form.querySelector("[data-part=whole]").textContent = percent(Responsive.whole(data, values));
    form.querySelector("[data-part=networks]").textContent =
      percent(Responsive.networks(data, values));
  }

  function reset() {
    sliders.forEach((slider, i) => {
      const { values } = data.indicators[i];
      slider.min = values[0];
      slider.max = values.at(-1);
      slider.value = today[i];
    });
    show();
  }

  form.addEventListener("input", show);
  form.querySelector("button").addEventListener("click", reset);
  form.hidden = false;
  reset();
})();
