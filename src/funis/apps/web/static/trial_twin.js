// One virtual trial that was opened: its patients, and any of them beside his placebo twin.

import { api, told as lines_of } from "./workbench.js";
import { alert_of, chart_box, chart_width, html, short, svg, table, ticks } from "./elements.js";

const HEIGHT = 360, LEFT = 56, RIGHT = 16, TOP = 26, BOTTOM = 44;
const PAGE = 60;

let redraw = null; // draws the patient who is shown once more
let asking = null; // ends the question about the trial that was opened last

/** Show no trial, and none that is still being conducted. */
export function close_trial(box) {
  asking?.abort();
  redraw = null;
  box.replaceChildren();
}

/** Draw the patient who is shown as wide as there is room for now. */
export function repaint_trial() {
  redraw?.();
}

/** Ask for a virtual trial and show it; `chose` is told the patient that is shown. */
export async function open_trial(box, job, asked, chose) {
  asking?.abort();
  asking = new AbortController();
  redraw = null;
  box.replaceChildren(html("h2", { tabindex: -1 }, `Virtual trial ${asked.replicate}`), html("p", { role: "status" }, "It is conducted again …"));
  box.firstChild.scrollIntoView({ block: "start" });
  const query = new URLSearchParams({ n: asked.n, replicate: asked.replicate, world: asked.world ?? "posterior", structure: asked.structure ?? "present" });
  try {
    show(box, await api(`/api/trial/jobs/${job}/twin?${query}`, { signal: asking.signal }), asked, chose);
    box.querySelector("h2").focus({ preventScroll: true });
  } catch (error) {
    if (error.name !== "AbortError") box.replaceChildren(alert_of(lines_of(error)));
  }
}

function show(box, { trial, evidence, simulated }, asked, chose) {
  const detail = html("section", { id: "patient" });
  const view = (number) => {
    chose(number);
    redraw = () => show_patient(detail, trial, number, view);
    redraw();
    for (const row of box.querySelectorAll("tr[data-number]")) row.classList.toggle("chosen", row.dataset.number === String(number));
  };
  box.className = "twin";
  box.replaceChildren(html("h2", { tabindex: -1 }, `Virtual trial ${trial.replicate}, ${trial.n} patients`),
    html("p", { class: "banner" }, `${evidence} ${simulated}`), html("p", {}, world_words(trial)), decisions(trial), patients(trial, view), detail);
  view(Math.min(Math.max(Number(asked.patient) || first_treated(trial), 1), trial.patients.length));
}

const first_treated = (trial) => trial.patients.find((one) => one.arm !== trial.rule.reference)?.number ?? 1;
const WORLDS = { posterior: "a draw of the posterior", truth: "the library's numbers", null: "cells that do nothing" };

function world_words(trial) {
  const potency = trial.factors.potency, acts = potency === 0 ? "cells do nothing" : `potency ${short(potency)} times the library's`;
  return `Its world: ${WORLDS[trial.world]}${trial.world === "posterior" ? ` (number ${trial.draw}: ${acts})` : ""}, form of the model: ${trial.structure.replaceAll("_", " ")}. Endpoint ${trial.rule.endpoint}, ${trial.rule.method}.`;
}

function decisions(trial) {
  return table("What the trial reports beside what is true in its world", ["Arm", "Patients", "Truth", "Estimate (interval)", "Decision"],
    Object.entries(trial.estimates).map(([arm, one]) => [`${arm} against ${trial.rule.reference}`, `${trial.sizes[arm]} and ${trial.sizes[trial.rule.reference]}`, short(trial.truth[arm]), `${short(one.estimate)} (${short(one.low)} to ${short(one.high)})`, trial.success[arm] ? "success" : "no success"]), "stacked");
}

function events_words(events) {
  const all = Object.entries(events).filter(([, week]) => week !== null).map(([name, week]) => `${name}, week ${short(week)}`);
  return all.join("; ") || "–";
}

