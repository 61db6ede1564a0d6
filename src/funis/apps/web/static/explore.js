// Explore: each move of a control asks for its view; one is under way at a time, the newest next.

import { brief, Chart, fill, withEnds } from "./explore_charts.js";
import { api, message, on_scheme_change, told } from "./workbench.js";

const begin = JSON.parse(document.getElementById("begin").textContent);
const form = document.getElementById("controls");
const at = (id) => document.getElementById(id);
const options = begin.options, limits = begin.limits;
const tab = crypto.randomUUID();
const PATIENCE = 400; // ms after which a request under way gives way to a newer one
const SAID_AFTER = 900; // ms of rest before a result is read out
const STEPS = 300; // of the slider of the dose

// ---- controls <-> link

const perKg = () => at("per_kg").checked;
const doseLimits = () => (perKg() ? limits.dose_per_kg : limits.dose);

function doseAt(step) {
  const [low, high] = doseLimits();
  return Number((low * (high / low) ** (step / STEPS)).toPrecision(3));
}

function stepOf(dose) {
  const [low, high] = doseLimits();
  return Math.round((STEPS * Math.log(dose / low)) / Math.log(high / low));
}

const exact = new Map(); // sliders that no hand has moved yet keep the number of the link

function valueOf(id, read) {
  return exact.has(id) ? exact.get(id) : read(Number(at(id).value));
}

function routes() {
  return at("route") ? at("route").value.split(",") : [options.routes[0].id];
}

/** The place of the controls as a query string; the server answers with its canonical form. */
function link() {
  const chosen = routes();
  const doses = chosen.map((one) => text(valueOf(`dose_${one}`, doseAt)));
  const pairs = [
    ["disease", options.disease], ["route", chosen.join(",")], ["dose", doses.join(",") + (perKg() ? "/kg" : "")],
    ["times", at("times").value], ["every", at("every").value], ["product", at("product").value],
  ];
  const hold = valueOf("hold", (value) => value);
  if (hold !== null) pairs.push(["hold", hold]);
  for (const id of ["shape", "memory", "potency"]) pairs.push([id, at(id).value]);
  if (at("own_null").checked && at("potency").value === "posterior") pairs.push(["null", valueOf("null", (value) => value / 100)]);
  pairs.push(["weeks", at("weeks").value], ["patients", begin.place.patients], ["seed", begin.place.seed]);
  for (const one of form.querySelectorAll("[data-trait]")) if (one.value) pairs.push([one.dataset.trait, one.value]);
  return pairs.map(([key, value]) => `${key}=${encodeURIComponent(value).replaceAll("%2C", ",").replaceAll("%2F", "/")}`).join("&");
}

function text(value) {
  return String(value).replace("e+", "e");
}

/** Put the controls where the link of the page says. */
function settle() {
  const place = begin.place;
  place.routes.forEach((one, number) => {
    at(`dose_${one}`).value = stepOf(place.doses[number]);
    exact.set(`dose_${one}`, place.doses[number]);
  });
  for (const one of options.routes) {
    if (place.routes.includes(one.id)) continue;
    at(`dose_${one.id}`).value = stepOf(place.doses[0]);
  }
  exact.set("hold", place.hold_minute);
  if (place.null_weight !== null) exact.set("null", place.null_weight);
  for (const [id, key] of [["times", "times"], ["every", "every_day"], ["weeks", "weeks"]]) fit(at(id), place[key]);
}

/** A number that no step of its slider hits widens the steps rather than being changed. */
function fit(slider, value) {
  if ((value - Number(slider.min)) % Number(slider.step)) slider.step = 1;
  if (value < Number(slider.min)) slider.min = value;
  slider.value = value;
}

const CELLS = (value) => (value >= 1e6 ? `${brief(value / 1e6)} million` : brief(value));

const WORDS = {
  times: (value) => (value === 1 ? "once" : `${value} times`),
  every: (value) => (value % 7 ? `every ${value} days` : `every ${value / 7} weeks`),
  hold: (value) => `${value} min`,
  weeks: (value) => `${value} weeks`,
  null: (value) => `${Math.round(100 * value)} %`,
};

