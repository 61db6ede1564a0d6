// The page Runs: make a run again in the background, delete one, tick two.

import { html, table } from "./elements.js";
import { api, message } from "./workbench.js";

const POLL_MS = 700;
const OVER = ["done", "failed", "cancelled"];
const told = document.querySelector("#told");
const list = document.querySelector("#jobs");
const shown = new Map();

/** One item of the list of what is made again. */
function item(job) {
  const known = shown.get(job.id);
  if (known) return known;
  const bar = html("progress", { "aria-label": `Progress: ${job.title}` });
  const words = html("p", { class: "soft small" });
  const cancel = html("button", { type: "button", "aria-label": `Cancel: ${job.title}` }, "Cancel");
  const end = html("div");
  cancel.addEventListener("click", () => api(`/api/jobs/${job.id}/cancel`, { method: "POST" }).catch((error) => say(message(error))));
  list.prepend(html("li", {}, html("h3", {}, job.title), bar, words, cancel, end));
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
    end.replaceChildren(html("p", { class: "failed" }, line));
    say(`${job.title}: ${line}`);
    return;
  }
  const { identical, sentence, files, damaged, versions, guessed } = job.result;
  const parts = [html("p", { class: identical ? "good" : "failed" }, `${identical ? "✓" : "≠"} ${sentence}`)];
  if (damaged.length) parts.push(html("p", {}, `Changed or lost since they were written: ${damaged.join(", ")}.`));
  for (const [what, then, now] of versions) parts.push(html("p", {}, `${what}: ${then} then, ${now} now.`));
  if (guessed) parts.push(html("p", {}, `Its manifest does not say it, so it was taken: ${guessed}.`));
  const rows = files.map((one) => [one.name, one.match, one.told || "–"]);
  parts.push(html("details", {}, html("summary", {}, "File by file"), table("Files of the run, made again", ["File", "Match", "How it differs"], rows)));
  end.replaceChildren(...parts);
  say(`${job.title}: ${sentence}.`);
}

async function follow(job) {
  show(job);
  while (!OVER.includes(job.status)) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    try {
      job = await api(`/api/jobs/${job.id}`);
      show(job);
    } catch (error) {
      say(message(error));
      if (error.status !== 0) return; // 0: the server is away, perhaps for a moment
    }
  }
}

async function again(button) {
  button.disabled = true;
  try {
    const job = await api("/api/jobs", { body: { kind: "reproduce", run: button.dataset.again } });
    say(`${button.dataset.title}: it is in the queue and will be made again.`);
    await follow(job);
  } catch (error) {
    say(message(error));
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
      fault.textContent = message(error);
    }
  });
}

function gone(run) {
  const row = document.getElementById(`run-${run}`);
  if (!row) {
    location.assign("/runs");
    return;
  }
  const caption = row.closest("table").caption;
  caption.textContent = caption.textContent.replace(/(\d+) of (\d+)/, (_, shown, all) => `${shown - 1} of ${all - 1}`);
  row.remove();
  count();
  say(`${run} was deleted.`);
  document.querySelector("#find")?.focus();
}

/** Two and no more can be compared; the button says what is missing. */
function count() {
  const button = document.querySelector("#compare");
  if (!button) return;
  const ticked = document.querySelectorAll('input[name="run"]:checked').length;
  button.disabled = ticked !== 2;
  document.querySelector("#ticked").textContent =
    ticked === 2 ? "" : ticked < 2 ? `Tick ${2 - ticked} ${ticked ? "more" : "runs"}` : `${ticked} are ticked: leave two`;
}

/** A job that failed has left no run: off the list, it is forgotten. */
async function forget(button) {
  try {
    await api(`/api/jobs/${button.dataset.forget}`, { method: "DELETE" });
    const list = button.closest("ul");
    button.closest("li").remove();
    if (!list.childElementCount) list.closest("section").remove();
    say("Taken off the list.");
    document.querySelector("#find")?.focus();
  } catch (error) {
    say(message(error));
  }
}

const all = (selector, work) => document.querySelectorAll(selector).forEach(work);

all("[data-again], [data-delete], [data-forget]", (button) => (button.hidden = false));
all("[data-again]", (button) => button.addEventListener("click", () => again(button)));
all("[data-forget]", (button) => button.addEventListener("click", () => forget(button)));
all('input[name="run"]', (box) => box.addEventListener("change", count));
addEventListener("pageshow", count); // a browser that comes back ticks what was ticked
deletion();
api("/api/jobs?most=50").then(({ jobs }) => {
  for (const job of jobs.reverse()) if (job.kind === "reproduce" && !OVER.includes(job.status)) follow(job);
}, (error) => say(message(error)));
