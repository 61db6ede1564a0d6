// Charts of the page Explore: made once, fed with new numbers at every move.

import { filling, html } from "./elements.js";
import { token_value } from "./workbench.js";

const PERCENT = (value) => `${Math.round(100 * value)} %`;

/** A number in few characters. */
export function brief(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e6)) return value.toExponential(1).replaceAll("-", "\u2212");
  return Number(value.toPrecision(3)).toLocaleString("en", { maximumFractionDigits: 4 }).replace("-", "\u2212");
}

/** A number with two digits, for estimates with an interval. */
export function rough(value) {
  return brief(value === null ? value : Number(value.toPrecision(2)));
}

/** An estimate with its interval. */
export function withEnds([mean, low, high], write = rough) {
  const calm = (value) => (Math.abs(value) < 1e-6 ? 0 : value);
  return `${write(calm(mean))} (${write(calm(low))} to ${write(calm(high))})`;
}

function faded(colour, share) {
  return `color-mix(in srgb, ${colour} ${share}%, transparent)`;
}

/** Series and bands of one course: lines are the median, fills the bands around it. */
function course(colour, dash, ends, from, fill) {
  const line = { stroke: colour, width: 2, points: { show: false }, ...(dash ? { dash: [6, 4] } : {}) };
  const edge = { stroke: "transparent", width: 0, points: { show: false } };
  const middle = (ends - 1) / 2;
  const series = Array.from({ length: ends }, (_, at) => (at === middle ? line : edge));
  const bands = [];
  for (let at = 0; at < middle; at += 1) {
    bands.push({ series: [from + ends - 1 - at, from + at], fill: faded(colour, fill) });
  }
  return { series, bands };
}

/** Options of a chart of the given kind: how many ends each course has, and its format. */
function options(kind, size, doses) {
  const soft = token_value("--soft"), grid = token_value("--grid"), ink = token_value("--ink");
  const treated = token_value("--c1"), twin = token_value("--c0");
  const under = course(twin, true, kind.twin, 1, 11);
  const over = course(treated, false, kind.treated, 1 + kind.twin, 20);
  const axis = { stroke: soft, grid: { stroke: grid, width: 1 }, ticks: { show: false }, font: "12px system-ui, sans-serif" };
  return {
    ...size,
    padding: [8, 10, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { show: false }, drag: { x: false, y: false } },
    scales: { x: { time: false }, y: { range: kind.range } },
    axes: [
      { ...axis, grid: { show: false }, size: 30, gap: 2, incrs: [1, 2, 4, 8, 12, 24, 52], space: 44, values: (_, ticks) => ticks.map(String) },
      { ...axis, size: 52, gap: 4, space: 34, values: (_, ticks) => ticks.map(kind.percent ? PERCENT : brief) },
    ],
    series: [{}, ...under.series, ...over.series],
    bands: [...under.bands, ...over.bands],
    hooks: { draw: [(plot) => marks(plot, doses(), ink)] },
  };
}

/** Small triangles at the weeks of the doses. */
function marks(plot, weeks, colour) {
  const { ctx, bbox } = plot, unit = devicePixelRatio;
  ctx.save();
  ctx.fillStyle = colour;
  for (const week of weeks) {
    if (week > plot.scales.x.max) break;
    const x = plot.valToPos(week, "x", true), y = bbox.top + bbox.height;
    ctx.beginPath();
    ctx.moveTo(x, y - 7 * unit);
    ctx.lineTo(x + 4 * unit, y);
    ctx.lineTo(x - 4 * unit, y);
    ctx.fill();
  }
  ctx.restore();
}

/** One chart in its panel: heading, canvas with a text in its place, line of reading, numbers. */
export class Chart {
  constructor(parent, kind, level = "h3") {
    this.kind = kind;
    this.element = document.createElement("figure");
    this.element.className = "panel";
    this.head = this.element.appendChild(document.createElement(level));
    this.head.hidden = level === "h2";
    this.plot_in = this.element.appendChild(document.createElement("div"));
    this.plot_in.className = "plot";
    this.plot_in.setAttribute("role", "img");
    this.read = this.element.appendChild(document.createElement("p"));
    this.read.className = "read";
    this.details = this.element.appendChild(document.createElement("details"));
    this.summary = this.details.appendChild(document.createElement("summary"));
    this.summary.textContent = "Numbers";
    this.scroll = this.details.appendChild(document.createElement("div"));
    this.scroll.className = "scroll";
    this.scroll.tabIndex = 0;
    this.scroll.setAttribute("role", "group");
    this.details.addEventListener("toggle", () => this.tabulate());
    parent.append(this.element);
    this.watcher = new ResizeObserver(() => this.resize());
    this.watcher.observe(this.plot_in);
  }

  /** Show numbers: {name, words, weeks, twin: rows, treated: rows, more: {heading: row}}. */
  show(data, doses) {
    this.data = data;
    this.doses = doses;
    const columns = [data.weeks, ...data.twin, ...data.treated];
    if (this.plot) this.plot.setData(columns);
    else this.make(columns);
    if (this.head.textContent !== data.name) this.head.textContent = data.name;
    this.read.textContent = data.words;
    if (this.details.open) this.tabulate();
  }

  make(columns) {
    const size = this.size();
    if (!size.width) return;
    this.plot = new uPlot(options(this.kind, size, () => this.doses ?? []), columns, this.plot_in);
  }

  /** The text in place of the picture; said seldom, for it is no use at every step of a slider. */
  describe() {
    if (!this.data) return;
    this.plot_in.setAttribute("aria-label", `${this.data.name}. ${this.data.words}`);
    this.scroll.setAttribute("aria-label", `${this.data.name}, numbers`);
    this.summary.setAttribute("aria-label", `Numbers: ${this.data.name}`);
  }

  size() {
    return { width: this.plot_in.clientWidth, height: this.kind.height() };
  }

  resize() {
    const size = this.size();
    if (!size.width || !this.data) return;
    if (!this.plot) this.make([this.data.weeks, ...this.data.twin, ...this.data.treated]);
    else if (size.width !== this.plot.width || size.height !== this.plot.height) this.plot.setSize(size);
  }

  /** Draw again from nothing: the colours of the page have changed. */
  again() {
    if (!this.plot) return;
    this.plot.destroy();
    this.plot = null;
    this.resize();
  }

  tabulate() {
    if (!this.details.open || !this.data) return;
    const { weeks, rows } = this.data.table();
    const write = this.kind.percent ? PERCENT : brief;
    const table = document.createElement("table");
    fill(table, ["Week", ...rows.map(([name]) => name)], weeks.map((week, at) => [brief(week), ...rows.map(([, row]) => write(row[at]))]));
    this.scroll.replaceChildren(table);
  }
}

/** Fill a table with headings and rows of text; the first cell of a row is its heading. */
export function fill(table, columns, rows, caption) {
  table.setAttribute("role", "table");
  table.replaceChildren(...(caption ? [html("caption", {}, caption)] : []), ...filling(columns, rows));
}