/** Say every slider's value in words, beside it and to a screen reader. */
function say() {
  const chosen = routes();
  for (const group of form.querySelectorAll(".dose")) group.hidden = !chosen.includes(group.dataset.route);
  for (const one of options.routes) spoken(`dose_${one.id}`, `${CELLS(valueOf(`dose_${one.id}`, doseAt))}${perKg() ? "/kg" : ""}`, " cells");
  const product = options.products.find((one) => one.id === at("product").value);
  const hold = valueOf("hold", (value) => value);
  for (const id of ["times", "every", "weeks"]) spoken(id, WORDS[id](Number(at(id).value)));
  spoken("hold", WORDS.hold(hold ?? product.usual_hold_minute));
  const free = at("potency").value === "posterior";
  at("own_null").disabled = !free;
  at("null").disabled = !(free && at("own_null").checked);
  spoken("null", at("null").disabled ? "as the posterior" : WORDS.null(valueOf("null", (value) => value / 100)));
}

function spoken(id, words, more = "") {
  at(`${id}_said`).textContent = words;
  at(id).setAttribute("aria-valuetext", words + more);
}

// ---- asking

let number = 0, under_way = null, wanted = null, drawn = null;

/** Ask for the place of the controls, now or as soon as what is under way is drawn. */
function ask(event) {
  wanted = { link: link(), since: event?.timeStamp ?? performance.now() };
  if (!under_way) next();
  else if (performance.now() - under_way.begun > PATIENCE) under_way.stop.abort();
}

async function next() {
  const move = wanted, stop = new AbortController();
  wanted = null;
  number += 1;
  under_way = { begun: performance.now(), stop };
  const slow = setTimeout(() => at("results").classList.add("busy-long"), 600);
  try {
    draw(await api(`/api/explore?${move.link}&tab=${tab}&move=${number}`, { signal: stop.signal }), move);
  } catch (error) {
    if (error.name !== "AbortError" && error.status !== 409) complain(error);
  } finally {
    clearTimeout(slow);
    at("results").classList.remove("busy-long");
    under_way = null;
    if (wanted) next();
  }
}

function complain(error) {
  const box = at("fault");
  box.textContent = message(error);
  box.hidden = false;
  at("results").classList.add("stale");
  at("headline").textContent = "Not computed for these controls: what stands below belongs to those before.";
  at("results").setAttribute("aria-busy", "false");
}

// ---- drawing

const tall = () => (innerWidth < 1000 ? 250 : innerWidth < 1900 ? 340 : 430);
const near = (low, high) => {
  const room = 0.06 * (high - low) || 0.05 * (Math.abs(high) || 1);
  return [low >= 0 && low <= 0.2 * high ? 0 : low - room, high + room];
};
const KINDS = {
  score: { twin: 5, treated: 5, height: tall, range: (_, low, high) => near(low, high) },
  share: { twin: 1, treated: 1, percent: true, height: () => 190, range: () => [0, 1] },
  cells: { twin: 1, treated: 3, height: () => 160, range: (_, low, high) => [0, high > 0 ? 1.06 * high : 1] },
  ratio: { twin: 1, treated: 3, height: () => 150, range: (_, low, high) => near(Math.min(low, 0.9), Math.max(high, 1.1)) },
};
const ENDS = ["5 %", "25 %", "median", "75 %", "95 %"], THREE = ["5 %", "median", "95 %"], APART = ["difference", "low", "high"];
const charts = new Map();

function chart(parent, id, kind, level) {
  const key = `${parent}/${id}`;
  if (!charts.has(key)) charts.set(key, new Chart(at(parent), KINDS[kind], level));
  return charts.get(key);
}

