// The page Plan: what is typed is checked, what follows is shown, nothing is reckoned here.
import { alert_of } from "./elements.js";
import { api, Refused, send, told } from "./workbench.js";

const workspace = document.getElementById("workspace");
const announce = document.getElementById("announce");
const QUIET = 350; // milliseconds without a key before what was typed is checked

let consultation = given(); // the data of the form as the server reads them; null where it cannot
let fresh = null; // ends the question about the form that is under way; null without one
let sheet = null; // ends the newest question about the worksheet alone
const running = {}; // ends each prediction
let timer = 0;

function given() {
  const data = JSON.parse(document.querySelector("[data-consultation]").dataset.consultation);
  return Object.keys(data).length ? data : null;
}

const find = (selector) => workspace.querySelector(selector);
const form = () => find("#consultation");

/** What was typed, by the name of a control; lists where several may be ticked. */
function typed() {
  const values = {};
  for (const control of form().elements) {
    if (!control.name || (control.type === "checkbox" && !control.checked)) continue;
    const list = control.type === "checkbox" && !control.name.endsWith(".asked");
    if (list) (values[control.name] ??= []).push(control.value);
    else values[control.name] = control.value;
  }
  return values;
}

function chosen() {
  const [protocol, arm] = find("#of").value.split("/");
  return { protocol, arm };
}

/** Minutes of the slider; null where there is none. */
function hold() {
  const row = picked();
  return row ? Number(row.querySelector('[data-cell="minute"]').textContent) : null;
}

function picked() {
  const slider = find("#hold");
  return slider ? find("#hold-rows").tBodies[0].rows[Number(slider.value)] : null;
}

function say(text) {
  announce.textContent = text;
}

function alerted(place, lines) {
  place.replaceChildren(...(lines.length ? [alert_of(lines)] : []));
}

// ---------------------------------------------------------------- the form

function faulty(faults) {
  for (const place of workspace.querySelectorAll("[data-fault]")) {
    const key = place.dataset.fault;
    const text = faults[key] ?? "";
    if (place.textContent !== text) place.textContent = text;
    const control = find(`[id="in-${CSS.escape(key)}"]`);
    if (control && text) control.setAttribute("aria-invalid", "true");
    else if (control) control.removeAttribute("aria-invalid");
  }
}

function reasoned(reasons) {
  for (const place of workspace.querySelectorAll("[data-why]")) {
    place.textContent = reasons[place.dataset.why] ?? "";
  }
}

function counted() {
  for (const place of workspace.querySelectorAll("[data-ticked]")) {
    const ticked = form().querySelectorAll(`input[name="${CSS.escape(place.dataset.ticked)}"]:checked`);
    place.textContent = [...ticked].map((one) => one.parentElement.textContent.trim()).join("; ") || "nothing ticked";
  }
}

function asked(minute) {
  return { disease: find(".plan-form").dataset.disease, ...chosen(), hold_minute: minute, values: typed() };
}

/** Ask what follows from the form as it stands; a newer question ends an older one. */
async function refresh({ keep = false } = {}) {
  fresh?.abort();
  sheet?.abort();
  const mine = (fresh = new AbortController());
  try {
    const answer = await api("/plan/results", { body: asked(keep ? null : hold()), signal: mine.signal });
    alerted(find("#file-fault"), []);
    faulty(answer.faults);
    reasoned(answer.reasons);
    consultation = answer.html === undefined ? null : answer.consultation;
    shown(answer);
  } catch (error) {
    if (error.name === "AbortError") return;
    find("#results").classList.add("stale");
    alerted(find("#file-fault"), told(error));
  } finally {
    if (fresh === mine) fresh = null;
  }
}

