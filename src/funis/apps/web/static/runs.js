// The page Runs: make a run again in the background, delete one, tick two.

import { api } from "./workbench.js";

const POLL_MS = 700;
const OVER = ["done", "failed", "cancelled"];
const told = document.querySelector("#told");
const list = document.querySelector("#jobs");
const shown = new Map();

function element(tag, text = "", attributes = {}) {
  const made = document.createElement(tag);
  made.textContent = text;
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}

/** One item of the list of what is made again. */
function item(job) {
  const known = shown.get(job.id);
  if (known) return known;
  const place = element("li");
  const head = element("h3", job.title);
  const bar = element("progress", "", { "aria-label": `Progress: ${job.title}` });
  const words = element("p", "", { class: "soft small" });
  const cancel = element("button", "Cancel", { type: "button", "aria-label": `Cancel: ${job.title}` });
  const end = element("div");
  cancel.addEventListener("click", () => api(`/api/jobs/${job.id}/cancel`, { method: "POST" }).catch((error) => say(error.message)));
  place.append(head, bar, words, cancel, end);
  list.prepend(place);
  document.querySelector("#work").hidden = false;
  const parts = { bar, words, cancel, end };
  shown.set(job.id, parts);
  return parts;
}

function say(text) {
  told.textContent = text;
}

function show(job) {
  const parts = item(job);
  const over = OVER.includes(job.status);
  parts.bar.hidden = parts.cancel.hidden = over;
  if (job.total > 0) {
    parts.bar.max = job.total;
    parts.bar.value = job.done;
  } else parts.bar.removeAttribute("value");
  parts.words.textContent = over ? "" : waiting(job);
  if (over) finish(job, parts.end);
}

function waiting(job) {
  if (job.status === "queued") return job.ahead > 0 ? `Waits for ${job.ahead} before it` : "Waits";
  if (job.status === "cancelling") return "Is being cancelled";
  return job.total > 0 ? `${job.words}: ${job.done} of ${job.total}` : job.words || "Begins";
}

function finish(job, end) {
  if (job.status !== "done" || !job.result) {
    const line = job.status === "cancelled" ? "Cancelled." : job.error.join(" ");
    end.replaceChildren(element("p", line, { class: "failed" }));
    say(`${job.title}: ${line}`);
    return;
  }
  const { identical, sentence, files, damaged, versions, guessed } = job.result;
  const parts = [element("p", `${identical ? "✓" : "≠"} ${sentence}`, { class: identical ? "good" : "failed" })];
  if (damaged.length) parts.push(element("p", `Changed or lost since they were written: ${damaged.join(", ")}.`));
  for (const [what, then, now] of versions) parts.push(element("p", `${what}: ${then} then, ${now} now.`));
  if (guessed) parts.push(element("p", `Its manifest does not say it, so it was taken: ${guessed}.`));
  parts.push(table(files));
  end.replaceChildren(...parts);
  say(`${job.title}: ${sentence}.`);
}

function table(files) {
  const details = element("details");
  const body = element("table");
  const head = element("tr");
  head.append(...["File", "Match", "How it differs"].map((text) => element("th", text, { scope: "col" })));
  const top = element("thead");
  top.append(head);
  const rows = element("tbody");
  for (const one of files) {
    const row = element("tr");
    row.append(element("th", one.name, { scope: "row" }), element("td", one.match), element("td", one.told || "–"));
    rows.append(row);
  }
  body.append(top, rows);
  const scroll = element("div", "", { class: "scroll", tabindex: "0", role: "region", "aria-label": "File by file" });
  scroll.append(body);
  details.append(element("summary", "File by file"), scroll);
  return details;
}

async function follow(job) {
  show(job);
  if (OVER.includes(job.status)) return;
  await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  try {
    await follow(await api(`/api/jobs/${job.id}`));
  } catch (error) {
    say(error.message);
  }
}

async function again(button) {
  button.disabled = true;
  try {
    const job = await api("/api/jobs", { body: { kind: "reproduce", run: button.dataset.again } });
    say(`${button.dataset.title} is made again.`);
    await follow(job);
  } catch (error) {
    say(error.message);
  } finally {
    button.disabled = false;
  }
}

/** Deletion asks first; the button that is pressed by Enter at once is the one that keeps. */
function deletion() {
  const dialog = document.querySelector("#delete");
  const fault = document.querySelector("#delete-fault");
  let run = "";
  for (const button of document.querySelectorAll("[data-delete]")) {
    button.addEventListener("click", () => {
      run = button.dataset.delete;
      document.querySelector("#delete-what").textContent = `${button.dataset.title} (${run})`;
      fault.textContent = "";
      dialog.showModal();
    });
  }
  document.querySelector("#delete-yes")?.addEventListener("click", async () => {
    try {
      await api(`/api/runs/${encodeURIComponent(run)}`, { method: "DELETE" });
      dialog.close();
      gone(run);
    } catch (error) {
      fault.textContent = error.message;
    }
  });
}

function gone(run) {
  const row = document.getElementById(`run-${run}`);
  if (!row) {
    location.assign("/runs");
    return;
  }
  row.remove();
  say(`${run} was deleted.`);
  document.querySelector("#find")?.focus();
}

/** Two and no more can be compared; the button says what is missing. */
function ticking() {
  const button = document.querySelector("#compare");
  if (!button) return;
  const boxes = [...document.querySelectorAll('input[name="run"]')];
  const count = () => {
    const ticked = boxes.filter((box) => box.checked).length;
    button.disabled = ticked !== 2;
    document.querySelector("#ticked").textContent =
      ticked === 2 ? "" : ticked < 2 ? `Tick ${2 - ticked} ${ticked ? "more" : "runs"}` : `${ticked} are ticked: leave two`;
  };
  boxes.forEach((box) => box.addEventListener("change", count));
  count();
}

for (const button of document.querySelectorAll("[data-again], [data-delete]")) button.hidden = false;
for (const button of document.querySelectorAll("[data-again]")) button.addEventListener("click", () => again(button));
deletion();
ticking();
api("/api/jobs?most=50").then(({ jobs }) => {
  for (const job of jobs.reverse()) if (job.kind === "reproduce" && !OVER.includes(job.status)) follow(job);
});