/** Draw a view: score, responders and headline at once, what is inside the body in the next frame. */
function draw(view, move) {
  drawn = view;
  const doses = doseWeeks();
  score(view, doses);
  for (const one of view.responders) responder(view, one, doses);
  headline(view);
  at("fault").hidden = true;
  at("results").classList.remove("stale");
  at("results").setAttribute("aria-busy", "false");
  if (!wanted) history.replaceState(null, "", `/explore?${view.link}`);
  // uPlot draws in a microtask of its own: this one comes after it
  queueMicrotask(() => timed("explore-move", move));
  requestAnimationFrame(() => inside(view, doses, move));
}

/** Draw cells and mechanism, unless a newer view came meanwhile. */
function inside(view, doses, move) {
  if (drawn !== view) return;
  for (const one of view.cells) curve("cells", "cells", view, one, doses);
  for (const one of view.mechanism) curve("mechanism", "ratio", view, one, doses);
  queueMicrotask(() => timed("explore-whole", move));
  setTimeout(() => timed("explore-paint", move));
  rest();
}

/** Measured from the event that asked for the move. */
function timed(name, move) {
  performance.measure(name, { start: move.since, end: performance.now() });
}

function doseWeeks() {
  const times = Number(at("times").value), every = Number(at("every").value);
  return Array.from({ length: times }, (_, index) => (index * every) / 7);
}

function score(view, doses) {
  const one = view.score, week = view.week;
  const unit = one.unit ? ` ${one.unit}` : "";
  const better = one.better === "lower" ? "lower is better" : "higher is better";
  at("score_head").textContent = `${one.name}${one.unit ? ` [${one.unit}]` : ""}, ${better}`;
  const ends = one.difference.map((row) => row[week]);
  chart("score", one.id, "score", "h2").show({
    name: one.name, weeks: view.weeks, twin: one.twin, treated: one.treated,
    words: `Week ${week}: median ${brief(one.treated[2][week])}${unit} treated, ${brief(one.twin[2][week])} on the twin; mean difference ${withEnds(ends)}, 95 % interval.`,
    table: () => ({ weeks: view.weeks, rows: [...named(ENDS, one.treated, "treated"), ...named(ENDS, one.twin, "twin"), ...named(APART, one.difference, "")] }),
  }, doses);
}

function responder(view, one, doses) {
  const week = view.week, share = (value) => `${Math.round(100 * value)} %`;
  const ends = one.difference.map((row) => row[week]);
  chart("responders", one.id, "share").show({
    name: one.name, weeks: view.weeks, twin: [one.twin], treated: [one.treated],
    words: `Week ${week}: ${share(one.treated[week])} treated, ${share(one.twin[week])} on the twin; difference ${withEnds(ends, (value) => String(Math.round(100 * value)))} points.`,
    table: () => ({ weeks: view.weeks, rows: [["treated", one.treated], ["twin", one.twin], ...named(APART, one.difference, "")] }),
  }, doses);
}

function curve(parent, kind, view, one, doses) {
  const weeks = one.fine ? view.cell_weeks : view.weeks, [low, middle, high] = one.treated;
  const flat = weeks.map(() => one.twin);
  const most = middle.reduce((best, value, index) => (Math.abs(value - one.twin) > Math.abs(middle[best] - one.twin) ? index : best), 0);
  chart(parent, one.id, kind).show({
    name: one.name, weeks, twin: [flat], treated: one.treated,
    words: `Furthest from the twin at week ${brief(weeks[most])}: median ${brief(middle[most])}, 90 % of the virtual patients ${brief(low[most])} to ${brief(high[most])}.`,
    table: () => ({ weeks, rows: [...named(THREE, one.treated, "treated"), ["twin", flat]] }),
  }, doses);
}

function named(names, rows, course) {
  return rows.map((row, index) => [course ? `${course}, ${names[index]}` : names[index], row]);
}