function shown(answer) {
  const results = find("#results");
  if (answer.html === undefined) {
    results.classList.add("stale");
    const number = Object.keys(answer.faults).length;
    say(`${number} ${number === 1 ? "field is" : "fields are"} not right yet; the results are those of before.`);
    return;
  }
  Object.values(running).forEach((one) => one.abort());
  const had = find("#course-result")?.childElementCount > 0;
  const focused = document.activeElement?.id;
  const open = [...results.querySelectorAll("details[open] > summary")].map((one) => one.textContent);
  results.innerHTML = answer.html;
  results.classList.remove("stale");
  for (const summary of results.querySelectorAll("details > summary")) {
    if (open.includes(summary.textContent)) summary.parentElement.open = true;
  }
  if (focused && results.querySelector(`[id="${CSS.escape(focused)}"]`)) document.getElementById(focused).focus();
  const counts = [...results.querySelectorAll(".counts li")].map((one) => one.textContent.trim()).join(", ");
  say(`Criteria: ${counts}.${had ? " The course has to be predicted again." : ""}`);
}

/** One field is checked while it is typed; what follows is shown once it has been left. */
function checked() {
  clearTimeout(timer);
  timer = setTimeout(() => refresh(), QUIET);
}

function added(key) {
  const group = find(`[data-field="${CSS.escape(key)}"]`);
  const entries = group.querySelectorAll(".entry");
  const last = entries[entries.length - 1];
  const place = Number(last.dataset.row) + 1;
  const copy = last.cloneNode(true);
  copy.dataset.row = String(place);
  copy.setAttribute("aria-label", last.getAttribute("aria-label").replace(/\d+$/, String(place + 1)));
  for (const control of copy.querySelectorAll("input, select")) {
    control.name = control.name.replace(/\.\d+\./, `.${place}.`);
    copy.querySelector(`label[for="${CSS.escape(control.id)}"]`).htmlFor = `in-${control.name}`;
    control.id = `in-${control.name}`;
    control.value = "";
  }
  last.after(copy);
  copy.querySelector("select, input").focus();
}

async function opened(file) {
  const place = find("#file-fault");
  alerted(place, []);
  try {
    if (file.size > 900000) throw new Refused(413, ["a file above 900,000 bytes is no consultation of one virtual patient"]);
    const answer = await api("/plan/load", { body: { text: await file.text(), name: file.name } });
    fresh?.abort();
    Object.values(running).forEach((one) => one.abort());
    workspace.innerHTML = answer.html;
    consultation = given();
    history.replaceState(null, "", `/plan?disease=${encodeURIComponent(answer.disease)}`);
    say(`The consultation of ${file.name} fills in the form.`);
    find("#of").focus();
  } catch (error) {
    alerted(place, told(error));
  }
}

// ---------------------------------------------------------------- from thaw to vein

/** Everything beside the slider moves to the time that is picked: the texts of one row. */
function moved() {
  const row = picked();
  if (!row) return;
  find("#hold").setAttribute("aria-valuetext", `${row.dataset.time}, ${row_words(row)}`);
  find("#hold-minute").textContent = row.querySelector('[data-cell="minute"]').textContent;
  for (const place of workspace.querySelectorAll("[data-pick]")) {
    place.textContent = row.querySelector(`[data-cell="${place.dataset.pick}"]`).textContent;
  }
  for (const width of ["wide", "narrow"]) {
    const line = find(`.thaw .for-${width} line.cursor`);
    for (const end of ["x1", "x2"]) line?.setAttribute(end, row.dataset[width]);
  }
}

/** The slider was let go: the worksheet follows; what was predicted stays. */
async function held() {
  linked();
  if (fresh) return refresh(); // a change of the form has not been answered yet: both are asked
  sheet?.abort();
  sheet = new AbortController();
  try {
    const answer = await api("/plan/results", { body: asked(hold()), signal: sheet.signal });
    const page = new DOMParser().parseFromString(answer.html ?? "", "text/html");
    const newer = page.getElementById("sheet");
    if (newer) find("#sheet").replaceChildren(...newer.childNodes);
    say(`${picked().dataset.time} from thaw to vein: ${row_words(picked())}.`);
  } catch (error) {
    if (error.name !== "AbortError") alerted(find("#file-fault"), told(error));
  }
}

function row_words(row) {
  const text = (name) => row.querySelector(`[data-cell="${name}"]`)?.textContent;
  const response = text("difference") ? `, treated less placebo ${text("difference")}` : "";
  return `${text("vials")} vials, functional dose ${text("functional")} million cells${response}`;
}

