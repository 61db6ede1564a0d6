// The timeline of a trial: arms as rows, weeks as axis, doses and visits that can be moved.

import { million, short, svg, ticks } from "./elements.js";

const LEFT = 170, RIGHT = 60, TOP = 46, ROW = 34, HEAD = 26, SMALLEST_GAP = 24;

/** Draw the outline of a draft; `change` is called with what the user did. */
export function draw_timeline(box, outline, { change }) {
  const focused = box.contains(document.activeElement) ? document.activeElement.dataset.key : null;
  const width = wide_enough(outline, box.clientWidth || 700);
  const weeks = Math.max(outline.weeks, 1);
  const x = (week) => LEFT + (week / weeks) * (width - LEFT - RIGHT);
  const week_at = (px) => ((px - LEFT) / (width - LEFT - RIGHT)) * weeks;
  const height = TOP + outline.arms.reduce((sum, arm) => sum + HEAD + ROW * Math.max(arm.given.length, 1), 0) + 30;
  const picture = svg("svg", { class: "timeline", width, height, viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": "Timeline: arms as rows, weeks from left to right", "aria-describedby": "timeline-help" });
  axis(picture, weeks, x, height);
  const place = { x, week_at, weeks, picture, change };
  outline.visits.forEach((week, number) => picture.append(visit(week, number, outline, place, height)));
  let y = TOP;
  for (const arm of outline.arms) y = arm_rows(picture, arm, y, place, width);
  box.replaceChildren(picture);
  if (focused) box.querySelector(`[data-key="${CSS.escape(focused)}"]`)?.focus();
}

// So wide that neighbouring visits are targets of their own.
function wide_enough(outline, given) {
  const gaps = outline.visits.slice(1).map((week, k) => week - outline.visits[k]).filter((gap) => gap > 0);
  const needed = gaps.length ? (SMALLEST_GAP / Math.min(...gaps)) * outline.weeks : 0;
  return Math.min(Math.max(given, needed + LEFT + RIGHT, 520), 6000);
}

function axis(picture, weeks, x, height) {
  picture.append(svg("text", { x: 6, y: 18, class: "tick" }, "Week"));
  const dense = Math.max(Math.floor((x(weeks) - x(0)) / 60), 2);
  for (const week of ticks(0, weeks, dense)) {
    picture.append(svg("line", { x1: x(week), x2: x(week), y1: 24, y2: height - 26, class: "grid" }),
      svg("text", { x: x(week), y: height - 10, class: "tick", "text-anchor": "middle" }, short(week)));
  }
}

function arm_rows(picture, arm, y, place, width) {
  const marks = [arm.reference ? "reference" : "", arm.altered ? "changed model" : ""].filter(Boolean).join(", ");
  picture.append(svg("line", { x1: 0, x2: width, y1: y + 2, y2: y + 2, class: "rule" }),
    svg("text", { x: 6, y: y + 18, class: "armname" }, cut(arm.label, 60) + (marks ? ` (${marks})` : "")));
  y += HEAD;
  if (!arm.given.length) {
    picture.append(svg("text", { x: LEFT, y: y + 20, class: "tick" }, arm.control ? "nothing is given" : "empty"));
    return y + ROW;
  }
  for (const given of arm.given) {
    row(picture, arm, given, y, place);
    y += ROW;
  }
  return y;
}

function row(picture, arm, given, y, place) {
  const { x, weeks } = place, middle = y + ROW / 2;
  picture.append(svg("text", { x: 18, y: middle + 4, class: "tick" }, cut(words(given), 24)),
    svg("line", { x1: x(0), x2: x(weeks), y1: middle, y2: middle, class: "track" }));
  const end = (day) => Math.min(given.length_day === null ? weeks : (day + given.length_day) / 7, weeks);
  given.days.forEach((day, number) => {
    if (day / 7 >= weeks) return;
    if (given.length_day !== 0) picture.append(svg("rect", { x: x(day / 7), y: middle - 5, width: Math.max(x(end(day)) - x(day / 7), 2), height: 10, class: "course" }));
    picture.append(dose(arm, given, day, number, middle, place));
  });
  const later = given.days.filter((day) => day / 7 >= weeks).length;
  if (later) picture.append(svg("text", { x: x(weeks) + 6, y: middle + 4, class: "tick" }, `+${later} later`));
}

function words(given) {
  if (given.kind === "sham") return `sham, ${given.route ?? "?"}`;
  if (given.kind === "drug") return `${given.what}${given.amount === 1 ? "" : ` × ${short(given.amount)}`}`;
  const amount = given.amount === null ? "? cells" : `${short(given.amount / 1e6)} M${given.unit === "cells/kg" ? "/kg" : ""}`;
  return `${amount}, ${given.route ?? "?"}`;
}

function told(given, arm) {
  const amount = given.amount === null ? "" : given.kind === "drug" ? `, ${short(given.amount)} times the standard dose` : `, ${million(given.amount)} ${given.unit}`;
  return `${given.what}${amount}${given.route ? `, ${given.route}` : ""}, arm ${arm.label}`;
}

function dose(arm, given, day, number, middle, place) {
  const where = { arm: arm.place, intervention: given.place, dose: number };
  const mark = svg("g", {
    class: `dose-mark ${given.kind}`, tabindex: 0, role: "slider", "data-key": `dose-${arm.place}-${given.place}-${number}`,
    "aria-label": `Dose ${number + 1} of ${told(given, arm)}`, "aria-valuemin": 0, "aria-valuemax": Math.round(place.weeks * 7),
    "aria-valuenow": Math.round(day), "aria-valuetext": `day ${short(day)}`,
  }, svg("title", {}, `Day ${short(day)}: ${told(given, arm)}`), svg("rect", { x: -12, y: -14, width: 24, height: 28, class: "hit" }),
  given.kind === "cells" ? svg("circle", { r: 8, class: "seen" }) : svg("rect", { x: -7, y: -7, width: 14, height: 14, class: "seen" }),
  svg("text", { y: -12, class: "now", "text-anchor": "middle" }));
  const show = (one) => mark.setAttribute("transform", `translate(${place.x(one / 7)} ${middle})`);
  show(day);
  const move = (to) => place.change({ kind: "move_dose", ...where, day: to }, `dose moved to day ${short(to)}`, (answer) => `dose-${arm.place}-${given.place}-${answer.place}`);
  dragged(mark, place, (px) => Math.max(Math.round(place.week_at(px) * 7), 0), show, (to) => `day ${to}`, day, move);
  mark.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? 7 : 1;
    if (event.key === "ArrowRight" || event.key === "ArrowUp") move(Math.round(day) + step);
    else if (event.key === "ArrowLeft" || event.key === "ArrowDown") move(Math.max(Math.round(day) - step, 0));
    else if (event.key === "Home") move(0);
    else if (event.key === "Delete" || event.key === "Backspace") place.change({ kind: "remove_dose", ...where }, `dose on day ${short(day)} removed`, (answer) => (answer.place === null ? null : `dose-${arm.place}-${given.place}-${answer.place}`));
    else if (event.key === "Insert" || event.key === "Enter") place.change({ kind: "add_dose", arm: arm.place, intervention: given.place, day: Math.round(day) + 28 }, `dose added on day ${short(day + 28)}`, (answer) => `dose-${arm.place}-${given.place}-${answer.place}`);
    else return;
    event.preventDefault();
  });
  return mark;
}