function headline(view) {
  const one = view.score, rule = view.responders[0], week = view.week;
  const apart = withEnds(one.difference.map((row) => row[week]));
  const parts = [`Week ${week}: ${one.name} ${apart} against the twin`];
  if (rule) {
    const ends = withEnds(rule.difference.map((row) => row[week]), (value) => String(Math.round(100 * value)));
    parts.push(`${rule.name} ${Math.round(100 * rule.treated[week])} % against ${Math.round(100 * rule.twin[week])} %, difference ${ends} points`);
  }
  at("headline").textContent = `Simulated. ${parts.join("; ")}.`;
}

// ---- what may wait until the controls rest

let resting = 0;

function rest() {
  clearTimeout(resting);
  resting = setTimeout(settled, drawn && at("published").rows.length ? SAID_AFTER / 3 : 0);
}

let saying = 0;

function settled() {
  const view = drawn;
  for (const one of charts.values()) one.describe();
  tables(view);
  for (const [id, name] of [["csv", "data.csv"], ["figure", "figure.svg"], ["trial", "protocol.yaml"]]) at(id).href = `/api/explore/files/${name}?${view.link}`;
  at("numbers").href = `/explore/numbers?${view.link}`;
  clearTimeout(saying);
  saying = setTimeout(() => { at("said").textContent = view.headline; }, SAID_AFTER);
}

const percentEnds = (one) => withEnds([one.estimate, one.low, one.high].map((value) => 100 * value), (value) => value.toFixed(1));

function tables(view) {
  const grade = view.grade;
  at("grade").textContent = `Evidence: ${grade.level}`;
  at("grade_text").textContent = `${grade.text} Whole disease: ${grade.whole}`;
  at("left_out").textContent = `${view.simulated} ${view.left_out}`;
  at("approval").textContent = grade.approval;
  at("draws").textContent = `${view.patients} virtual patients: ${view.draws}. Solved at a relative tolerance of ${view.tolerance}.${view.failed ? ` ${view.failed} more were not solved and are left out of both courses.` : ""}`;
  delivered(view);
  fill(at("harms"), ["Event", "With cells, %", "Mock procedure, %"], view.harms.map((one) => [one.name, percentEnds(one.treated), percentEnds(one.placebo)]), `Risk of one or more up to week ${view.weeks.at(-1)} (95 % interval of what is not known of the rates)`);
  const controls = grade.effects.find((one) => one.study_type === "control arms" && one.estimate !== null && one.measure === "proportion");
  at("controls_known").textContent = controls
    ? `Without placebo response. Published control arms without cells, ${controls.endpoint}, week ${brief(controls.week)}: ${controls.range || `${controls.low === null ? (100 * controls.estimate).toFixed(1) : percentEnds(controls)} %`} (${controls.patients ? `${controls.patients.toLocaleString("en")} patients` : "patients not told"}).`
    : "Without placebo response: a trial shows more responders in both arms.";
  fill(at("published"), ["Endpoint", "Week", "Kind of study", "Measure", "Estimate (95 %)", "Patients", "Randomised", "Studies"], grade.effects.map(published), grade.effects.length ? grade.text : `${grade.text} Nothing was printed on these endpoints that could be used.`);
}

function delivered(view) {
  const million = (value) => brief(value / 1e6);
  const rows = Object.entries(view.delivered).map(([route, one]) => [
    route, million(one.dose_cell), withEnds([one.viable.value, one.viable.low, one.viable.high].map((value) => value / 1e6), brief),
    withEnds([one.functional.value, one.functional.low, one.functional.high].map((value) => value / 1e6), brief), `${brief(100 * one.viability)} %`,
  ]);
  fill(at("delivered"), ["Route", "In the vials", "Living in the vein", "Acting as a usual lot", "Living share"], rows, `Million cells of one dose, ${brief(Object.values(view.delivered)[0].hold_minute)} minutes after thaw (95 % interval)`);
}

function published(one) {
  const ends = one.range || (one.low === null ? brief(one.estimate) : withEnds([one.estimate, one.low, one.high]));
  const kind = one.compared ? one.study_type : `${one.study_type}, no comparison`;
  return [one.endpoint, brief(one.week), kind, one.measure, one.estimate === null ? "not pooled" : ends, String(one.patients), String(one.randomised), one.studies.join(", ")];
}

