// The form of a trial: each control is one place in the text, and changes it alone.

import { html } from "./elements.js";

const WHERE = { arms: "arms", endpoints: "endpoints" };

/** Fill the form from the plain content of a draft; `change` is called with each change. */
export function draw_form(form, data, outline, options, change) {
  const focused = form.contains(document.activeElement) ? document.activeElement.id : null;
  const open = new Set([...form.querySelectorAll("details[open]")].map((one) => one.id));
  const first = !form.childElementCount;
  const ask = { data, outline, options, change };
  const parts = [general(ask), arms(ask), visits(ask), criteria(ask), endpoints(ask), success(ask)];
  for (const part of parts) if (open.has(part.id) || (first && ["part-general", "part-arms"].includes(part.id))) part.open = true;
  form.replaceChildren(...parts);
  if (focused) document.getElementById(focused)?.focus();
}

/** Show faults at the controls whose keys they name. */
export function mark_faults(form, issues) {
  for (const one of form.querySelectorAll("[aria-invalid]")) one.removeAttribute("aria-invalid");
  for (const issue of issues) {
    const control = issue.key && form.querySelector(`[data-dotted="${CSS.escape(issue.key)}"]`);
    if (control && issue.severity === "error") control.setAttribute("aria-invalid", "true");
  }
}

function part(id, title, ...content) {
  return html("details", { id }, html("summary", {}, title), ...content);
}

const id_of = (path) => `f-${path.join("-")}`;
const dotted = (path) => path.map((one) => (typeof one === "number" ? `[${one}]` : `.${one}`)).join("").replace(/^\./, "");
const at = (data, path) => path.reduce((found, one) => found?.[one], data);

function field(label, control, help) {
  return html("div", { class: "field" }, html("label", { for: control.id }, label), control, help ? html("p", { class: "help" }, help) : null);
}

/** A text or number at a place; an empty one takes an optional key away. */
function input(ask, path, label, { type = "text", optional = false, step = "any", min = null, help = "" } = {}) {
  const now = at(ask.data, path);
  const control = html("input", { id: id_of(path), type, step: type === "number" ? step : null, min, value: now ?? "", "data-dotted": dotted(path) });
  control.addEventListener("change", () => {
    const text = control.value.trim();
    if (text === "" && optional) return at(ask.data, path) === undefined ? null : ask.change({ kind: "remove", path });
    if (type === "number" && (text === "" || Number.isNaN(Number(text)))) return (control.value = now ?? "");
    return ask.change({ kind: "set", path, value: type === "number" ? Number(text) : control.value });
  });
  return field(label, control, help);
}

/** One of several at a place; `none` is what no choice is called. */
function select(ask, path, label, choices, { none = null, take = null } = {}) {
  const now = at(ask.data, path) ?? "";
  const known = choices.some((one) => String(one.id) === String(now));
  const control = html("select", { id: id_of(path), "data-dotted": dotted(path) },
    none === null ? null : html("option", { value: "" }, none),
    known || now === "" ? null : html("option", { value: now, selected: true }, `${now} (unknown)`),
    choices.map((one) => html("option", { value: one.id, selected: String(one.id) === String(now) }, one.name === one.id ? one.id : `${one.name}`)));
  if (now === "" && none === null) control.prepend(html("option", { value: "", selected: true }, "choose"));
  control.addEventListener("change", () => {
    if (take) return take(control.value);
    if (control.value === "") return ask.change({ kind: "remove", path });
    const chosen = choices.find((one) => String(one.id) === control.value);
    return ask.change({ kind: "set", path, value: chosen ? chosen.id : control.value });
  });
  return field(label, control);
}

function button(label, action, name = label, kind = "") {
  return html("button", { type: "button", class: kind || null, "aria-label": name, onclick: action }, label);
}

const named = (list) => list.map((one) => ({ id: one, name: String(one).replaceAll("_", " ") }));
const listed = (value) => (Array.isArray(value) ? value : []);

function general(ask) {
  return part("part-general", "Trial",
    input(ask, ["title"], "Title"),
    html("div", { class: "row" },
      input(ask, ["population", "patients_per_arm"], "Patients an arm", { type: "number", step: 1, min: 1 }),
      input(ask, ["seed"], "Seed", { type: "number", step: 1, min: 0 }),
      input(ask, ["dropout", "rate_per_year"], "Drop-out a year (hazard)", { type: "number", min: 0 })));
}

function arms(ask) {
  return part("part-arms", "Arms and doses",
    ...listed(ask.data.arms).map((arm, k) => (arm && typeof arm === "object" ? one_arm(ask, arm, k) : null)).filter(Boolean),
    html("div", { class: "row" }, button("Add an arm", () => ask.change({ kind: "add_arm" }))));
}

