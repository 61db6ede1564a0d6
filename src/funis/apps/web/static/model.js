// The page Model: neighbours light up, arrow keys walk the diagram, boxes open in the panel.
import { alert_of, html, table } from "./elements.js";
import { api, Refused, told } from "./workbench.js";

const ZOOM_STEP = 1.3, SMALLEST = 0.5, LARGEST = 4;

const diagram = document.querySelector("svg.diagram");
if (diagram) walk(diagram);
const form = document.getElementById("diff");
if (form) compare(form);
open_target();
addEventListener("hashchange", open_target);

/** Open the closed parts around what the address points to. */
function open_target() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let one = target; one; one = one.parentElement) if (one.tagName === "DETAILS") one.open = true;
  if (target) target.scrollIntoView();
}

function walk(svg) {
  const nodes = [...svg.querySelectorAll(".node")];
  const arrows = [...svg.querySelectorAll(".arrow")];
  const places = new Map(nodes.map((node) => [node, middle(node)]));
  const light = (node) => highlight(svg, nodes, arrows, node);
  let kept = null;
  nodes.forEach((node, place) => {
    node.setAttribute("tabindex", place ? "-1" : "0");
    node.addEventListener("pointerenter", () => light(node));
    node.addEventListener("pointerleave", () => light(kept));
    node.addEventListener("focus", () => {
      nodes.forEach((other) => other.setAttribute("tabindex", other === node ? "0" : "-1"));
      light(node);
    });
    node.addEventListener("blur", () => light(kept));
    node.addEventListener("click", (event) => {
      if (event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      kept = node;
      light(node);
      show(node);
    });
    node.addEventListener("keydown", (event) => {
      const next = towards(node, event.key, nodes, places);
      if (next) {
        event.preventDefault();
        next.focus();
      } else if (event.key === "Escape") {
        kept = null;
        light(null);
      }
    });
  });
  zooming(svg);
  const narrow = matchMedia("(max-width: 719px)");
  const unfold = () => narrow.matches && (document.getElementById("as-list").open = true);
  narrow.addEventListener("change", unfold);
  unfold();
}

function middle(node) {
  const box = node.querySelector("rect");
  const [x, y, width, height] = ["x", "y", "width", "height"].map((name) => Number(box.getAttribute(name)));
  return { x: x + width / 2, y: y + height / 2 };
}

/** The nearest box in the direction of an arrow key. */
function towards(node, key, nodes, places) {
  const ways = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
  const way = ways[key];
  if (!way) return null;
  const from = places.get(node);
  let best = null, least = Infinity;
  for (const other of nodes) {
    const to = places.get(other);
    const along = (to.x - from.x) * way[0] + (to.y - from.y) * way[1];
    const aside = Math.abs((to.x - from.x) * way[1]) + Math.abs((to.y - from.y) * way[0]);
    if (other !== node && along > 8 && along + 3 * aside < least) [best, least] = [other, along + 3 * aside];
  }
  return best;
}

function highlight(svg, nodes, arrows, node) {
  const name = node?.dataset.node;
  const near = new Set();
  for (const arrow of arrows) {
    const joined = Boolean(name) && (arrow.dataset.from === name || arrow.dataset.to === name);
    arrow.classList.toggle("lit", joined);
    if (joined && getComputedStyle(arrow).display !== "none") near.add(arrow.dataset.from).add(arrow.dataset.to);
  }
  svg.classList.toggle("chosen", Boolean(name));
  for (const one of nodes) {
    one.classList.toggle("here", one === node);
    one.classList.toggle("near", one !== node && near.has(one.dataset.node));
  }
}

let asked = null;

/** Put what a box stands for into the panel; a newer choice takes the place of an older one. */
async function show(node) {
  const panel = document.getElementById("panel");
  asked?.abort();
  asked = new AbortController();
  try {
    const answer = await fetch(`${node.getAttribute("href")}?part=true`, { signal: asked.signal });
    const text = await answer.text();
    if (!answer.ok && answer.status !== 404) throw new Refused(answer.status, [answer.statusText]);
    panel.innerHTML = text;
    panel.focus({ preventScroll: false });
  } catch (error) {
    if (error.name !== "AbortError") location.assign(node.getAttribute("href"));
  }
}

function zooming(svg) {
  const tools = document.querySelector(".diagram-tools");
  const frame = document.querySelector(".diagram-frame");
  let scale = 1;
  const zoom = (kind) => {
    scale = kind === "fit" ? 1 : Math.min(LARGEST, Math.max(SMALLEST, scale * (kind === "in" ? ZOOM_STEP : 1 / ZOOM_STEP)));
    svg.style.width = `${100 * scale}%`;
    svg.style.minWidth = scale === 1 && kind !== "fit" ? "" : "0";
  };
  tools.hidden = false;
  tools.addEventListener("click", (event) => event.target.dataset.zoom && zoom(event.target.dataset.zoom));
  frame.addEventListener("keydown", (event) => {
    const kind = { "+": "in", "=": "in", "-": "out", 0: "fit" }[event.key];
    if (!kind || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    zoom(kind);
  });
}

/** Compare texts with the library's model and show what differs as tables. */
function compare(form) {
  const place = document.getElementById("differences");
  for (const chosen of form.querySelectorAll("input[type=file]")) {
    chosen.addEventListener("change", async () => {
      if (chosen.files[0]) document.getElementById(chosen.dataset.into).value = await chosen.files[0].text();
    });
  }
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const body = { model: form.querySelector("#model").value, parameters: form.querySelector("#parameters").value };
    try {
      const found = await api(`/api/model/${form.dataset.disease}/diff`, { body });
      place.replaceChildren(...listed("Equations", found.equations), ...listed("Parameters", found.parameters));
    } catch (error) {
      place.replaceChildren(alert_of(told(error)));
    }
  });
}

function listed(title, lines) {
  const head = html("h2", {}, `${title}: ${lines.length ? `${lines.length} differ` : "nothing differs"}`);
  const code = (text) => html("code", {}, text);
  if (!lines.length) return [head];
  const rows = lines.map((line) => [code(line.id), line.way, line.part, code(line.ours), code(line.theirs)]);
  return [head, table(`${title} that differ`, ["Name", "How", "Of it", "Library", "Yours"], rows)];
}
