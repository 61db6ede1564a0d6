// Type I error, power and assurance by the size of a trial, with their intervals, while they grow.

import { chart_box, chart_width, html, short, svg, table, ticks } from "./elements.js";
import { warnings } from "./trial_run.js";

const HEIGHT = 380, LEFT = 52, RIGHT = 16, TOP = 14, BOTTOM = 44;

/** Draw what is known of the characteristics of a design. */
export function draw_power(box, design) {
  const rows = curves(design), width = chart_width(box), open = box.querySelector("details")?.open ?? false;
  const numbers = html("details", { open }, html("summary", {}, "Numbers"), as_table(design, rows));
  box.replaceChildren(html("h2", {}, "How often it would succeed"),
    html("p", { class: "banner" }, `${design.evidence ?? ""} ${design.simulated ?? ""}`.trim()),
    ...warnings(design.shown?.alerts ?? []), failed(design), html("p", {}, rule_words(design)), legend(rows, design.rule.alpha), picture(design, rows, width), html("p", { class: "small", role: "status" }, summary(design, rows)), numbers);
  box.setAttribute("aria-label", "Power and assurance");
}

function curves(design) {
  const of = (name) => design.points.map((point) => point[name] ?? null);
  const forms = design.structures.filter((name) => name !== "present");
  const rows = [
    { name: "Type I error (cells do nothing)", mark: "square", colour: "a0", values: of("type1") },
    { name: "Power (library's numbers true)", mark: "triangle", colour: "a1", values: of("power") },
    { name: "Assurance (posterior, no effect among it)", mark: "circle", colour: "a2", values: of("assurance") },
    ...forms.map((form, k) => ({ name: `Assurance, form ${form.replaceAll("_", " ")}`, mark: "ring", colour: `a${4 + (k % 3)}`, dashed: true, values: design.points.map((point) => point.by_structure?.[form] ?? null) })),
  ];
  return rows;
}

function failed(design) {
  return design.failed ? html("p", { class: "alert" }, `${design.failed} courses of virtual patients could not be solved; they count as not seen.`) : "";
}

function rule_words({ rule, shown }) {
  const least = rule.minimal_difference ? ` by more than ${short(rule.minimal_difference)}` : "", name = (arm) => shown?.labels[arm] ?? arm;
  return `Success: ${rule.arms.map(name).join(", ")} ${rule.direction === "greater" ? "above" : "below"} ${name(rule.reference)}${least} in ${shown?.endpoint ?? rule.endpoint}, ${rule.method.replaceAll("_", " ")}, alpha ${short(rule.alpha)} (two-sided).`;
}

function legend(rows, alpha) {
  const nominal = html("li", {}, svg("svg", { width: 26, height: 16, viewBox: "-13 -8 26 16", "aria-hidden": "true" }, svg("line", { x1: -12, x2: 12, class: "reference" })),
    `${short(50 * alpha)} %: the type I error that the rule allows, alpha / 2 in its one direction`);
  return html("ul", { class: "legend" }, rows.map((row) => html("li", { class: row.colour },
    svg("svg", { width: 26, height: 16, viewBox: "-13 -8 26 16", "aria-hidden": "true" }, svg("line", { x1: -12, x2: 12, class: row.dashed ? "curve arm dashed" : "curve arm" }), shape(row.mark, 0, 0)), row.name)), nominal);
}

/** A mark by shape, so that colour is never alone. */
export function shape(name, x, y, more = {}) {
  const at = { transform: `translate(${x} ${y})`, ...more, class: `mark ${name === "ring" ? "ring " : ""}${more.class ?? ""}` };
  if (name === "square") return svg("rect", { ...at, x: -4.5, y: -4.5, width: 9, height: 9 });
  if (name === "triangle") return svg("path", { ...at, d: "M0 -6.5L6 5H-6Z" });
  if (name === "cross") return svg("path", { ...at, d: "M-5 -5L5 5M-5 5L5 -5" });
  return svg("circle", { ...at, r: 5 });
}

function picture(design, rows, width) {
  const sizes = design.points.map((point) => point.n), most = Math.max(...sizes), least = Math.min(...sizes);
  const span = most - least || 1, pad = sizes.length > 1 ? 0.06 * span : 1;
  const x = (n) => LEFT + ((n - least + pad) / (span + 2 * pad)) * (width - LEFT - RIGHT);
  const y = (share) => HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM);
  const chart = svg("svg", { class: "chart", viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": summary(design, rows) });
  for (const share of [0, 0.2, 0.4, 0.6, 0.8, 1]) chart.append(svg("line", { x1: LEFT, x2: width - RIGHT, y1: y(share), y2: y(share), class: "grid" }), svg("text", { x: LEFT - 8, y: y(share) + 4, class: "tick", "text-anchor": "end" }, `${Math.round(share * 100)} %`));
  for (const n of sizes.length <= width / 70 ? sizes : ticks(least, most, width / 90)) chart.append(svg("text", { x: x(n), y: HEIGHT - BOTTOM + 18, class: "tick", "text-anchor": "middle" }, String(n)));
  chart.append(svg("text", { x: (LEFT + width - RIGHT) / 2, y: HEIGHT - 6, class: "tick", "text-anchor": "middle" }, "Patients in all arms"));
  const level = design.rule.alpha / 2;
  chart.append(svg("line", { x1: LEFT, x2: width - RIGHT, y1: y(level), y2: y(level), class: "reference" }));
  rows.forEach((row, place) => chart.append(curve(row, sizes, x, y, (place - (rows.length - 1) / 2) * 5)));
  return chart_box("Chart of power and assurance by the size of the trial", chart);
}

function curve(row, sizes, x, y, aside) {
  const known = row.values.map((value, k) => ({ value, at: x(sizes[k]) + aside })).filter((one) => one.value);
  const line = known.map((one) => `${one.at.toFixed(1)},${y(one.value.estimate).toFixed(1)}`).join(" ");
  const marks = known.map(({ value, at }) => [svg("line", { x1: at, x2: at, y1: y(value.low), y2: y(value.high), class: "whisker" }), shape(row.mark, at.toFixed(1), y(value.estimate).toFixed(1))]);
  return svg("g", { class: row.colour }, svg("polyline", { points: line, class: row.dashed ? "curve arm dashed" : "curve arm" }), marks.flat());
}

const percent = (one, digits = 0) => (one ? `${(100 * one.estimate).toFixed(digits)} % (${(100 * one.low).toFixed(digits)} to ${(100 * one.high).toFixed(digits)})` : "not known yet");

function summary(design, rows) {
  const last = design.points.length - 1, [type1, power, assurance] = rows.map((row) => row.values[last]);
  const parts = design.draws?.find((one) => one.world === "posterior" && one.structure === "present");
  const so_far = parts && parts.done < parts.all ? ` So far ${parts.done} of ${parts.all} draws of the posterior.` : "";
  return `With ${design.points[last].n} patients: type I error ${percent(type1, 1)}, power ${percent(power)}, assurance ${percent(assurance)}, 95 % intervals.${so_far}`;
}

function as_table(design, rows) {
  return table("Share of trials that meet the success rule, with 95 % intervals", ["Patients", ...rows.map((row) => row.name), "Assurance if cells act"],
    design.points.map((point, k) => [String(point.n), ...rows.map((row, place) => percent(row.values[k], place === 0 ? 1 : 0)), percent(point.assurance_if_any_effect)]));
}
