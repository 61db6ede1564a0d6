// Virtual trials as dots: the truth of each below, its estimate beside; any of them can be opened.

import { shape } from "./trial_power.js";
import { chart_width, html, short, svg, ticks } from "./elements.js";

const HEIGHT = 440, LEFT = 64, RIGHT = 18, TOP = 14, BOTTOM = 48;
const chosen = { n: null, arm: null, active: null };
let parts = null; // made once: what is typed or opened stays while the design grows

/** Draw the dots of one size and arm; `open` is called with what names a virtual trial. */
export function draw_dots(box, design, open) {
  const sizes = design.points.filter((point) => point.dots.length).map((point) => point.n);
  if (!sizes.length) return;
  if (!sizes.includes(chosen.n)) chosen.n = sizes.at(-1);
  if (!design.rule.arms.includes(chosen.arm)) chosen.arm = design.rule.arms[0];
  if (!parts) build(box, open);
  parts.again = () => draw_dots(box, design, open);
  choose(design, sizes);
  const dots = design.points.find((point) => point.n === chosen.n).dots.filter((dot) => dot.arm === chosen.arm).sort((a, b) => a.truth - b.truth || a.estimate - b.estimate);
  const focused = box.contains(document.activeElement) ? document.activeElement.id : null;
  parts.chart.replaceChildren(picture(design, dots, open, chart_width(box)));
  parts.numbers.replaceChildren(numbers(dots, open));
  if (focused) document.getElementById(focused)?.focus();
}

function build(box, open) {
  parts = { choices: html("div", { class: "row" }), chart: html("div"), numbers: html("div"), print: "" };
  box.replaceChildren(html("h2", {}, "Each dot is a virtual trial"),
    html("p", {}, "From left to right: the truth in its world. From below to above: what the trial reports. On the line the two agree; what lies off it is chance. Open a dot to see its patients."),
    parts.choices, key(), parts.chart, by_number(open), html("details", {}, html("summary", {}, "Numbers"), parts.numbers));
}

function choose(design, sizes) {
  const { arms } = design.rule, print = JSON.stringify([sizes, arms]);
  if (parts.print === print) return;
  parts.print = print;
  parts.choices.replaceChildren(choice("dots-n", "Patients in all arms", sizes.map((n) => [n, n]), chosen.n, (value) => { chosen.n = Number(value); parts.again(); }));
  if (arms.length > 1) parts.choices.append(choice("dots-arm", "Arm", arms.map((arm) => [arm, label(design, arm)]), chosen.arm, (value) => { chosen.arm = value; parts.again(); }));
}

const label = (design, arm) => design.shown?.labels[arm] ?? arm;

function choice(id, words, values, now, take) {
  const control = html("select", { id }, values.map(([value, name]) => html("option", { value, selected: value === now }, String(name))));
  control.addEventListener("change", () => take(control.value));
  return html("div", { class: "field" }, html("label", { for: id }, words), control);
}

function key() {
  const item = (mark, colour, words) => html("li", { class: colour }, svg("svg", { width: 18, height: 16, viewBox: "-9 -8 18 16", "aria-hidden": "true" }, shape(mark, 0, 0)), words);
  return html("ul", { class: "legend" }, item("circle", "a3", "success"), item("cross", "a0", "no success"), item("square", "a2", "success although cells do nothing"));
}

const look = (dot) => (!dot.success ? ["cross", "a0"] : dot.cells_act ? ["circle", "a3"] : ["square", "a2"]);

function words(dot) {
  return `Trial ${dot.replicate}: truth ${short(dot.truth)}, estimate ${short(dot.estimate)} (${short(dot.low)} to ${short(dot.high)}), ${dot.success ? "success" : "no success"}${dot.cells_act ? "" : ", cells do nothing"}`;
}

