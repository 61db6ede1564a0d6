// One virtual trial that was conducted: what it decided, arm beside arm, and what failed first.

import { html, short, table } from "./trial_svg.js";

/** Show the results of a run; before they are there, nothing. */
export function draw_run(box, result) {
  if (!result.contrasts) return;
  const failed = Object.entries(result.failed).flatMap(([arm, reasons]) => Object.entries(reasons).map(([reason, n]) => `${n} in ${arm}: ${reason}`));
  box.replaceChildren(html("h2", {}, "What it reports"), html("p", { class: "banner" }, `${result.evidence} ${result.research_use}`),
    ...[...failed.map((one) => `Virtual patients that failed: ${one}.`), ...result.issues].map((one) => html("p", { class: "alert" }, one)),
    decided(result), contrasts(result), arms(result));
}

const interval = (one, scale = 1) => `${short(one.estimate * scale)} (${short(one.low * scale)} to ${short(one.high * scale)})`;

function decided(result) {
  if (!result.success.length) return html("p", {}, "This trial has no success rule: nothing was decided.");
  return table("The success rule", ["Arm", "Against", "Endpoint", "Decision"], result.success.map((one) => [one.arm, one.reference, one.endpoint, one.verdict ?? (one.success ? "success" : "no success")]));
}

function contrasts(result) {
  return table("Each arm against the reference, with 95 % intervals", ["Arm", "Against", "Endpoint", "Measure", "Estimate (interval)"],
    result.contrasts.map((one) => [one.arm, one.reference, one.endpoint, one.measure.replaceAll("_", " "), one.estimate === null ? "–" : interval(one)]));
}

function arms(result) {
  const names = Object.keys(result.arms), endpoints = [...new Set(names.flatMap((arm) => Object.keys(result.arms[arm].endpoints)))];
  const cell = (one) => (!one || one.estimate === null ? "–" : one.unit === "proportion" ? `${interval(one, 100)} %` : interval(one));
  return html("details", {}, html("summary", {}, "Every arm and endpoint"), table("Estimates with 95 % intervals, arms side by side", ["Endpoint", ...names.map((arm) => `${arm} (n = ${result.arms[arm].n})`)],
    endpoints.map((name) => [name, ...names.map((arm) => cell(result.arms[arm].endpoints[name]))])));
}
