// One virtual trial that was conducted: what it decided, arm beside arm, and what failed first.

import { html, table } from "./elements.js";

/** Show the results of a run; before they are there, nothing. */
export function draw_run(box, result) {
  if (!result.contrasts) return;
  const shown = result.shown ?? { alerts: [], contrasts: [], arms: {}, endpoints: [], success_rule: "" };
  box.replaceChildren(html("h2", {}, "What it reports"), html("p", { class: "banner" }, `${result.evidence} ${result.research_use}`),
    ...warnings(shown.alerts), ...result.issues.map((one) => html("p", { class: "alert" }, one)),
    html("p", {}, html("span", { class: "soft" }, "Success rule: "), shown.success_rule), contrasts(shown.contrasts), arms(shown));
}

/** What a reader must see before any result. */
export function warnings(alerts) {
  return alerts.map((one) => html("div", { class: `alert ${one.level === "error" ? "error" : ""}` }, html("p", {}, html("strong", {}, `${one.title}. `), one.text)));
}

function contrasts(rows) {
  if (!rows.length) return html("p", {}, "This trial makes no comparison: nothing was decided.");
  return table("Each arm beside the reference; simulated, 95 % intervals", ["What", "Treated", "Reference", "Difference", "Rule fixed before"],
    rows.map((one) => [one.words, one.treated, one.control, one.difference, one.rule || "–"]), "stacked");
}

function arms(shown) {
  const names = Object.entries(shown.arms).map(([label, n]) => `${label} (n = ${n})`);
  return html("details", {}, html("summary", {}, "Every arm and endpoint"), table("Estimates with 95 % intervals, arms side by side", ["Endpoint", ...names], shown.endpoints, "stacked"));
}