function visit(week, number, outline, place, height) {
  const fixed = number === 0;
  const mark = svg("g", {
    class: "visit-mark", tabindex: 0, role: "slider", "data-key": `visit-${number}`, "aria-label": fixed ? "Baseline visit, stays at week 0" : `Visit ${number + 1}`,
    "aria-valuemin": 0, "aria-valuemax": Math.ceil(place.weeks), "aria-valuenow": week, "aria-valuetext": `week ${short(week)}`, "aria-disabled": fixed ? "true" : null,
  }, svg("title", {}, `Visit at week ${short(week)}`), svg("line", { y1: 14, y2: height - TOP, class: "visit" }),
  svg("rect", { x: -12, y: -14, width: 24, height: 28, class: "hit" }), svg("path", { d: "M-6 -6H6L0 6Z", class: "seen" }),
  svg("text", { y: -12, class: "now", "text-anchor": "middle" }));
  const show = (one) => mark.setAttribute("transform", `translate(${place.x(one)} 32)`);
  show(week);
  const move = (to) => place.change({ kind: "move_visit", visit: number, week: to }, `visit moved to week ${short(to)}`, (answer) => `visit-${answer.place}`);
  if (!fixed) dragged(mark, place, (px) => Math.max(Math.round(place.week_at(px)), 1), show, (to) => `week ${to}`, week, move);
  mark.addEventListener("keydown", (event) => {
    const step = event.shiftKey ? 4 : 1;
    if (event.key === "Insert" || event.key === "Enter") place.change({ kind: "add_visit", week: week + 4 }, `visit added at week ${short(week + 4)}`, (answer) => `visit-${answer.place}`);
    else if (fixed) return;
    else if (event.key === "ArrowRight" || event.key === "ArrowUp") move(free(outline.visits, week, step));
    else if (event.key === "ArrowLeft" || event.key === "ArrowDown") move(free(outline.visits, week, -step));
    else if (event.key === "Delete" || event.key === "Backspace") place.change({ kind: "remove_visit", visit: number }, `visit at week ${short(week)} removed`, (answer) => `visit-${answer.place}`);
    else return;
    event.preventDefault();
  });
  return mark;
}

// The next week in a direction at which no other visit stands.
function free(visits, week, step) {
  let to = week + step;
  while (visits.includes(to) && to > 0) to += Math.sign(step);
  return to > 0 ? to : week;
}

// Pointer: what is under it follows in whole days or weeks; letting go makes the change.
function dragged(mark, place, value_at, show, words_of, start, done) {
  let now = null;
  const at = (event) => value_at(new DOMPoint(event.clientX, event.clientY).matrixTransform(place.picture.getScreenCTM().inverse()).x);
  mark.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    mark.setPointerCapture(event.pointerId);
    mark.classList.add("held");
    now = start;
  });
  mark.addEventListener("pointermove", (event) => {
    if (now === null) return;
    now = at(event);
    show(now);
    mark.querySelector(".now").textContent = words_of(now);
  });
  const end = (keep) => () => {
    if (now === null) return;
    const to = now;
    now = null;
    mark.classList.remove("held");
    mark.querySelector(".now").textContent = "";
    if (keep && to !== start) done(to);
    else show(start);
  };
  mark.addEventListener("pointerup", end(true));
  mark.addEventListener("pointercancel", end(false));
}

function cut(text, length) {
  return text.length > length ? `${text.slice(0, length - 1)}…` : text;
}
