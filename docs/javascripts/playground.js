// Train a network in the page: controls, pictures and numbers around TutorialNetwork.
"use strict";

(() => {
  const root = document.getElementById("playground");
  const find = (name) => root.querySelector(`[data-part="${name}"]`);
  const choice = (name) => root.elements[name].value;
  const GRID = 50; // points per side of the map
  const TILE = 16; // points per side of a unit's map
  const BUDGET = 25; // milliseconds of updates per picture
  const COIN_TOSS = Math.log(2);

  let state;
  let seed = 0;
  let playing = false;

  // ---- The network and its data

  function reset() {
    pause();
    const hidden = new Array(Number(choice("depth"))).fill(Number(choice("units")));
    const sizes = [2, ...hidden, 1];
    const architecture = sizes.slice(1).map((outputs, index) => ({
      input_dim: sizes[index],
      output_dim: outputs,
      activation: index < hidden.length ? choice("activation") : "sigmoid",
    }));
    const drawn = TutorialNetwork.initialize(architecture, TutorialNetwork.normal(seed));
    const first = STARTS[choice("start")];
    const sample = MOONS[choice("sample")];
    state = {
      architecture,
      layers: drawn.map(({ W, b }) => ({ W: W.map((row) => row.map(first)), b })),
      learned: scaled(sample.learned),
      heldOut: scaled(sample.held_out),
      costs: [],
      heldOutCosts: [],
    };
    measure();
    announce();
  }

  const STARTS = {
    usual: (w) => w,
    equal: () => 0.5,
    large: (w) => 30 * w,
  };

  // Split points into inputs, near 0 or near 100, and labels.
  function scaled(points) {
    return {
      X: points.map(([x1, x2]) => [toInput(x1), toInput(x2)]),
      y: points.map(([, , label]) => label),
    };
  }

  function toInput(x) {
    return choice("scale") === "raw" ? 100 + 10 * x : x;
  }

  function measure() {
    const { architecture, layers, learned, heldOut } = state;
    const pass = TutorialNetwork.forward(learned.X, architecture, layers);
    const { caches } = pass;
    state.caches = caches;
    state.gradient = TutorialNetwork.backward(learned.y, architecture, layers, caches);
    state.costs.push(TutorialNetwork.crossEntropy(caches.at(-1).Z, learned.y));
    state.right = shareRight(pass.probabilities, learned.y);
    const other = TutorialNetwork.forward(heldOut.X, architecture, layers);
    state.heldOutCosts.push(TutorialNetwork.crossEntropy(other.caches.at(-1).Z, heldOut.y));
    state.heldOutRight = shareRight(other.probabilities, heldOut.y);
    state.finite = Number.isFinite(state.costs.at(-1));
  }

  function shareRight(probabilities, y) {
    const right = y.filter((label, row) => probabilities[row][0] > 0.5 === label > 0.5);
    return right.length / y.length;
  }

  function update() {
    const rate = Number(choice("rate"));
    state.layers = TutorialNetwork.update(state.layers, state.gradient, rate);
    measure();
  }

  // ---- Buttons

  function play() {
    playing = true;
    find("play").textContent = "Pause";
    requestAnimationFrame(frame);
  }

  function pause() {
    playing = false;
    find("play").textContent = "Play";
  }

  function frame() {
    if (!playing) return;
    const end = performance.now() + BUDGET;
    for (let count = Number(choice("speed")); count > 0 && state.finite; count--) {
      update();
      if (performance.now() > end) break;
    }
    if (!state.finite) pause();
    if (playing) {
      draw();
      requestAnimationFrame(frame);
    } else announce();
  }

  root.addEventListener("submit", (event) => event.preventDefault());
  find("play").addEventListener("click", () => {
    if (playing) {
      pause();
      announce();
    } else if (state.finite) play();
  });
  find("step").addEventListener("click", () => {
    pause();
    if (state.finite) update();
    announce();
  });
  find("reset").addEventListener("click", reset);
  find("redraw").addEventListener("click", () => {
    seed += 1;
    reset();
  });
  root.addEventListener("change", (event) => {
    if (!["rate", "speed"].includes(event.target.name)) reset();
  });

  // ---- Numbers

  function summary() {
    const { costs, right, heldOutCosts, heldOutRight } = state;
    if (!state.finite) {
      return "The weights are no longer finite: lower the learning rate and reset.";
    }
    const percent = (share) => `${(100 * share).toFixed(0)}%`;
    return (
      `Epoch ${costs.length - 1}: cost ${number(costs.at(-1))} nats, ${percent(right)} right. ` +
      `Held out: ${number(heldOutCosts.at(-1))}, ${percent(heldOutRight)} right.`
    );
  }

  function number(value) {
    return value >= 1000 ? value.toExponential(2) : value.toFixed(4);
  }

  // Draw, and let screen readers read the numbers; while it plays they would never stop.
  function announce() {
    draw();
    find("status").textContent = summary();
  }

  function drawNumbers() {
    find("numbers").textContent = summary();
    const size = (rows) => Math.hypot(...rows.flat()) / Math.sqrt(rows.flat().length);
    find("layers").replaceChildren(
      ...state.layers.map(({ W }, index) => {
        const { input_dim: inputs, output_dim: outputs, activation } = state.architecture[index];
        const last = index === state.layers.length - 1;
        const slope = last ? "" : medianSlope(index).toPrecision(2);
        const living = last ? "" : `${livingUnits(index)} of ${outputs}`;
        return row([
          `${index + 1}: ${inputs} × ${outputs}, ${activation}`,
          size(W).toPrecision(3),
          size(state.gradient[index].W).toExponential(1),
          slope,
          living,
        ]);
      }),
    );
  }

  function row(texts) {
    const element = document.createElement("tr");
    texts.forEach((text, index) => {
      const cell = document.createElement(index === 0 ? "th" : "td");
      if (index === 0) cell.scope = "row";
      cell.textContent = text;
      element.append(cell);
    });
    return element;
  }

  function medianSlope(index) {
    const slope = SLOPES[state.architecture[index].activation];
    const sorted = state.caches[index].Z.flat().map(slope).sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)];
  }

  const SLOPES = {
    relu: (z) => (z > 0 ? 1 : 0),
    sigmoid: (z) => 1 / (2 + Math.exp(z) + Math.exp(-z)),
    tanh: (z) => 1 / Math.cosh(z) ** 2,
  };

  // Units whose output differs from row to row; a dead one gives 0 in all of them.
  function livingUnits(index) {
    const activation = TutorialNetwork.ACTIVATIONS[state.architecture[index].activation];
    const Z = state.caches[index].Z;
    const varies = (first, unit) => Z.some((z) => activation(z[unit]) !== activation(first));
    return Z[0].filter(varies).length;
  }

  // ---- Pictures

  // Size a canvas for the screen's resolution, and clear it.
  function prepared(canvas, ratio) {
    const width = canvas.clientWidth;
    const height = Math.round(width * ratio);
    const scale = window.devicePixelRatio || 1;
    const [across, down] = [width, height].map((size) => Math.round(size * scale));
    canvas.style.height = `${height}px`;
    if (canvas.width !== across) canvas.width = across;
    if (canvas.height !== down) canvas.height = down;
    const context = canvas.getContext("2d");
    context.setTransform(scale, 0, 0, scale, 0, 0);
    context.clearRect(0, 0, width, height);
    context.font = "12px system-ui, sans-serif";
    return { context, width, height };
  }

  function colours() {
    const style = getComputedStyle(root);
    return Object.fromEntries(
      ["no", "yes", "ink", "quiet", "paper", "no-area", "yes-area"].map((name) => [
        name,
        style.getPropertyValue(`--${name}`).trim(),
      ]),
    );
  }

  const parsed = (hex) => [1, 3, 5].map((at) => parseInt(hex.slice(at, at + 2), 16));

  // Return a function from 0, 0.5, 1 to the colours of no, paper and yes.
  function shading(palette) {
    const [no, paper, yes] = [palette["no-area"], palette.paper, palette["yes-area"]].map(parsed);
    return (value) => {
      const end = value < 0.5 ? no : yes;
      const strength = Math.min(1, Math.abs(2 * value - 1));
      return paper.map((shade, index) => Math.round(shade + strength * (end[index] - shade)));
    };
  }

  const VIEW = { left: -1.6, right: 2.6, bottom: -1.3, top: 1.8 };

  function plane(side) {
    const points = [];
    for (let down = 0; down < side; down++) {
      for (let across = 0; across < side; across++) {
        const x1 = VIEW.left + ((across + 0.5) / side) * (VIEW.right - VIEW.left);
        const x2 = VIEW.top - ((down + 0.5) / side) * (VIEW.top - VIEW.bottom);
        points.push([toInput(x1), toInput(x2)]);
      }
    }
    return points;
  }

  // Return a picture of one value per point of the plane.
  function tile(values, side, shade) {
    const picture = document.createElement("canvas");
    picture.width = picture.height = side;
    const context = picture.getContext("2d");
    const image = context.createImageData(side, side);
    values.forEach((value, index) => image.data.set([...shade(value), 255], 4 * index));
    context.putImageData(image, 0, 0);
    return picture;
  }

  function drawMap(palette) {
    const { context, width, height } = prepared(find("map"), 0.74);
    const pass = TutorialNetwork.forward(plane(GRID), state.architecture, state.layers);
    const values = pass.probabilities.map(([p]) => p);
    const logits = pass.caches.at(-1).Z.map(([z]) => z);
    context.imageSmoothingEnabled = true;
    context.drawImage(tile(values, GRID, shading(palette)), 0, 0, width, height);
    drawBoundary(context, logits, width / GRID, height / GRID, palette.ink);
    const sample = MOONS[choice("sample")].learned;
    for (const [x1, x2, label] of sample) {
      const x = ((x1 - VIEW.left) / (VIEW.right - VIEW.left)) * width;
      const y = ((VIEW.top - x2) / (VIEW.top - VIEW.bottom)) * height;
      context.fillStyle = label ? palette.yes : palette.no;
      context.beginPath();
      if (label) {
        context.moveTo(x, y - 4);
        context.lineTo(x + 3.6, y + 2.6);
        context.lineTo(x - 3.6, y + 2.6);
      } else context.arc(x, y, 3, 0, 2 * Math.PI);
      context.fill();
    }
  }

  // Draw where the logit is 0 (50%): straight pieces across the grid's cells.
  function drawBoundary(context, logits, wide, high, colour) {
    context.strokeStyle = colour;
    context.lineWidth = 1.5;
    context.beginPath();
    for (let down = 0; down < GRID - 1; down++) {
      for (let across = 0; across < GRID - 1; across++) {
        const corners = [[0, 0], [1, 0], [1, 1], [0, 1]].map(([right, below]) => ({
          x: (across + right + 0.5) * wide,
          y: (down + below + 0.5) * high,
          value: logits[(down + below) * GRID + across + right],
        }));
        const crossings = [];
        corners.forEach((from, index) => {
          const to = corners[(index + 1) % 4];
          if (from.value > 0 === to.value > 0) return;
          const share = from.value / (from.value - to.value);
          crossings.push([from.x + share * (to.x - from.x), from.y + share * (to.y - from.y)]);
        });
        for (let pair = 0; pair + 1 < crossings.length; pair += 2) {
          context.moveTo(...crossings[pair]);
          context.lineTo(...crossings[pair + 1]);
        }
      }
    }
    context.stroke();
  }

  function drawCosts(palette) {
    const { context, width, height } = prepared(find("costs"), 0.74);
    const { costs, heldOutCosts } = state;
    const finite = [...costs, ...heldOutCosts].filter(Number.isFinite);
    const top = Math.max(2, finite.reduce((a, b) => Math.max(a, b), 0) * 1.5);
    const bottom = Math.min(0.02, finite.reduce((a, b) => Math.min(a, b), 1) / 1.5);
    const area = { left: 44, right: width - 10, top: 34, bottom: height - 22 };
    const last = Math.max(20, costs.length - 1);
    const x = (epoch) => area.left + (epoch / last) * (area.right - area.left);
    const y = (cost) => {
      const share = Math.log(Math.max(cost, 1e-6) / bottom) / Math.log(top / bottom);
      return area.bottom - share * (area.bottom - area.top);
    };
    context.lineWidth = 1;
    context.textAlign = "right";
    context.textBaseline = "middle";
    for (let power = Math.ceil(Math.log10(bottom)); 10 ** power <= top; power++) {
      context.strokeStyle = palette.quiet;
      context.globalAlpha = 0.35;
      line(context, [[area.left, y(10 ** power)], [area.right, y(10 ** power)]]);
      context.globalAlpha = 1;
      context.fillStyle = palette.quiet;
      const text = power > 4 || power < -3 ? `1e${power}` : String(Number((10 ** power).toPrecision(1)));
      context.fillText(text, area.left - 6, y(10 ** power));
    }
    context.strokeStyle = palette.ink;
    context.setLineDash([2, 3]);
    line(context, [[area.left, y(COIN_TOSS)], [area.right, y(COIN_TOSS)]]);
    context.setLineDash([]);
    context.lineWidth = 2;
    const curve = (values) => thinned(values).map(([epoch, cost]) => [x(epoch), y(cost)]);
    context.strokeStyle = palette.yes;
    context.setLineDash([6, 3]);
    line(context, curve(heldOutCosts));
    context.setLineDash([]);
    context.strokeStyle = palette.no;
    line(context, curve(costs));
    context.textBaseline = "top";
    context.fillStyle = palette.quiet;
    context.fillText(String(last), area.right, area.bottom + 6);
    context.textAlign = "left";
    context.fillText("0", area.left, area.bottom + 6);
    legend(context, palette);
  }

  function legend(context, palette) {
    let x = 4;
    for (const [text, colour, dash] of [
      ["learned", palette.no, []],
      ["held out", palette.yes, [6, 3]],
      ["coin toss", palette.ink, [2, 3]],
    ]) {
      context.strokeStyle = colour;
      context.lineWidth = dash[0] === 2 ? 1 : 2;
      context.setLineDash(dash);
      line(context, [[x, 14], [x + 20, 14]]);
      context.setLineDash([]);
      context.fillStyle = palette.ink;
      context.textBaseline = "middle";
      context.fillText(text, x + 25, 14);
      x += 25 + context.measureText(text).width + 14;
    }
  }

  function line(context, points) {
    context.beginPath();
    points.forEach(([x, y], index) => (index ? context.lineTo(x, y) : context.moveTo(x, y)));
    context.stroke();
  }

  // Return epoch and cost of at most some 600 epochs, the last one always.
  function thinned(values) {
    const every = Math.ceil(values.length / 600);
    const kept = (epoch) => epoch % every === 0 || epoch === values.length - 1;
    return values
      .map((value, epoch) => [epoch, value])
      .filter(([epoch, value]) => Number.isFinite(value) && kept(epoch));
  }

  function drawNetwork(palette) {
    const { architecture, layers } = state;
    const canvas = find("network");
    const sizes = [2, ...architecture.map((it) => it.output_dim)];
    const most = Math.max(...sizes);
    const ratio = Math.max(150, 28 * most + 40) / canvas.clientWidth;
    const { context, width, height } = prepared(canvas, ratio);
    const side = Math.max(9, Math.min(26, (height - 30) / most - 4, width / sizes.length - 26));
    const place = (layer, unit) => ({
      x: side / 2 + 4 + (layer * (width - side - 8)) / (sizes.length - 1),
      y: 24 + ((unit + 0.5) * (height - 28)) / sizes[layer],
    });
    layers.forEach(({ W }, index) => {
      const largest = Math.max(...W.flat().map(Math.abs), 1e-9);
      W.forEach((weights, input) =>
        weights.forEach((weight, unit) => {
          const [from, to] = [place(index, input), place(index + 1, unit)];
          context.strokeStyle = weight < 0 ? palette.no : palette.yes;
          context.globalAlpha = 0.25 + (0.75 * Math.abs(weight)) / largest;
          context.lineWidth = 0.3 + (4 * Math.abs(weight)) / largest;
          context.setLineDash(weight < 0 ? [5, 3] : []);
          line(context, [[from.x + side / 2, from.y], [to.x - side / 2, to.y]]);
        }),
      );
    });
    context.globalAlpha = 1;
    context.setLineDash([]);
    unitMaps().forEach((maps, layer) =>
      maps.forEach((values, unit) => {
        const { x, y } = place(layer, unit);
        const picture = tile(values, TILE, shading(palette));
        context.drawImage(picture, x - side / 2, y - side / 2, side, side);
        context.strokeStyle = palette.quiet;
        context.lineWidth = 1;
        context.strokeRect(x - side / 2, y - side / 2, side, side);
      }),
    );
    context.fillStyle = palette.quiet;
    context.textBaseline = "top";
    context.textAlign = "center";
    for (let layer = 1; layer < sizes.length - 1; layer++) {
      context.fillText(`A${layer}`, place(layer, 0).x, 2);
    }
    context.textAlign = "left";
    context.fillText("inputs", 2, 2);
    context.textAlign = "right";
    context.fillText("p", place(sizes.length - 1, 0).x + 3, 2);
  }

  // Return each unit's output over the plane, scaled to 0 to 1 with an output of 0 at 1/2.
  function unitMaps() {
    const { architecture, layers } = state;
    const pass = TutorialNetwork.forward(plane(TILE), architecture, layers);
    const outputs = [...pass.caches.map((cache) => cache.A_before), pass.probabilities];
    return outputs.map((A, index, all) =>
      A[0].map((_, unit) => {
        const values = A.map((it) => it[unit]);
        if (index === all.length - 1) return values;
        const centre = index === 0 ? values.reduce((a, b) => a + b) / values.length : 0;
        const largest = Math.max(...values.map((it) => Math.abs(it - centre)), 1e-9);
        return values.map((it) => 0.5 + (0.5 * (it - centre)) / largest);
      }),
    );
  }

  function draw() {
    drawNumbers();
    if (!state.finite) return;
    const palette = colours();
    drawMap(palette);
    drawCosts(palette);
    drawNetwork(palette);
  }

  // ---- The animation beside it can be stopped

  for (const figure of document.querySelectorAll("figure[data-still]")) {
    const image = figure.querySelector("img");
    const button = document.createElement("button");
    const moving = image.getAttribute("src");
    const show = (moves) => {
      image.src = moves ? moving : figure.dataset.still;
      button.textContent = moves ? "Stop the animation" : "Play the animation";
    };
    button.type = "button";
    button.className = "btn btn-sm btn-outline-secondary";
    button.addEventListener("click", () => show(image.getAttribute("src") !== moving));
    figure.append(button);
    show(!matchMedia("(prefers-reduced-motion: reduce)").matches);
  }

  root.hidden = false;
  reset();
  new ResizeObserver(draw).observe(root);
  const theme = { attributeFilter: ["data-theme"] };
  new MutationObserver(draw).observe(document.documentElement, theme);
})();
