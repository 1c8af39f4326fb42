// The interactive parts of the page: charts over time that respond to mouse, touch and
// keyboard, tables that sort, and data as CSV. Without it the page shows the same, but
// static. It draws with uPlot, loads nothing, and writes text as text only.
"use strict";
(() => {
  const page = JSON.parse(document.getElementById("data").textContent);
  const MINUS = "\u2212";
  const MIN_YEARS = 2;
  const FONT = '12px Inter, system-ui, sans-serif';

  const color = (name) =>
    getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

  const element = (tag, className, text) => {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  };

  const fixed = (value, decimals) => {
    const text = value.toFixed(decimals);
    return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", MINUS);
  };

  const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

  // A period as the texts of the page write it: 2026 Q4, Nov 2026.
  const periodText = (period) => {
    const month = /^(\d{4})-(\d\d)$/.exec(period);
    return month ? `${MONTHS[month[2] - 1]} ${month[1]}` : period.replace("Q", " Q");
  };

  const shown = (column, value) => {
    if (column.style === "percent") return `${fixed(100 * value, column.decimals)}%`;
    if (column.style === "number") return fixed(value, column.decimals);
    return column.style === "period" ? periodText(value) : String(value);
  };

  // --- Data as CSV ---------------------------------------------------------------

  // A text that begins like a formula must not be one for whoever opens the file.
  const csvCell = (value) => {
    if (value === null) return "";
    if (typeof value === "number") return String(value);
    const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
    return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };

  const csv = ({ columns }) => {
    const rows = columns[0].values.map((_, row) =>
      columns.map((column) => csvCell(column.values[row])).join(","));
    return [columns.map((column) => csvCell(column.key)).join(","), ...rows, ""].join("\r\n");
  };

  for (const button of document.querySelectorAll("button[data-csv]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const name = button.dataset.csv;
      const file = new Blob([csv(page.charts[name])], { type: "text/csv;charset=utf-8" });
      const link = element("a");
      link.href = URL.createObjectURL(file);
      link.download = `${page.stem}-${name}.csv`;
      link.click();
      setTimeout(() => URL.revokeObjectURL(link.href), 1000);
    });
  }

  // --- Charts as SVG and PNG -------------------------------------------------------

  const save = (href, name) => {
    const link = element("a");
    link.href = href;
    link.download = `${page.stem}-${name}`;
    link.click();
  };

  const STYLES = ["fill", "stroke", "stroke-width", "stroke-dasharray", "opacity",
    "font-family", "font-size", "font-weight", "text-anchor"];

  const SVG = "http://www.w3.org/2000/svg";
  const FAMILY = "Inter, system-ui, sans-serif";

  const svgElement = (tag, attributes, text) => {
    const made = document.createElementNS(SVG, tag);
    for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
    if (text !== undefined) made.textContent = text;
    return made;
  };

  // The text in lines that fit; a letter is about 0.56 of its size wide.
  const lines = (text, width, size) => {
    const room = width / (0.56 * size);
    const made = [""];
    for (const word of text.trim().split(/\s+/)) {
      const longer = `${made.at(-1)} ${word}`.trim();
      if (longer.length <= room || !made.at(-1)) made[made.length - 1] = longer;
      else made.push(word);
    }
    return made;
  };

  // A copy of a chart that needs no style sheet, with its title and its source.
  const standalone = (figure) => {
    const picture = figure.querySelector(".picture");
    const live = figure.classList.contains("is-live");
    figure.classList.remove("is-live");
    const copy = picture.cloneNode(true);
    const parts = picture.querySelectorAll("*");
    copy.querySelectorAll("*").forEach((part, number) => {
      // A shape in the definitions takes its colours from where it is used.
      if (part.closest("defs")) {
        part.removeAttribute("class");
        return;
      }
      const style = getComputedStyle(parts[number]);
      for (const name of STYLES) part.setAttribute(name, style.getPropertyValue(name));
      part.removeAttribute("class");
    });
    figure.classList.toggle("is-live", live);
    const [left, inner, across, down] = picture.getAttribute("viewBox").split(" ").map(Number);
    const heading = figure.querySelector(".panel-heading");
    const above = lines(live || !heading ? document.title
      : `${document.title}. ${heading.textContent}`, across, 9);
    const below = lines(document.querySelector("footer").textContent, across, 7);
    const x = left - 6, width = across + 12;
    const top = inner - 13 * above.length - 8;
    const height = inner + down + 10 * below.length + 10 - top;
    copy.removeAttribute("class");
    for (const [name, value] of Object.entries({
      xmlns: SVG, width, height, viewBox: `${x} ${top} ${width} ${height}`,
    })) copy.setAttribute(name, value);
    copy.prepend(svgElement("rect", { x, y: top, width, height, fill: color("paper") }));
    above.forEach((line, number) => copy.append(svgElement("text", {
      x: left, y: top + 13 * (number + 1), fill: color("ink"), "font-size": 9,
      "font-weight": 600, "font-family": FAMILY,
    }, line)));
    below.forEach((line, number) => copy.append(svgElement("text", {
      x: left, y: inner + down + 10 * (number + 1) + 2, fill: color("grey"), "font-size": 7,
      "font-family": FAMILY,
    }, line)));
    const text = new XMLSerializer().serializeToString(copy);
    return { href: `data:image/svg+xml;charset=utf-8,${encodeURIComponent(text)}`, width, height };
  };

  const savePng = (figure, name) => {
    const { href, width, height } = standalone(figure);
    const image = new Image();
    image.addEventListener("load", () => {
      const canvas = element("canvas");
      canvas.width = 4 * width;
      canvas.height = 4 * height;
      canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
      save(canvas.toDataURL("image/png"), `${name}.png`);
    });
    image.src = href;
  };

  for (const place of document.querySelectorAll(".save")) {
    place.hidden = false;
    const figure = place.closest("figure");
    for (const button of place.querySelectorAll("button")) {
      const { svg, png } = button.dataset;
      button.addEventListener("click", () => (svg
        ? save(standalone(figure).href, `${svg}.svg`) : savePng(figure, png)));
    }
  }

  // --- Tables that are wider than the page ----------------------------------------

  for (const place of document.querySelectorAll(".scroll")) {
    const hint = element("p", "more", "Scroll sideways to see the rest.");
    place.before(hint);
    const update = () => { hint.hidden = place.scrollWidth <= place.clientWidth + 1; };
    new ResizeObserver(update).observe(place);
    update();
  }

  // --- Tables that sort, and find ------------------------------------------------

  const sortBy = (table, place, head) => {
    const down = head.getAttribute("aria-sort") === "ascending";
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const key = (row) => {
      const text = row.cells[place].dataset.sort;
      return text !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
    };
    const order = (a, b) => (typeof a === "number" && typeof b === "number"
      ? a - b : String(a).localeCompare(String(b)));
    const rows = [...table.tBodies[0].rows].sort((a, b) => order(key(a), key(b)));
    table.tBodies[0].append(...(down ? rows.reverse() : rows));
  };

  for (const table of document.querySelectorAll("table.sortable")) {
    [...table.tHead.rows[0].cells].forEach((head, place) => {
      const button = element("button", "", head.textContent);
      button.type = "button";
      button.addEventListener("click", () => sortBy(table, place, head));
      head.replaceChildren(button);
    });
  }

  for (const input of document.querySelectorAll("input[data-filter]")) {
    const table = document.getElementById(input.dataset.filter);
    input.closest("label").hidden = false;
    input.addEventListener("input", () => {
      const wanted = input.value.trim().toLowerCase();
      for (const row of table.tBodies[0].rows) {
        row.hidden = !row.textContent.toLowerCase().includes(wanted);
      }
    });
  }

  // --- Charts over time ----------------------------------------------------------

  class TimeChart {
    constructor(figure, { columns, live }) {
      this.figure = figure;
      this.columns = columns;
      this.byKey = new Map(columns.map((column) => [column.key, column]));
      this.live = live;
      this.x = live.x;
      this.whole = [this.x[0] - live.width / 2, this.x.at(-1) + live.width / 2];
      this.at = this.x.length - 1;
      this.plots = [];
      this.sharing = false;
      const panels = [...figure.querySelectorAll(".panel")];
      const picture = figure.querySelector(".picture").getAttribute("aria-label");
      const labels = panels.map((place, number) =>
        (number === 0 ? picture : place.querySelector(".panel-heading").textContent));
      this.controls = element("div", "controls");
      panels[0].before(this.controls);
      this.addRanges();
      this.readout = element("p", "readout");
      this.controls.after(this.readout);
      live.panels.forEach((panel, number) => this.addPlot(panels[number], labels[number], panel));
      const hint = element("p", "hint", matchMedia("(hover: none)").matches
        ? "Touch and slide to read values; the buttons above show fewer years."
        : "Point at it, or use the arrow keys, to read values; drag or + and \u2212 to zoom; 0 shows all.");
      panels.at(-1).append(hint);
      figure.classList.add("is-live");
      this.zoom(...this.whole);
      this.tell();
    }

    // A row of buttons for the last so many years.
    addRanges() {
      const group = element("div", "group");
      group.setAttribute("role", "group");
      group.setAttribute("aria-label", "Years shown");
      const length = this.whole[1] - this.whole[0];
      this.ranges = [5, 10, 20, 40].filter((years) => years < length - 1);
      this.rangeButtons = [...this.ranges, null].map((years) => {
        const button = element("button", "", years === null ? "All" : `${years} years`);
        button.type = "button";
        button.addEventListener("click", () =>
          this.zoom(years === null ? this.whole[0] : this.whole[1] - years, this.whole[1]));
        group.append(button);
        return button;
      });
      if (this.ranges.length) this.controls.append(group);
    }

    // A switch for each line that is drawn only on request.
    addSwitch(plot, index, trace) {
      const button = element("button", "", this.byKey.get(trace.column).title);
      button.type = "button";
      button.setAttribute("aria-pressed", String(!trace.optional));
      button.addEventListener("click", () => {
        const on = button.getAttribute("aria-pressed") !== "true";
        button.setAttribute("aria-pressed", String(on));
        plot.setSeries(index, { show: on });
        trace.hidden = !on;
        this.tell();
      });
      trace.hidden = trace.optional;
      if (!this.switches) {
        this.switches = element("div", "group");
        this.switches.setAttribute("role", "group");
        this.switches.setAttribute("aria-label", "Lines to compare with");
        this.controls.append(this.switches);
      }
      this.switches.append(button);
    }

    addPlot(place, label, panel) {
      const host = element("div", this.live.panels.length === 1 ? "plot tall" : "plot");
      host.tabIndex = 0;
      host.setAttribute("role", "slider");
      host.setAttribute("aria-label", label);
      host.setAttribute("aria-valuemin", "0");
      host.setAttribute("aria-valuemax", String(this.x.length - 1));
      place.append(host);
      const drawn = this.series(panel);
      const options = {
        width: Math.max(host.clientWidth, 200),
        height: host.clientHeight,
        legend: { show: false },
        padding: [8, 18, 0, 0], // at the right, half the width of a year
        scales: {
          x: { time: false, range: (_, low, high) => this.clamp(low, high) },
          y: { range: () => panel.limits },
        },
        axes: [
          this.axis({ incrs: [1, 2, 5, 10, 20, 50], values: (_, ticks) => ticks.map(String), size: 28 }),
          this.axis({ values: (_, ticks) => ticks.map((it) => this.tick(panel, it)), size: 46, space: 34 }),
        ],
        cursor: {
          y: false,
          drag: { x: true, y: false, setScale: true },
          points: { show: (plot, index) => this.point(drawn[index - 1]), size: 8 },
          sync: { key: this.figure.id },
        },
        series: [{}, ...drawn.map((it) => it.options)],
        hooks: {
          drawClear: [(plot) => this.drawBands(plot)],
          drawAxes: [(plot) => this.drawRate(plot, panel)],
          draw: [
            (plot) => this.drawIntervals(plot, panel),
            (plot) => this.nameRate(plot, panel),
          ],
          setCursor: [(plot) => this.follow(plot)],
          setScale: [(plot, key) => key === "x" && this.share(plot)],
        },
      };
      const plot = new uPlot(options, [this.x, ...drawn.map((it) => it.values)], host);
      this.plots.push({ plot, host, panel });
      drawn.forEach((it, number) => {
        if (it.trace.color === "base") this.addSwitch(plot, number + 1, it.trace);
      });
      host.addEventListener("keydown", (event) => this.key(event));
      host.addEventListener("focus", () => this.select(this.at));
      host.addEventListener("pointermove", (event) => {
        if (event.pointerType === "touch") this.touch(plot, event);
      });
      new ResizeObserver(() => {
        const width = Math.floor(host.clientWidth);
        if (width && width !== plot.width) plot.setSize({ width, height: host.clientHeight });
      }).observe(host);
    }

    // What uPlot draws for a panel: bars by sign, lines, and dots by what came.
    series(panel) {
      const parts = [];
      const add = (trace, values, options) =>
        parts.push({ trace, values, options: { spanGaps: false, points: { show: false }, ...options } });
      for (const trace of panel.traces) {
        const { values } = this.byKey.get(trace.column);
        if (trace.kind === "bars") {
          const bars = uPlot.paths.bars({ size: [0.78, Infinity], gap: 0 });
          for (const [name, belongs] of [["gain", (it) => it >= 0], ["loss", (it) => it < 0]]) {
            add(trace, values.map((it) => (it !== null && belongs(it) ? it : null)),
              { paths: bars, fill: () => color(name), stroke: () => color(name), width: 0 });
          }
          continue;
        }
        const dashes = trace.color === "base" ? [5, 3] : [];
        add(trace, values, {
          stroke: () => color(trace.color), width: trace.color === "base" ? 1.2 : 1.8,
          dash: dashes, show: !trace.optional,
        });
        if (trace.kind === "outcomes") {
          const came = this.byKey.get("outcome").values;
          for (const [name, outcome] of [["gain", 0], ["loss", 1]]) {
            add({ ...trace, dots: true }, values.map((it, at) => (came[at] === outcome ? it : null)), {
              paths: () => null,
              points: { show: true, size: 6, width: 0, fill: () => color(name), stroke: () => color(name) },
            });
          }
        }
      }
      return parts;
    }

    axis(options) {
      return {
        font: FONT, stroke: () => color("grey"), gap: 6, ticks: { show: false },
        grid: { stroke: () => color("grid"), width: 1 }, ...options,
      };
    }

    tick(panel, value) {
      const scaled = panel.style === "percent" ? 100 * value : value;
      return String(Number(scaled.toPrecision(6))).replace("-", MINUS);
    }

    point(part) {
      if (!part || part.trace.kind === "bars" || part.trace.dots) return null;
      const dot = element("div", "u-cursor-pt");
      dot.style.background = color(part.trace.color);
      return dot;
    }

    drawBands({ ctx, bbox, valToPos }) {
      ctx.save();
      ctx.beginPath();
      ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
      ctx.clip();
      ctx.fillStyle = color("band");
      for (const [first, last] of this.live.bands) {
        const left = valToPos(first, "x", true);
        ctx.fillRect(left, bbox.top, valToPos(last, "x", true) - left, bbox.height);
      }
      ctx.restore();
    }

    drawRate({ ctx, bbox, valToPos }, panel) {
      const line = (value, name, dash) => {
        const y = Math.round(valToPos(value, "y", true)) + 0.5;
        ctx.save();
        ctx.strokeStyle = color(name);
        ctx.lineWidth = devicePixelRatio;
        ctx.setLineDash(dash.map((it) => it * devicePixelRatio));
        ctx.beginPath();
        ctx.moveTo(bbox.left, y);
        ctx.lineTo(bbox.left + bbox.width, y);
        ctx.stroke();
        ctx.restore();
        return y;
      };
      if (panel.limits[0] < 0) line(0, "grey", []);
      if (panel.rate === null) return;
      line(panel.rate, "grey", [4, 3]);
    }

    // The name is above the curves, with a rim in the colour of the paper.
    nameRate({ ctx, bbox, valToPos }, panel) {
      if (panel.rate === null) return;
      const name = `historical average ${fixed(100 * panel.rate, 0)}%`;
      const x = bbox.left + 4 * devicePixelRatio;
      const y = Math.round(valToPos(panel.rate, "y", true)) - 1.5;
      ctx.save();
      ctx.strokeStyle = color("paper");
      ctx.lineJoin = "round";
      ctx.lineWidth = 4 * devicePixelRatio;
      ctx.fillStyle = color("grey");
      ctx.font = `${12 * devicePixelRatio}px Inter, system-ui, sans-serif`;
      ctx.textAlign = "left";
      ctx.textBaseline = "bottom";
      ctx.strokeText(name, x, y);
      ctx.fillText(name, x, y);
      ctx.restore();
    }

    drawIntervals({ ctx, bbox, valToPos }, panel) {
      ctx.save();
      ctx.beginPath();
      ctx.rect(bbox.left, bbox.top - 6, bbox.width + 6 * devicePixelRatio, bbox.height + 12);
      ctx.clip();
      for (const trace of panel.traces.filter((it) => it.low !== null)) {
        const [low, high, middle] = [trace.low, trace.high, trace.column].map((key) => this.byKey.get(key).values);
        ctx.strokeStyle = ctx.fillStyle = color(trace.color);
        ctx.lineWidth = 1.8 * devicePixelRatio;
        this.x.forEach((at, row) => {
          if (low[row] === null || middle[row] === null) return;
          const x = valToPos(at, "x", true);
          ctx.beginPath();
          ctx.moveTo(x, valToPos(low[row], "y", true));
          ctx.lineTo(x, valToPos(high[row], "y", true));
          ctx.stroke();
          ctx.beginPath();
          ctx.arc(x, valToPos(middle[row], "y", true), 4 * devicePixelRatio, 0, 2 * Math.PI);
          ctx.fill();
        });
      }
      ctx.restore();
    }

    // A window of time that lies inside the data and is not too short to read.
    clamp(low, high) {
      if (low === null || high === null || (low <= this.x[0] && high >= this.x.at(-1))) return this.whole;
      const length = Math.min(Math.max(high - low, MIN_YEARS), this.whole[1] - this.whole[0]);
      const start = Math.min(Math.max((low + high - length) / 2, this.whole[0]), this.whole[1] - length);
      return [start, start + length];
    }

    zoom(low, high) {
      const [min, max] = this.clamp(low, high);
      this.plots[0].plot.setScale("x", { min, max });
    }

    // Every panel shows the window that one was given.
    share(from) {
      if (this.sharing) return;
      this.sharing = true;
      const { min, max } = from.scales.x;
      for (const { plot } of this.plots) if (plot !== from) plot.setScale("x", { min, max });
      const whole = max - min > this.whole[1] - this.whole[0] - 0.01;
      this.rangeButtons.forEach((button, number) => {
        const years = this.ranges[number];
        const on = years === undefined ? whole
          : Math.abs(max - min - years) < 0.01 && max > this.whole[1] - 0.01;
        button.setAttribute("aria-pressed", String(on));
      });
      this.sharing = false;
    }

    select(at) {
      this.at = Math.min(Math.max(at, 0), this.x.length - 1);
      const { min, max } = this.plots[0].plot.scales.x;
      const x = this.x[this.at];
      if (x < min) this.zoom(x - this.live.width / 2, x - this.live.width / 2 + max - min);
      if (x > max) this.zoom(x + this.live.width / 2 - (max - min), x + this.live.width / 2);
      for (const { plot } of this.plots) {
        plot.setCursor({ left: plot.valToPos(x, "x"), top: plot.over.clientHeight / 2 }, false);
      }
      this.tell();
    }

    follow(plot) {
      if (plot.cursor.idx === null || plot.cursor.idx === undefined) return;
      this.at = plot.cursor.idx;
      this.tell();
    }

    touch(plot, event) {
      const left = event.clientX - plot.over.getBoundingClientRect().left;
      this.select(plot.posToIdx(left));
    }

    key(event) {
      const { min, max } = this.plots[0].plot.scales.x;
      const middle = this.x[this.at];
      const year = Math.round(1 / this.live.width);
      const half = (max - min) / 2;
      const moves = {
        ArrowLeft: () => this.select(this.at - 1),
        ArrowDown: () => this.select(this.at - 1),
        ArrowRight: () => this.select(this.at + 1),
        ArrowUp: () => this.select(this.at + 1),
        PageDown: () => this.select(this.at - 5 * year),
        PageUp: () => this.select(this.at + 5 * year),
        Home: () => this.select(0),
        End: () => this.select(this.x.length - 1),
        "+": () => this.zoom(middle - half / 2, middle + half / 2),
        "=": () => this.zoom(middle - half / 2, middle + half / 2),
        "-": () => this.zoom(middle - 2 * half, middle + 2 * half),
        0: () => this.zoom(...this.whole),
        Escape: () => this.zoom(...this.whole),
      };
      const move = moves[event.key];
      if (!move || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      move();
      this.select(this.at);
    }

    // The values of the chosen period, as text and for screen readers.
    tell() {
      const hidden = new Set(this.live.panels.flatMap((panel) =>
        panel.traces.filter((trace) => trace.hidden).map((trace) => trace.column)));
      const bounds = new Map(this.live.panels.flatMap((panel) =>
        panel.traces.filter((trace) => trace.low !== null).map((trace) => [trace.column, trace])));
      const inner = new Set([...bounds.values()].flatMap((trace) => [trace.low, trace.high]));
      const parts = [];
      for (const column of this.columns.slice(1)) {
        const value = column.values[this.at];
        if (value === null || hidden.has(column.key) || inner.has(column.key)) continue;
        if (column.style === "flag") {
          if (value) parts.push([column.title, ""]);
        } else {
          parts.push([`${column.title} `, shown(column, value) + this.interval(bounds.get(column.key))]);
        }
      }
      const period = shown(this.columns[0], this.columns[0].values[this.at]);
      this.readout.replaceChildren(element("b", "", period));
      for (const [title, value] of parts) {
        this.readout.append(" \u00b7 ", element("span", "dim", title), value);
      }
      const spoken = [period, ...parts.map(([title, value]) => title + value)].join(", ");
      for (const { host } of this.plots) {
        host.setAttribute("aria-valuenow", String(this.at));
        host.setAttribute("aria-valuetext", spoken);
      }
    }

    interval(trace) {
      if (!trace) return "";
      const [low, high] = [trace.low, trace.high].map((key) => this.byKey.get(key));
      if (low.values[this.at] === null) return "";
      return `, 90% interval ${shown(low, low.values[this.at])} to ${shown(high, high.values[this.at])}`;
    }

    redraw() {
      for (const { plot } of this.plots) plot.redraw(false, true);
    }
  }

  const charts = [...document.querySelectorAll("figure[data-chart]")]
    .filter((figure) => page.charts[figure.dataset.chart]?.live)
    .map((figure) => new TimeChart(figure, page.charts[figure.dataset.chart]));
  const redraw = () => charts.forEach((chart) => chart.redraw());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  document.fonts.ready.then(redraw);
})();
