// A job: how far it has got, what is known so far, and the virtual trials behind it.

import { draw_dots } from "./trial_dots.js";
import { draw_power } from "./trial_power.js";
import { draw_run } from "./trial_run.js";
import { alert_of, html } from "./elements.js";
import { close_trial, open_trial, repaint_trial } from "./trial_twin.js";
import { api, told } from "./workbench.js";

const POLL_MS = 500;
const OVER = new Set(["done", "failed", "cancelled"]);
const box = document.getElementById("job"), known = document.getElementById("known");
const { id, kind } = box.dataset;
const rate = { begun: null, done: 0 };
let shown = null, drawn = null, width = innerWidth;

async function follow() {
  let over = false;
  try {
    const job = await api(`/api/jobs/${id}`);
    problem([]);
    show(job);
    over = OVER.has(job.status);
  } catch (error) {
    problem(told(error));
    over = error.status !== 0; // 0: the server is away, perhaps for a moment
  }
  if (!over) setTimeout(follow, POLL_MS);
}

function problem(lines) {
  const place = document.getElementById("problem"), words = lines.join("\n");
  if (place.dataset.words === words) return;
  place.dataset.words = words;
  place.replaceChildren(...(lines.length ? [alert_of(lines)] : []));
}

function show(job) {
  const bar = document.getElementById("bar"), over = OVER.has(job.status);
  const { done, total } = progress(job);
  bar.hidden = over;
  bar.max = total || 1;
  if (job.status === "queued") bar.removeAttribute("value");
  else bar.value = done;
  said(sentence(job, done, total));
  document.getElementById("cancel").hidden = over;
  document.getElementById("cancel").disabled = job.status === "cancelling";
  problem(job.error);
  document.getElementById("back").hidden = !["failed", "cancelled"].includes(job.status);
  if (job.status === "done" && !document.getElementById("links").childElementCount) links();
  draw(job);
}

// A design counts the pieces of its whole bank, other work the stage that it is in.
function progress(job) {
  const grown = job.result?.total && job.status !== "done" ? job.result : null;
  return grown ? { done: grown.done, total: grown.total } : { done: job.done, total: job.total };
}

function said(words) {
  const place = document.querySelector("#state p");
  if (place.textContent !== words) place.textContent = words;
}

function sentence(job, done, total) {
  if (job.status === "queued") return job.ahead ? `Waiting: ${job.ahead} before it.` : "Waiting to be begun.";
  if (job.status === "cancelling") return "Being cancelled. What was followed is kept.";
  if (job.status === "cancelled") return "Cancelled. What was followed is kept: the same design again goes on from there.";
  if (job.status === "failed") return "Failed.";
  if (job.status === "done") return "Done.";
  const stage = job.result?.total ? "Pieces of the bank of virtual patients" : job.words || "Beginning";
  return total > 1 ? `${stage}: ${done} of ${total}. ${left(stage, done, total)}` : `${stage}.`;
}

// Time left, from the pace since this stage was first seen; nothing before that means something.
function left(stage, done, total) {
  const now = performance.now();
  if (rate.stage !== stage) Object.assign(rate, { stage, begun: now, done });
  const passed = (now - rate.begun) / 1000, went = done - rate.done;
  if (went < 3 || passed < 3) return "";
  const seconds = ((total - done) * passed) / went;
  const words = seconds < 90 ? `${Math.max(Math.round(seconds / 5) * 5, 5)} seconds` : `${Math.round(seconds / 60)} minutes`;
  return `About ${words} left.`;
}

function links() {
  const file = kind === "run" ? "report.html" : "design.html", data = kind === "run" ? "results.json" : "design.json";
  document.getElementById("links").append(
    html("a", { class: "button", href: `/api/runs/${id}/files/${file}` }, kind === "run" ? "Report" : "Page to keep"), " ",
    html("a", { class: "button", href: `/api/runs/${id}/files/${data}` }, "Numbers as JSON"), " ",
    html("a", { class: "button", href: "/runs" }, "Stored runs"));
}

function draw(job) {
  const print = JSON.stringify([job.result?.done, job.status === "done"]);
  if (!job.result || print === shown) return;
  shown = print;
  drawn = job;
  paint(job);
}

function paint(job) {
  if (kind === "run") return draw_run(known, job.result);
  const place = (name) => document.getElementById(name) ?? known.appendChild(html("section", { id: name }));
  draw_power(place("power"), job.result);
  draw_dots(place("dots"), job.result, open);
}

// ---- opening a dot; the address names what is open

function open(asked) {
  const query = new URLSearchParams(asked);
  history.pushState(asked, "", `?${query}`);
  return opened(asked);
}

function opened(asked) {
  return open_trial(document.getElementById("opened"), id, asked, (patient) => {
    const all = { ...asked, ...(patient ? { patient } : {}) };
    history.replaceState(all, "", `?${new URLSearchParams(all)}`);
  });
}

function from_address() {
  const asked = Object.fromEntries(new URLSearchParams(location.search));
  if (kind === "design" && asked.n && asked.replicate) opened(asked);
  else close_trial(document.getElementById("opened"));
}

addEventListener("popstate", from_address);
addEventListener("resize", () => {
  if (innerWidth === width) return; // a phone hides its bars: nothing gets wider or narrower
  width = innerWidth;
  if (drawn) paint(drawn);
  repaint_trial();
});
document.getElementById("cancel").addEventListener("click", () => api(`/api/jobs/${id}/cancel`, { method: "POST" }).then(show, (error) => problem(told(error))));
follow();
from_address();