function patients(trial, view) {
  const body = html("tbody");
  const columns = ["Patient", "Arm", "Site", `${trial.rule.endpoint}`, `Under ${trial.rule.reference} (twin)`, "Events"];
  const arm = html("select", { id: "patients-arm" }, html("option", { value: "" }, "all arms"), Object.keys(trial.sizes).map((one) => html("option", { value: one }, one)));
  const fill = (all) => {
    const rows = trial.patients.filter((one) => !arm.value || one.arm === arm.value), shown = all ? rows : rows.slice(0, PAGE);
    body.replaceChildren(...shown.map((one) => html("tr", { "data-number": one.number },
      html("th", { scope: "row" }, html("button", { type: "button", class: "plain", "aria-label": `Show patient ${one.number}`, onclick: () => view(one.number) }, String(one.number))),
      html("td", {}, one.arm), html("td", {}, String(one.site)), html("td", { class: "number" }, short(one.value)), html("td", { class: "number" }, short(one.twin_value)), html("td", {}, events_words(one.events)))));
    more.hidden = shown.length === rows.length;
  };
  const more = html("button", { type: "button", onclick: () => fill(true) }, "Show all");
  arm.addEventListener("change", () => fill(false));
  fill(false);
  return html("section", {}, html("h3", {}, "Patients"), html("div", { class: "field narrow" }, html("label", { for: "patients-arm" }, "Arm"), arm),
    html("div", { class: "scroll tall", tabindex: 0, role: "region", "aria-label": "Patients" }, html("table", {}, html("caption", {}, "Each patient beside himself under the reference: the same person, the same luck"), html("thead", {}, html("tr", {}, columns.map((one, k) => html("th", { scope: "col", class: k === 3 || k === 4 ? "number" : null }, one)))), body)), more);
}

// ---- one patient

let endpoint = null;

function show_patient(box, trial, number, view) {
  const one = trial.patients[number - 1], known = trial.endpoints;
  if (!known.some((other) => other.id === endpoint)) endpoint = (known.find((other) => other.number) ?? known[0]).id;
  const focused = box.contains(document.activeElement) ? document.activeElement.id : null;
  const pick = html("select", { id: "patient-endpoint" }, known.map((other) => html("option", { value: other.id, selected: other.id === endpoint }, other.name)));
  pick.addEventListener("change", () => { endpoint = pick.value; show_patient(box, trial, number, view); });
  const which = html("input", { id: "patient-number", type: "number", min: 1, max: trial.patients.length, value: number });
  which.addEventListener("change", () => view(Math.min(Math.max(Math.round(Number(which.value)) || 1, 1), trial.patients.length)));
  box.replaceChildren(html("h3", {}, `Patient ${number} of the arm ${one.arm}, beside his twin under ${trial.rule.reference}`),
    html("div", { class: "row" }, html("div", { class: "field" }, html("label", { for: "patient-number" }, "Patient"), which), html("div", { class: "field" }, html("label", { for: "patient-endpoint" }, "Score"), pick)),
    legend(one, trial), picture(trial, one, known.find((other) => other.id === endpoint), chart_width(box)),
    html("p", { class: "small", role: "status" }, told(trial, one)),
    html("details", {}, html("summary", {}, "Numbers"), numbers(trial, one), doses(one)));
  if (focused) document.getElementById(focused)?.focus();
}

function told(trial, one) {
  const given = one.doses.length ? `Given: ${one.doses.map((dose) => `day ${short(dose.day)} ${dose.intervention}`).join(", ")}.` : "Nothing was given.";
  return `${given} Events: ${events_words(one.events)}. The line is one person; the bands are the middle 80 % and 50 % of his arm, and of the same patients under ${trial.rule.reference}.`;
}

function legend(one, trial) {
  const item = (sample, words) => html("li", {}, svg("svg", { width: 30, height: 16, viewBox: "0 -8 30 16", "aria-hidden": "true" }, sample), words);
  return html("ul", { class: "legend" }, item(svg("line", { x1: 1, x2: 29, class: "curve arm a2" }), `${one.arm}, as measured`), item(svg("line", { x1: 1, x2: 29, class: "curve truth a2" }), "the truth behind it"),
    item(svg("line", { x1: 1, x2: 29, class: "curve twin" }), `his twin under ${trial.rule.reference}`), item(svg("rect", { y: -6, x: 1, width: 28, height: 12, class: "band arm inner a2" }), `the arm, ${trial.sizes[one.arm]} patients`), item(svg("rect", { y: -6, x: 1, width: 28, height: 12, class: "band twin outer" }), "its twins"));
}