function one_arm(ask, arm, k) {
  const path = [WHERE.arms, k], name = arm.label ?? arm.id ?? `arm ${k + 1}`;
  const given = listed(arm.interventions);
  return html("fieldset", {}, html("legend", {}, arm.id ?? "?"),
    html("div", { class: "row" },
      input(ask, [...path, "label"], "Label"),
      select(ask, [...path, "control"], "Control", named(ask.options.controls), { none: "no control" })),
    ...given.map((one, place) => (one && typeof one === "object" ? intervention(ask, one, [...path, "interventions", place], k, place, name) : null)).filter(Boolean),
    html("div", { class: "row" },
      button("Add cells", () => ask.change({ kind: "insert", path: [...path, "interventions"], value: new_cells(ask) }), `Add cells to ${name}`),
      button("Add a drug", () => ask.change({ kind: "insert", path: [...path, "interventions"], value: new_drug(ask) }), `Add a drug to ${name}`),
      button("Copy the arm", () => ask.change({ kind: "add_arm", arm: k }), `Copy the arm ${name}`),
      button("Remove the arm", () => ask.change({ kind: "remove_arm", arm: k }), `Remove the arm ${name}`, "danger")));
}

const new_cells = (ask) => ({ product: ask.options.products.find((one) => one.id.startsWith("uc_"))?.id ?? ask.options.products[0].id, dose_cell_per_kg: 1e6, route: ask.options.routes[0].id, schedule: { days: [0] } });
const new_drug = (ask) => ({ drug: ask.options.drugs[0].id, dose: 1, schedule: { start_day: 0, continuous: true } });

function intervention(ask, one, path, arm, place, name) {
  const remove = button("Remove", () => ask.change({ kind: "remove", path }), `Remove ${one.product ?? one.drug ?? "sham"} from ${name}`, "danger");
  const shown = ask.outline?.arms[arm]?.given.find((row) => row.place === place);
  const days = days_field(ask, path, shown);
  if ("drug" in one) {
    return html("div", { class: "given" }, html("div", { class: "row" }, select(ask, [...path, "drug"], "Drug", ask.options.drugs),
      input(ask, [...path, "dose"], "Times the standard dose", { type: "number", min: 0 }), days, remove));
  }
  if (one.sham === true) return html("div", { class: "given" }, html("div", { class: "row" }, select(ask, [...path, "route"], "Sham by route", ask.options.routes), days, remove));
  return html("div", { class: "given" }, html("div", { class: "row" }, select(ask, [...path, "product"], "Product", ask.options.products),
    cells(ask, one, path), per(ask, one, path), select(ask, [...path, "route"], "Route", ask.options.routes), days, remove));
}

const unit_key = (one) => ("dose_cell_per_kg" in one ? "dose_cell_per_kg" : "dose_cell");

function cells(ask, one, path) {
  const key = unit_key(one), now = one[key];
  const control = html("input", { id: id_of([...path, "cells"]), type: "number", min: 0, step: "any", value: typeof now === "number" ? now / 1e6 : "", "data-dotted": dotted([...path, key]) });
  control.addEventListener("change", () => {
    if (control.value === "") control.value = typeof now === "number" ? now / 1e6 : "";
    else ask.change({ kind: "set", path: [...path, key], value: Number((Number(control.value) * 1e6).toPrecision(12)) });
  });
  return field("Million cells a dose", control);
}

function per(ask, one, path) {
  const key = unit_key(one), other = key === "dose_cell" ? "dose_cell_per_kg" : "dose_cell";
  const choices = [{ id: "dose_cell", name: "in total" }, { id: "dose_cell_per_kg", name: "a kg of body weight" }];
  const control = html("select", { id: id_of([...path, "per"]) }, choices.map((choice) => html("option", { value: choice.id, selected: choice.id === key }, choice.name)));
  control.addEventListener("change", () => ask.change([{ kind: "set", path: [...path, other], value: one[key] ?? 1e6 }, { kind: "remove", path: [...path, key] }]));
  return field("Dose is", control);
}

function days_field(ask, path, shown) {
  const schedule = at(ask.data, [...path, "schedule"]) ?? {};
  const control = html("input", { id: id_of([...path, "days"]), type: "text", inputmode: "numeric", value: (shown?.days ?? []).join(", "), "data-dotted": dotted([...path, "schedule", "days"]) });
  control.addEventListener("change", () => {
    const days = control.value.split(/[,\s]+/).filter(Boolean).map(Number);
    const rest = Object.fromEntries(Object.entries(schedule).filter(([key]) => !["days", "start_day", "every_day", "times"].includes(key)));
    ask.change({ kind: "set", path: [...path, "schedule"], value: { days: days.some(Number.isNaN) ? control.value : days, ...rest } });
  });
  return field("Days", control);
}

function visits(ask) {
  const path = ["visits", "weeks"];
  const control = html("input", { id: id_of(path), type: "text", value: listed(at(ask.data, path)).join(", "), "data-dotted": "visits.weeks" });
  control.addEventListener("change", () => {
    const weeks = control.value.split(/[,\s]+/).filter(Boolean).map((one) => (Number.isNaN(Number(one)) ? one : Number(one)));
    ask.change({ kind: "set", path, value: weeks });
  });
  return part("part-visits", "Visits", field("Weeks", control, "The first is week 0. A visit that is moved in the timeline takes along whatever is asked at it."));
}

