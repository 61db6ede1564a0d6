// What every page shares: the CSRF token on each change of state, one way to ask the server, and
// one way to say that an answer did not come.

const AWAY = "The workbench does not answer: is it still running?";
const WAIT_MS = 400; // what is answered sooner needs no sign of waiting

const token = document.querySelector('meta[name="csrf"]').content;

/** The lines of a refusal, thrown by `api`; status 0: no answer came. */
export class Refused extends Error {
  constructor(status, lines) {
    super(lines.join("\n"));
    this.status = status;
    this.lines = lines;
  }
}

/** Ask the server and return its answer; a refusal and a server that is away are thrown. */
export async function send(path, { body, method, signal } = {}) {
  const answer = await fetch(path, {
    method: method ?? (body === undefined ? "GET" : "POST"),
    headers: { "X-CSRF-Token": token, ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal,
  }).catch((error) => {
    throw error.name === "AbortError" ? error : new Refused(0, [AWAY]);
  });
  if (answer.ok) return answer;
  const content = await answer.json().catch(() => ({ detail: [answer.statusText || `status ${answer.status}`] }));
  throw new Refused(answer.status, lines(content.detail));
}

/** Ask the API: GET without a body, POST with one (or the method given); returns JSON. */
export async function api(path, options) {
  const answer = await send(path, options);
  return answer.json();
}

function lines(detail) {
  if (Array.isArray(detail)) return detail.map((line) => (typeof line === "string" ? line : `${(line.loc ?? []).slice(1).join(".")}: ${line.msg}`));
  return [String(detail)];
}

/** The lines that tell a reader what went wrong. */
export function told(error) {
  return error.lines ?? [error.message];
}

/** The same in one line. */
export function message(error) {
  return told(error).join(" ");
}

// ---- parts of pages that the server writes and htmx asks for

const trouble = document.createElement("div");
trouble.className = "alert error";
trouble.setAttribute("role", "alert");

document.body.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRF-Token"] = token;
});

// A refusal that belongs to the fields (422) is a part of the page and stands in its place.
document.body.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status !== 422) return;
  event.detail.shouldSwap = true;
  event.detail.isError = false;
});

document.body.addEventListener("htmx:beforeRequest", ({ detail: { target, xhr } }) => {
  const waiting = setTimeout(() => target.classList.add("busy"), WAIT_MS);
  xhr.addEventListener("loadend", () => {
    clearTimeout(waiting);
    target.classList.remove("busy");
  });
});

document.body.addEventListener("htmx:afterRequest", ({ detail }) => {
  if (detail.successful || detail.xhr.status === 422) trouble.remove();
});
document.body.addEventListener("htmx:sendError", ({ detail }) => complain(detail.target, [AWAY]));
document.body.addEventListener("htmx:responseError", ({ detail: { target, xhr } }) => complain(target, said(xhr)));

// What else is refused says why; without words, which answer it was.
function said(xhr) {
  const page = new DOMParser().parseFromString(xhr.responseText, "text/html");
  const found = [...page.querySelectorAll("[role=alert] p")].map((one) => one.textContent);
  return found.length ? found : [`The workbench could not answer (${xhr.status} ${xhr.statusText}).`];
}

function complain(target, words) {
  trouble.replaceChildren(...words.map((line) => Object.assign(document.createElement("p"), { textContent: line })));
  target.before(trouble);
}

// ---- colours

/** A colour or another custom property of the style sheet as it stands now (light or dark). */
export function token_value(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Call back when the system turns from light to dark or back: pictures drawn on a canvas follow. */
export function on_scheme_change(callback) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", callback);
}