function picture(design, dots, open, width) {
  const known = dots.filter((dot) => dot.truth !== null && dot.estimate !== null);
  const all = known.flatMap((dot) => [dot.truth, dot.estimate]), low = Math.min(...all), high = Math.max(...all), pad = 0.05 * (high - low || 1);
  const span = high - low + 2 * pad;
  const x = (value) => LEFT + ((value - low + pad) / span) * (width - LEFT - RIGHT);
  const y = (value) => HEIGHT - BOTTOM - ((value - low + pad) / span) * (HEIGHT - TOP - BOTTOM);
  const chart = svg("svg", { class: "chart", viewBox: `0 0 ${width} ${HEIGHT}`, "aria-hidden": "true" });
  for (const one of ticks(low - pad, high + pad, Math.min(7, Math.floor(width / 75)))) {
    chart.append(svg("line", { x1: LEFT, x2: width - RIGHT, y1: y(one), y2: y(one), class: "grid" }), svg("text", { x: LEFT - 8, y: y(one) + 4, class: "tick", "text-anchor": "end" }, short(one)),
      svg("line", { x1: x(one), x2: x(one), y1: TOP, y2: HEIGHT - BOTTOM, class: "grid" }), svg("text", { x: x(one), y: HEIGHT - BOTTOM + 16, class: "tick", "text-anchor": "middle" }, short(one)));
  }
  chart.append(svg("line", { x1: x(low - pad), y1: y(low - pad), x2: x(high + pad), y2: y(high + pad), class: "reference" }),
    svg("text", { x: (LEFT + width - RIGHT) / 2, y: HEIGHT - 8, class: "tick", "text-anchor": "middle" }, cut(`Truth: ${measure(design)}`, width / 7)),
    svg("text", { transform: `translate(14 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)`, class: "tick", "text-anchor": "middle" }, "Estimate of the trial"));
  const marks = known.map((dot) => one_dot(dot, x, y, () => open({ n: chosen.n, replicate: dot.replicate })));
  chart.append(...marks);
  return html("div", { class: "chart-box" }, reach(known, marks, open, chart));
}

const cut = (words, most) => (words.length > most ? `${words.slice(0, Math.floor(most) - 1)}…` : words);

function measure(design) {
  return `${design.shown?.endpoint ?? design.rule.endpoint}, ${label(design, chosen.arm)} against ${label(design, design.rule.reference)}`;
}

function one_dot(dot, x, y, open) {
  const [mark, colour] = look(dot);
  const group = svg("g", { class: `${colour} dot` }, svg("title", {}, words(dot)), svg("circle", { cx: x(dot.truth), cy: y(dot.estimate), r: 11, class: "hit" }), shape(mark, x(dot.truth).toFixed(1), y(dot.estimate).toFixed(1)));
  group.addEventListener("click", open);
  return group;
}

// One stop for the keyboard: arrows walk from dot to dot by their truth, Enter opens.
function reach(dots, marks, open, chart) {
  let now = Math.max(dots.findIndex((dot) => dot.replicate === chosen.active), 0);
  const box = html("div", { id: "dots-reach", class: "reach", tabindex: 0, role: "slider", "aria-label": "Virtual trials in the order of their truth; Enter opens one", "aria-valuemin": 1, "aria-valuemax": dots.length, "aria-valuenow": now + 1 }, chart);
  const show = () => {
    marks.forEach((mark, k) => mark.classList.toggle("active", k === now));
    chosen.active = dots[now]?.replicate ?? null;
    box.setAttribute("aria-valuenow", now + 1);
    box.setAttribute("aria-valuetext", dots[now] ? words(dots[now]) : "");
  };
  box.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10, Home: -dots.length, End: dots.length }[event.key];
    if (step !== undefined) now = Math.min(Math.max(now + step, 0), dots.length - 1);
    else if (event.key === "Enter" || event.key === " ") open({ n: chosen.n, replicate: dots[now].replicate });
    else return;
    event.preventDefault();
    show();
  });
  show();
  return box;
}

function by_number(open) {
  const number = html("input", { id: "dots-number", type: "number", min: 0, value: 0 });
  const world = html("select", { id: "dots-world" }, [["posterior", "posterior"], ["truth", "library's numbers"], ["null", "cells do nothing"]].map(([value, name]) => html("option", { value }, name)));
  const form = html("form", { class: "row" }, html("div", { class: "field" }, html("label", { for: "dots-number" }, "Any trial by its number"), number),
    html("div", { class: "field" }, html("label", { for: "dots-world" }, "in the world of the"), world), html("button", {}, "Open"));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    open({ n: chosen.n, replicate: Number(number.value), world: world.value });
  });
  return form;
}

function numbers(dots, open) {
  const head = ["Trial", "Truth", "Estimate (95 % interval)", "Decision", "Cells"].map((one, k) => html("th", { scope: "col", class: k === 1 || k === 2 ? "number" : null }, one));
  const rows = dots.map((dot) => html("tr", {}, html("th", { scope: "row" }, html("button", { type: "button", id: `open-${dot.replicate}`, class: "plain", "aria-label": `Open trial ${dot.replicate}`, onclick: () => open({ n: chosen.n, replicate: dot.replicate }) }, String(dot.replicate))),
    html("td", { class: "number" }, short(dot.truth)), html("td", { class: "number" }, `${short(dot.estimate)} (${short(dot.low)} to ${short(dot.high)})`), html("td", {}, dot.success ? "success" : "no success"), html("td", {}, dot.cells_act ? "act" : "do nothing")));
  return html("div", { class: "scroll tall", tabindex: 0, role: "region", "aria-label": "Virtual trials" }, html("table", {}, html("caption", {}, "Virtual trials of the posterior, in the order of their truth"), html("thead", {}, html("tr", {}, head)), html("tbody", {}, rows)));
}
