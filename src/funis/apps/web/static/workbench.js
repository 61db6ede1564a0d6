// What every page shares: the CSRF token on each change of state, and one way to ask the API.

const token = document.querySelector('meta[name="csrf"]').content;

document.body.addEventListener("htmx:configRequest", (event) => {
  event.detail.headers["X-CSRF-Token"] = token;
});

// An answer that refuses (4xx) says why in place, instead of nothing happening.
document.body.addEventListener("htmx:beforeSwap", (event) => {
  if (event.detail.xhr.status === 422) event.detail.shouldSwap = true;
});

/** The lines of a refusal, thrown by `api`. */
export class Refused extends Error {
  constructor(status, lines) {
    super(lines.join("\n"));
    this.status = status;
    this.lines = lines;
  }
}

/** Ask the API: GET without a body, POST with one (or the method given); returns JSON. */
export async function api(path, { body, method, signal } = {}) {
  const answer = await fetch(path, {
    method: method ?? (body === undefined ? "GET" : "POST"),
    headers: { "X-CSRF-Token": token, ...(body === undefined ? {} : { "Content-Type": "application/json" }) },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal,
  });
  const content = await answer.json().catch(() => ({ detail: [answer.statusText] }));
  if (!answer.ok) throw new Refused(answer.status, lines(content.detail));
  return content;
}

function lines(detail) {
  if (Array.isArray(detail)) return detail.map((line) => (typeof line === "string" ? line : `${(line.loc ?? []).slice(1).join(".")}: ${line.msg}`));
  return [String(detail)];
}

/** A colour or another custom property of the style sheet as it stands now (light or dark). */
export function token_value(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** Call back when the system turns from light to dark or back: pictures drawn on a canvas follow. */
export function on_scheme_change(callback) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", callback);
}