function picture(trial, one, asked, width) {
  const weeks = trial.weeks, band = trial.bands[one.arm][asked.id], course = one.courses[asked.id], truth = one.truth[asked.id];
  const share = !asked.number, rows = share ? [band.own.mean, band.twin.mean, course.own, course.twin] : [band.own.q10, band.own.q90, band.twin.q10, band.twin.q90, course.own, course.twin, truth?.own ?? []];
  const values = rows.flat().filter((value) => value !== null), low = share ? 0 : Math.min(...values), high = share ? 1 : Math.max(...values), pad = 0.06 * (high - low || 1);
  const x = (week) => LEFT + (week / Math.max(...weeks, 1)) * (width - LEFT - RIGHT);
  const y = (value) => HEIGHT - BOTTOM - ((value - low + pad) / (high - low + 2 * pad)) * (HEIGHT - TOP - BOTTOM);
  const chart = svg("svg", { class: "chart", viewBox: `0 0 ${width} ${HEIGHT}`, role: "img", "aria-label": `${asked.name} of patient ${one.number} by week, beside his twin and the bands of the arm; the numbers stand below` });
  for (const value of ticks(low - pad, high + pad, 5)) chart.append(svg("line", { x1: LEFT, x2: width - RIGHT, y1: y(value), y2: y(value), class: "grid" }), svg("text", { x: LEFT - 8, y: y(value) + 4, class: "tick", "text-anchor": "end" }, short(value)));
  for (const week of weeks.length <= width / 32 ? weeks : ticks(0, Math.max(...weeks), width / 60)) chart.append(svg("text", { x: x(week), y: HEIGHT - BOTTOM + 18, class: "tick", "text-anchor": "middle" }, short(week)));
  chart.append(svg("text", { x: (LEFT + width - RIGHT) / 2, y: HEIGHT - 6, class: "tick", "text-anchor": "middle" }, "Week"), svg("text", { x: LEFT, y: 12, class: "tick" }, `${asked.name}${asked.unit ? ` [${asked.unit}]` : ""}${share ? " (1: met; bands are shares)" : ""}`));
  if (share) chart.append(line(weeks, band.own.mean, x, y, "curve arm thin a2"), line(weeks, band.twin.mean, x, y, "curve twin thin"));
  else chart.append(area(weeks, band.twin.q10, band.twin.q90, x, y, "band twin outer"), area(weeks, band.own.q10, band.own.q90, x, y, "band arm outer a2"), area(weeks, band.own.q25, band.own.q75, x, y, "band arm inner a2"));
  if (truth) chart.append(line(weeks, truth.own, x, y, "curve truth a2"));
  chart.append(line(weeks, course.twin, x, y, "curve twin"), line(weeks, course.own, x, y, "curve arm a2"), points(weeks, course.own, x, y));
  for (const dose of one.doses) chart.append(svg("path", { d: "M0 0l-4.5 -9h9z", transform: `translate(${x(dose.day / 7)} ${HEIGHT - BOTTOM})`, class: dose.amount > 1000 ? "dose" : "drug" }, svg("title", {}, `Day ${short(dose.day)}: ${dose.intervention}`)));
  for (const [name, week] of Object.entries(one.events)) if (week !== null) chart.append(svg("line", { x1: x(week), x2: x(week), y1: TOP, y2: HEIGHT - BOTTOM, class: "cursor" }), svg("text", { x: x(week) + 4, y: TOP + 10, class: "note" }, name));
  return chart_box("Chart of the patient, his twin and the bands of his arm", chart);
}

function line(weeks, values, x, y, look) {
  const pieces = [];
  values.forEach((value, k) => value !== null && pieces.push(`${pieces.length && values[k - 1] !== null ? "L" : "M"}${x(weeks[k]).toFixed(1)} ${y(value).toFixed(1)}`));
  return svg("path", { d: pieces.join(""), class: look });
}

function points(weeks, values, x, y) {
  return svg("g", { class: "a2" }, values.map((value, k) => (value === null ? null : svg("circle", { cx: x(weeks[k]), cy: y(value), r: 3.5, class: "mark" }))));
}

function area(weeks, low, high, x, y, look) {
  const known = weeks.map((week, k) => [week, low[k], high[k]]).filter(([, a, b]) => a !== null && b !== null);
  const upper = known.map(([week, , b]) => `${x(week).toFixed(1)},${y(b).toFixed(1)}`), lower = known.map(([week, a]) => `${x(week).toFixed(1)},${y(a).toFixed(1)}`).reverse();
  return svg("polygon", { points: [...upper, ...lower].join(" "), class: look });
}

function numbers(trial, one) {
  const asked = trial.endpoints.find((other) => other.id === endpoint), course = one.courses[endpoint], band = trial.bands[one.arm][endpoint], truth = one.truth[endpoint];
  const range = (part, k) => (asked.number ? `${short(part.median[k])} (${short(part.q10[k])} to ${short(part.q90[k])})` : `${short(100 * part.mean[k])} % of ${part.n[k]}`);
  return table(`${asked.name}, visit by visit`, ["Week", one.arm, "Truth", `Twin under ${trial.rule.reference}`, asked.number ? "Arm, median (10 to 90 %)" : "Share of the arm", "Its twins"],
    trial.weeks.map((week, k) => [short(week), short(course.own[k]), short(truth?.own[k] ?? null), short(course.twin[k]), range(band.own, k), range(band.twin, k)]));
}

function doses(one) {
  if (!one.doses.length) return null;
  return table("What he was given", ["Day", "Intervention", "Route", "Amount", "By the rule"], one.doses.map((dose) => [short(dose.day), dose.intervention, dose.route, dose.amount > 1000 ? `${short(dose.amount / 1e6)} million cells` : `${short(dose.amount)} standard doses × days`, dose.rule || "–"]));
}
