// The editor of a trial: the text is the one truth; form and timeline change it through the API.

import { alert_of, html, million, short } from "./elements.js";
import { draw_form, mark_faults } from "./trial_form.js";
import { draw_timeline } from "./trial_timeline.js";
import { api, Refused, told } from "./workbench.js";

const TYPING_MS = 120;
const by_id = (id) => document.getElementById(id);
const text = by_id("text"), form = by_id("form"), issues = by_id("issues");
const DISEASES = new Set([...by_id("from-disease").options].map((one) => one.value));
const begun = { trial: text.dataset.trial ?? null, text: text.defaultValue };
const state = { name: text.dataset.name, draft: null, options: null, disease: null, past: [], queue: Promise.resolve() };
let asking = null, typing = 0;

// ---- what the server says of the text

async function check() {
  asking?.abort();
  asking = new AbortController();
  try {
    show(await api("/api/trial/check", { body: { text: text.value, name: state.name }, signal: asking.signal }), false);
  } catch (error) {
    if (error.name !== "AbortError") refused(error);
  }
}

/** Make a change, or several, one after the other; the text is what the last one left. */
function change(asked, words = "", focus = null) {
  state.queue = state.queue.then(() => changing([asked].flat(), words, focus));
  return state.queue;
}

async function changing(asked, words, focus) {
  clearTimeout(typing);
  asking?.abort();
  const before = text.value;
  let answer = null, now = before;
  try {
    for (const one of asked) {
      answer = await api("/api/trial/change", { body: { text: now, name: state.name, change: one } });
      now = answer.text;
    }
  } catch (error) {
    return refused(error);
  }
  remember(before);
  show(answer, true);
  by_id("said").textContent = words;
  const key = focus?.(answer);
  if (key) document.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
}

function refused(error) {
  if (!(error instanceof Refused)) throw error;
  issues.replaceChildren(alert_of(error.lines));
}

// ---- what is shown of it

async function show(draft, whole) {
  state.draft = draft;
  if (whole && text.value !== draft.text) {
    const { scrollTop } = text;
    text.value = draft.text;
    text.scrollTop = scrollTop;
  }
  show_issues(draft);
  number_lines(draft.issues);
  if (draft.outline) {
    by_id("whole").textContent = draft.outline.title || draft.name;
    by_id("numbers").replaceChildren(...numbers(draft.outline));
    draw_timeline(by_id("timeline"), draft.outline, { change });
    await show_form(draft);
  }
  for (const one of document.querySelectorAll(".jobs button")) one.disabled = !draft.passed;
}

async function show_form(draft) {
  const disease = draft.outline.disease;
  if (disease !== state.disease && DISEASES.has(disease)) {
    const options = await api(`/api/trial/options?disease=${encodeURIComponent(disease)}`).catch(() => null);
    if (options === null) return;
    Object.assign(state, { options, disease });
    show_structures(options.structures);
  }
  if (state.options === null || state.draft !== draft || draft.data === null || typeof draft.data !== "object") return;
  draw_form(form, draft.data, draft.outline, state.options, change);
  mark_faults(form, draft.issues);
}

function numbers(outline) {
  const parts = [`${outline.patients ?? "?"} patients in ${outline.arms.length} arms, ${outline.visits.length} visits, ${short(outline.weeks)} weeks. `];
  for (const arm of outline.arms.filter((one) => one.doses)) {
    const cells = [[arm.cells, ""], [arm.cells_per_kg, "/kg"]].filter(([sum]) => sum).map(([sum, unit]) => million(sum) + unit).join(" + ");
    parts.push(html("span", { class: "chip" }, `${arm.label}: ${arm.doses} ${arm.doses === 1 ? "dose" : "doses"}, ${cells} cells a patient`), " ");
  }
  return parts;
}

function show_issues(draft) {
  if (!draft.issues.length) return issues.replaceChildren(html("p", { class: "good" }, "No errors: this trial can be conducted."));
  issues.replaceChildren(...draft.issues.map((one) => {
    const place = [one.line === null ? "" : `Line ${one.line}`, one.key ?? ""].filter(Boolean).join(", ");
    const go = one.line === null ? place : html("button", { type: "button", class: "plain", onclick: () => go_to(one.line) }, place);
    const fix = one.fix && html("button", { type: "button", onclick: () => change({ kind: "set", ...one.fix }, `${one.fix.value} put in`) }, `Use '${one.fix.value}'`);
    return html("div", { class: `alert ${one.severity}` }, html("p", {}, html("strong", {}, one.severity === "error" ? "Error. " : "Warning. "), go, `: ${one.message}`, one.expected ? `; expected ${one.expected}` : ""), fix);
  }));
}

function go_to(line) {
  const lines = text.value.split("\n"), start = lines.slice(0, line - 1).join("\n").length + (line > 1 ? 1 : 0);
  text.focus();
  text.setSelectionRange(start, start + (lines[line - 1] ?? "").length);
  text.scrollTop = Math.max((line - 5) * (text.scrollHeight / lines.length), 0);
}