// ---------------------------------------------------------------- what takes seconds

async function predicted(kind) {
  running[kind]?.abort();
  const result = find(`#${kind}-result`);
  if (!consultation) return alerted(result, ["The form has to be right before anything is predicted."]);
  const stop = (running[kind] = new AbortController());
  const waiting = find(`[data-waiting="${kind}"]`);
  waiting.hidden = false;
  waiting.scrollIntoView({ block: "nearest" });
  alerted(result, []);
  try {
    const body = { consultation, ...chosen(), hold_minute: hold() };
    for await (const line of lines(`/plan/${kind}`, body, stop.signal)) follow(kind, line, waiting, result);
  } catch (error) {
    if (error.name !== "AbortError") alerted(result, told(error));
  } finally {
    if (running[kind] === stop) delete running[kind];
    waiting.hidden = true;
  }
}

function follow(kind, line, waiting, result) {
  if (line.stage) {
    waiting.querySelector(".stage").textContent = line.stage;
    waiting.querySelector("progress").max = line.total;
    waiting.querySelector("progress").value = line.done;
  } else if (line.detail) {
    alerted(result, line.detail);
  } else {
    result.innerHTML = line.result.html;
    if (line.result.holds) {
      const focused = document.activeElement?.id;
      const open = find("#holds details")?.open;
      find("#holds").innerHTML = line.result.holds;
      if (open) find("#holds details").open = true;
      if (focused === "hold") find("#hold").focus();
    }
    say(line.result.said);
  }
}

/** The lines of an answer as they come. */
async function* lines(path, body, signal) {
  const answer = await send(path, { body, signal });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    rest += value ?? "";
    const parts = rest.split("\n");
    rest = parts.pop();
    for (const part of parts) yield JSON.parse(part);
    if (done) return;
  }
}

// ---------------------------------------------------------------- files

async function saved(name, button) {
  const place = find("#download-fault");
  alerted(place, []);
  if (!consultation) return alerted(place, ["The form has to be right before a file is made."]);
  button.disabled = true;
  button.setAttribute("aria-busy", "true");
  try {
    const start = find("#start").value || null;
    const answer = await send(`/api/plan/files/${name}`, { body: { consultation, ...chosen(), hold_minute: hold(), start } });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(await answer.blob());
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    say(`${name} was saved.`);
  } catch (error) {
    alerted(place, told(error));
  } finally {
    button.disabled = false;
    button.removeAttribute("aria-busy");
    button.focus();
  }
}

// ---------------------------------------------------------------- who listens to what

workspace.addEventListener("input", (event) => {
  if (event.target.id === "hold") moved();
  else if (form().contains(event.target) && event.target.type === "text") checked();
});

workspace.addEventListener("change", (event) => {
  const { target } = event;
  if (target.id === "file") {
    if (target.files.length) opened(target.files[0]);
    target.value = "";
  } else if (target.id === "hold") {
    held();
  } else if (target.id === "of") {
    linked();
    refresh({ keep: true });
  } else if (form().contains(target)) {
    counted();
    clearTimeout(timer);
    refresh();
  }
});

workspace.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.dataset.predict) predicted(button.dataset.predict);
  else if (button?.dataset.stop) running[button.dataset.stop]?.abort();
  else if (button?.dataset.file) saved(button.dataset.file, button);
  else if (button?.dataset.add) added(button.dataset.add);
});

workspace.addEventListener("submit", (event) => {
  if (event.target.id === "consultation") event.preventDefault();
});

/** The address names protocol and arm; what was typed is never in it. */
function linked() {
  const place = new URL(location.href);
  place.searchParams.set("disease", find(".plan-form").dataset.disease);
  place.searchParams.set("of", find("#of").value);
  for (const name of ["protocol", "arm"]) place.searchParams.delete(name);
  const minute = hold();
  if (minute !== null) place.searchParams.set("hold", minute);
  history.replaceState(null, "", place);
}