// ---- why this number?

async function explain(button) {
  const box = at("why"), table = at("why_table");
  at("why_head").textContent = button.getAttribute("aria-label");
  table.replaceChildren();
  box.showModal();
  try {
    const { rows } = await api(`/api/explore/why?${link()}`);
    const mine = rows.filter((row) => row.control === button.dataset.why);
    fill(table, ["Parameter", "Value", "Unit", "Status", "Between patients", "Source"], mine.map((row) => [
      `${row.name} (${row.id})`, brief(row.value), row.unit.replaceAll("_", " "), row.status.replaceAll("_", " "), row.spread || "alike",
      sourced([row.source, row.where, row.note].filter(Boolean).join("; ")),
    ]), mine.length ? "" : "No parameter of the model stands behind it: it is a choice.");
  } catch (error) {
    fill(table, ["What is wrong"], told(error).map((line) => [line]));
  }
}

const ADDRESSES = /(https?:\/\/[^\s,;)]+|PMC\d+|10\.\d{4,9}\/[^\s,;)]+)/;

/** A source with its addresses as links. */
function sourced(words) {
  const whole = document.createElement("span");
  for (const part of words.split(ADDRESSES)) whole.append(ADDRESSES.test(part) ? address(part) : part);
  return whole;
}

function address(part) {
  const made = document.createElement("a"), plain = part.replace(/[.:]+$/, "");
  made.href = plain.startsWith("http") ? plain : plain.startsWith("PMC") ? `https://pmc.ncbi.nlm.nih.gov/articles/${plain}/` : `https://doi.org/${plain}`;
  made.rel = "noopener noreferrer";
  made.target = "_blank";
  made.textContent = part;
  return made;
}

// ---- events

function moved(event) {
  const target = event.target;
  if (target.id === "disease") {
    if (event.type === "change") location.assign(`/explore?disease=${target.value}`);
    return;
  }
  if (target.type === "range") exact.delete(target.id);
  if (target.id === "per_kg") rescale();
  if (target.id === "product") longest();
  say();
  ask(event);
}

/** Keep the cells of a dose where they are when it turns into one per kg of 70 kg, or back. */
function rescale() {
  const turn = perKg() ? 1 / 70 : 70;
  for (const one of options.routes) {
    const id = `dose_${one.id}`, [low, high] = perKg() ? limits.dose : limits.dose_per_kg;
    const before = exact.get(id) ?? low * (high / low) ** (Number(at(id).value) / STEPS);
    exact.delete(id);
    at(id).value = stepOf(before * turn);
  }
}

function longest() {
  const product = options.products.find((one) => one.id === at("product").value);
  at("hold").max = product.longest_hold_minute;
}

async function copy() {
  const address = `${location.origin}/explore?${drawn ? drawn.link : link()}`;
  const button = at("copy");
  try {
    await navigator.clipboard.writeText(address);
    button.textContent = "Copied";
  } catch {
    button.textContent = "The address bar holds it";
  }
  setTimeout(() => { button.textContent = "Copy link"; }, 2000);
}

/** On a narrow screen the controls begin folded; on a wide one they cannot be. */
const wide = matchMedia("(min-width: 1000px)");
const fold = form.querySelector(".fold");
fold.open = wide.matches;
wide.addEventListener("change", () => { fold.open ||= wide.matches; });

settle();
say();
form.addEventListener("input", moved);
form.addEventListener("change", (event) => event.target.id === "disease" && moved(event));
form.addEventListener("submit", (event) => event.preventDefault());
form.addEventListener("click", (event) => {
  const button = event.target.closest(".why");
  if (button) explain(button);
});
at("reset").addEventListener("click", () => location.assign(`/explore?${begin.default}`));
at("copy").addEventListener("click", copy);
on_scheme_change(() => charts.forEach((one) => one.again()));
ask();