function number_lines(found) {
  const faults = new Map(found.filter((one) => one.line !== null).map((one) => [one.line, one.severity]));
  const count = text.value.split("\n").length;
  by_id("gutter").replaceChildren(...Array.from({ length: count }, (_, k) => html("span", { class: faults.get(k + 1) ?? null }, `${k + 1}\n`)));
  by_id("gutter").scrollTop = text.scrollTop;
}

// ---- writing, going back, keeping

function remember(before) {
  if (state.past.at(-1) !== before) state.past.push(before);
  by_id("undo").disabled = state.past.length === 0;
}

text.addEventListener("focus", () => remember(text.value));
text.addEventListener("input", () => {
  clearTimeout(typing);
  typing = setTimeout(check, TYPING_MS);
});
text.addEventListener("scroll", () => (by_id("gutter").scrollTop = text.scrollTop));
form.addEventListener("submit", (event) => event.preventDefault());
by_id("undo").addEventListener("click", () => {
  let before = state.past.pop();
  if (before === text.value) before = state.past.pop();
  if (before !== undefined) text.value = before;
  by_id("undo").disabled = state.past.length === 0;
  check();
});
by_id("save").addEventListener("click", () => {
  const address = URL.createObjectURL(new Blob([text.value], { type: "application/yaml" }));
  html("a", { href: address, download: state.name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 60_000); // the download reads it after the click
});
by_id("from-file").addEventListener("change", async (event) => {
  const [file] = event.target.files;
  if (!file) return;
  remember(text.value);
  text.value = (await file.text()).slice(0, 300_000);
  state.name = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,79}$/.test(file.name) ? file.name : "draft.yaml";
  begun.trial = null;
  check();
});
let width = innerWidth;
addEventListener("resize", () => {
  if (innerWidth === width || !state.draft?.outline) return;
  width = innerWidth;
  draw_timeline(by_id("timeline"), state.draft.outline, { change });
});

// ---- what is made of it

function show_structures(structures) {
  const chosen = new Set(["dose_emax", "bistable_memory"]);
  by_id("design-structures").replaceChildren(...structures.map((one) => html("div", {}, html("label", {}, html("input", { type: "checkbox", name: "structure", value: one.id, checked: chosen.has(one.id) }), one.name))));
}

const source = () => (begun.trial && text.value === begun.text ? { trial: begun.trial } : { protocol: text.value });
const number = (id) => (by_id(id).value === "" ? {} : Number(by_id(id).value));
const given = (name, id) => (by_id(id).value === "" ? {} : { [name]: number(id) });

/** The sizes of a list such as 60,120 or of 60:240:60. */
function sizes(words) {
  const range = words.trim().match(/^(\d+):(\d+):(\d+)$/);
  if (!range) return words.split(",").map((one) => Number(one));
  const [first, last, step] = range.slice(1).map(Number);
  return Array.from({ length: step > 0 ? Math.min(Math.floor((last - first) / step) + 1, 50) : 0 }, (_, k) => first + k * step);
}

async function submit(event, body) {
  event.preventDefault();
  const place = event.target.querySelector("[role=alert]"), button = event.target.querySelector("button.primary");
  place.hidden = true;
  button.disabled = true;
  try {
    const job = await api("/api/jobs", { body });
    location.assign(`/trial/jobs/${job.id}`);
  } catch (error) {
    place.replaceChildren(...told(error).map((line) => html("p", {}, in_page_words(event.target, line))));
    place.hidden = false;
  } finally {
    button.disabled = false;
  }
}

/** A fault names its field as the API or an option of the command does; the page says its label, and marks it. */
function in_page_words(form, line) {
  const control_of = (name) => name && form.querySelector(`#${form.id.replace("form", name === "n" ? "sizes" : name)}`);
  const label = (control) => control.labels[0].textContent;
  const [whole, name] = line.match(/^(?:(?:run|design)\.)?([a-z]+)[.\d]*: /) ?? [];
  const control = control_of(name);
  if (!control) return line;
  control.setAttribute("aria-invalid", "true");
  const rest = line.slice(whole.length).replace(/--([a-z]+)/g, (option, other) => (control_of(other) ? `“${label(control_of(other))}”` : option));
  return `${label(control)}: ${rest}`;
}

for (const form of document.querySelectorAll(".jobs form")) form.addEventListener("input", (event) => event.target.removeAttribute("aria-invalid"));

by_id("run-form").addEventListener("submit", (event) => submit(event, { kind: "run", ...source(), ...given("patients", "run-patients"), ...given("seed", "run-seed"), ensemble: by_id("run-ensemble").value }));
by_id("design-form").addEventListener("submit", (event) => submit(event, {
  kind: "design", ...source(), sizes: sizes(by_id("design-sizes").value), replicates: number("design-replicates"), patients: number("design-patients"),
  ensemble: by_id("design-ensemble").value, structures: [...document.querySelectorAll("[name=structure]:checked")].map((one) => one.value),
}));

// Not at once: a browser that comes back to the page puts what was written into the text first.
addEventListener("pageshow", () => check());