function criteria(ask) {
  const here = listed(at(ask.data, ["population", "criteria"])), known = new Set(here.map((one) => one?.expression));
  const rest = ask.options.criteria.filter((one) => !known.has(one.expression));
  const add = html("select", { id: "f-criterion-new" }, html("option", { value: "" }, "choose"), rest.map((one) => html("option", { value: one.expression }, one.expression)));
  add.addEventListener("change", () => {
    const one = rest.find((other) => other.expression === add.value);
    if (one) ask.change({ kind: "insert", path: ["population", "criteria"], value: { id: one.id, expression: one.expression, visits: one.visits, ...(one.source ? { source: one.source } : {}) } });
  });
  return part("part-criteria", "Criteria of entry",
    ...here.map((_, k) => html("div", { class: "row" }, input(ask, ["population", "criteria", k, "expression"], `Condition ${k + 1}`),
      button("Remove", () => ask.change({ kind: "remove", path: ["population", "criteria", k] }), `Remove condition ${k + 1}`, "danger"))),
    field("Add a condition of another trial", add));
}

function endpoints(ask) {
  const weeks = (ask.outline?.visits ?? []).map((week) => ({ id: week, name: `week ${week}` }));
  const rows = listed(ask.data.endpoints).map((one, k) => {
    const path = [WHERE.endpoints, k], known = ask.options.endpoints.find((other) => other.id === one?.endpoint);
    const methods = ask.options.methods.filter((method) => method.measures.includes(one?.measure));
    return html("fieldset", { class: "endpoint" }, html("legend", {}, `${one?.role ?? "?"} endpoint`), html("div", { class: "row" },
      select(ask, [...path, "endpoint"], "Endpoint", ask.options.endpoints),
      select(ask, [...path, "week"], "Week", weeks),
      select(ask, [...path, "measure"], "Measured as", named(known?.measures ?? ["responder", "change", "value", "rate"])),
      select(ask, [...path, "role"], "Role", named(ask.options.roles)),
      select(ask, [...path, "method"], "Analysis", methods.map((method) => ({ id: method.id, name: method.id.replaceAll("_", " ") })), { none: `default (${ask.options.default_method[one?.measure] ?? "?"})` }),
      button("Remove", () => ask.change({ kind: "remove", path }), `Remove endpoint ${k + 1}`, "danger")));
  });
  const last = ask.outline?.visits.at(-1) ?? 12, one = ask.options.endpoints[0];
  const fresh = { endpoint: one.id, week: last, measure: one.measures[0], role: "secondary" };
  return part("part-endpoints", "Endpoints", ...rows, html("div", { class: "row" }, button("Add an endpoint", () => ask.change({ kind: "insert", path: [WHERE.endpoints], value: fresh }))));
}

function success(ask) {
  if (!ask.data.success) return part("part-success", "Success rule", html("p", {}, "This trial has no success rule: it can be conducted, but it has no power."));
  const asked = listed(ask.data.endpoints).map((one) => one ?? {});
  const pairs = asked.map((one) => ({ id: `${one.endpoint}@${one.week}`, name: `${one.endpoint} at week ${one.week}`, one }));
  const now = `${ask.data.success.endpoint}@${ask.data.success.week}`;
  const control = html("select", { id: "f-success-which" }, pairs.some((pair) => pair.id === now) ? null : html("option", { value: "", selected: true }, `${now} (not an endpoint)`),
    pairs.map((pair) => html("option", { value: pair.id, selected: pair.id === now }, pair.name)));
  control.addEventListener("change", () => {
    const { one } = pairs.find((pair) => pair.id === control.value) ?? {};
    if (!one) return;
    const summary = ask.options.methods.find((method) => method.id === one.method)?.summary ?? ask.options.summary_of[one.measure];
    ask.change([["endpoint", one.endpoint], ["week", one.week], ["measure", summary]].map(([key, value]) => ({ kind: "set", path: ["success", key], value })));
  });
  const chosen = listed(ask.data.success.arms), names = listed(ask.data.arms).map((arm) => arm?.id).filter(Boolean);
  const boxes = names.filter((name) => name !== ask.data.success.reference).map((name) => {
    const box = html("input", { type: "checkbox", id: `f-success-arm-${name}`, checked: chosen.includes(name) });
    box.addEventListener("change", () => ask.change({ kind: "set", path: ["success", "arms"], value: names.filter((one) => (one === name ? box.checked : chosen.includes(one))) }));
    return html("div", {}, html("label", { for: box.id }, box, name));
  });
  return part("part-success", "Success rule", field("The rule asks for", control),
    html("fieldset", {}, html("legend", {}, "Arms that may succeed"), ...boxes),
    html("div", { class: "row" }, select(ask, ["success", "direction"], "Better is", named(ask.options.directions)),
      input(ask, ["success", "alpha"], "Alpha (two-sided)", { type: "number", min: 0, optional: true }),
      input(ask, ["success", "minimal_difference"], "Required difference", { type: "number", min: 0, optional: true })));
}
