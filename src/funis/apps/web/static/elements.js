// SVG and HTML elements by attributes and classes alone: the page allows no inline style.

const SVG = "http://www.w3.org/2000/svg";

/** An SVG element with attributes and children (elements or text). */
export function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

/** An HTML element with attributes and children; an attribute that is null or false is left out. */
export function html(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

function filled(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((one) => one !== null && one !== undefined));
  return element;
}

/** A number as people read it: three digits at most, a true minus, no rounding of whole numbers. */
export function short(value, digits = 3) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  const text = Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(digits)));
  return text.replace("-", "−");
}

/** Cells in millions, as words. */
export function million(value) {
  return `${short(value / 1e6)} million`;
}

/** Steps of an axis: about `count` round numbers from `low` to `high`. */
export function ticks(low, high, count = 6) {
  const raw = Math.max((high - low) / count, 1e-9);
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 2.5, 5, 10].map((one) => one * power).find((one) => one >= raw);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, k) => Number(((first + k) * step).toPrecision(12)));
}

/** Head and body of a table; the first cell of a row is its heading, cells are text or elements. */
export function filling(columns, rows) {
  // Roles, for a table that turns into cards on a narrow screen is no table to a browser any more.
  return [html("thead", { role: "rowgroup" }, html("tr", { role: "row" }, columns.map((one) => html("th", { scope: "col", role: "columnheader" }, one)))),
    html("tbody", { role: "rowgroup" }, rows.map((row) => html("tr", { role: "row" }, row.map((cell, k) =>
      k === 0 ? html("th", { scope: "row", role: "rowheader" }, cell) : html("td", { role: "cell", "data-head": columns[k] }, cell)))))];
}

/** A table with a caption inside a box that scrolls by itself; `kind` is a class of the table. */
export function table(caption, columns, rows, kind = null) {
  return html("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": caption },
    html("table", { class: kind, role: "table" }, html("caption", {}, caption), filling(columns, rows)));
}

/** A box with lines that say what went wrong, read out at once. */
export function alert_of(lines) {
  return html("div", { class: "alert error", role: "alert" }, lines.map((line) => html("p", {}, line)));
}

/** How wide a chart may be drawn, so that its letters keep their size on a narrow screen. */
export function chart_width(box) {
  return Math.max(Math.min(box.clientWidth || 860, 860), 300);
}

/** A chart in a box of its own that scrolls where the screen is narrow, by keyboard too. */
export function chart_box(name, ...content) {
  return html("div", { class: "scroll chart-box", tabindex: 0, role: "region", "aria-label": name }, content);
}
