(function () {
  "use strict";
  var root = document.documentElement;
  root.classList.add("js");
  var svgs = document.querySelectorAll("svg[data-panel]");
  var tip = document.createElement("div");
  tip.id = "tip"; tip.hidden = true; tip.setAttribute("role", "status");
  document.body.appendChild(tip);

  function text(value, digits) {
    return value.toFixed(digits).replace("-", "\u2212").replace(/^\u2212(0(\.0+)?)$/, "$1");
  }
  function shown(value, panel) {
    if (panel.percent) { return text(100 * value, 1) + "%"; }
    if (panel.log) {
      if (value <= panel.y[0] * 1.02) { return "below " + panel.y[0].toLocaleString("en-US"); }
      return Number(value.toPrecision(2)).toLocaleString("en-US");
    }
    return text(value, Math.abs(panel.y[1] - panel.y[0]) > 40 ? 1 : 2);
  }
  function points(path) {
    if (!path.funisPoints) {
      path.funisPoints = path.getAttribute("d").replace(/Z/g, "").split(/(?=[ML])/).map(function (part) {
        var pair = part.slice(1).split(",");
        return [Number(pair[0]), Number(pair[1]), part[0] === "M"];
      });
    }
    return path.funisPoints;
  }
  function at(list, x) {
    for (var i = 1; i < list.length; i += 1) {
      var a = list[i - 1], b = list[i];
      if (b[2]) { continue; }
      var low = Math.min(a[0], b[0]), high = Math.max(a[0], b[0]);
      if (x >= low && x <= high && high > low) { return a[1] + (b[1] - a[1]) * (x - a[0]) / (b[0] - a[0]); }
    }
    return null;
  }
  function value(y, panel) {
    var s = panel.y, share = (y - s[2]) / (s[3] - s[2]);
    return panel.log ? s[0] * Math.pow(s[1] / s[0], share) : s[0] + share * (s[1] - s[0]);
  }
  function row(name, words) { return [name, words]; }
  function rows(svg, panel, x) {
    var found = [], bands = {};
    svg.querySelectorAll(".band").forEach(function (path) {
      var list = points(path), k = Number(path.dataset.k), name = path.dataset.n.split("|");
      if (getComputedStyle(path).visibility === "hidden") { return; }
      var high = at(list.slice(0, k), x), low = at(list.slice(k), x);
      if (high !== null && low !== null && name[1] === "25–75%") {
        bands[name[0]] = " (" + shown(value(low, panel), panel) + " to " + shown(value(high, panel), panel) + ")";
      }
    });
    svg.querySelectorAll(".curve").forEach(function (path) {
      var y = at(points(path), x);
      if (y !== null) { found.push(row(path.dataset.n, shown(value(y, panel), panel) + (bands[path.dataset.n] || ""))); }
    });
    svg.querySelectorAll(".share").forEach(function (path) {
      var list = points(path), k = Number(path.dataset.k);
      var high = at(list.slice(0, k), x), low = at(list.slice(k), x);
      if (high !== null && low !== null) { found.push(row(path.dataset.n, text(100 * (value(high, panel) - value(low, panel)), 0) + "%")); }
    });
    return found.reverse();
  }
  function cursor(svg, panel, x) {
    var line = svg.querySelector(".cursor");
    if (!line) {
      line = document.createElementNS("http://www.w3.org/2000/svg", "line");
      line.setAttribute("class", "cursor");
      svg.appendChild(line);
    }
    line.setAttribute("x1", x); line.setAttribute("x2", x);
    line.setAttribute("y1", panel.y[2]); line.setAttribute("y2", panel.y[3]);
  }
  function show(svg, panel, x) {
    var s = panel.x;
    x = Math.max(s[2], Math.min(s[3], x));
    cursor(svg, panel, x);
    tip.textContent = "";
    var head = document.createElement("b");
    head.textContent = "week " + text(s[0] + (s[1] - s[0]) * (x - s[2]) / (s[3] - s[2]), 1);
    tip.appendChild(head);
    rows(svg, panel, x).forEach(function (pair) {
      var line = document.createElement("div");
      line.textContent = pair[0] + ": " + pair[1];
      tip.appendChild(line);
    });
    tip.hidden = false;
    var box = svg.getBoundingClientRect(), scale = box.width / svg.viewBox.baseVal.width;
    var left = box.left + x * scale + 12;
    if (left + tip.offsetWidth > root.clientWidth - 8) { left = box.left + x * scale - tip.offsetWidth - 12; }
    tip.style.left = Math.max(4, left) + window.scrollX + "px";
    tip.style.top = Math.max(4, box.top + window.scrollY - tip.offsetHeight - 2) + "px";
  }
  function hide(svg) {
    var line = svg.querySelector(".cursor");
    if (line) { line.remove(); }
    tip.hidden = true;
  }
  svgs.forEach(function (svg) {
    var panel = JSON.parse(svg.dataset.panel), title = svg.querySelector("title"), x = null;
    svg.setAttribute("aria-label", title.textContent);
    svg.setAttribute("aria-describedby", svg.querySelector("desc").id);
    svg.removeAttribute("aria-labelledby");
    title.remove();
    function move(event) {
      var box = svg.getBoundingClientRect();
      x = (event.clientX - box.left) * svg.viewBox.baseVal.width / box.width;
      show(svg, panel, x);
    }
    svg.addEventListener("pointermove", move);
    svg.addEventListener("pointerdown", move);
    svg.addEventListener("pointerleave", function () { hide(svg); });
    if (svg.closest("[data-keys]")) {
      svg.setAttribute("tabindex", "0");
      svg.addEventListener("keydown", function (event) {
        if (event.key === "Escape") { hide(svg); return; }
        if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") { return; }
        event.preventDefault();
        var step = (panel.x[3] - panel.x[2]) / (panel.x[1] - panel.x[0]);
        x = x === null ? panel.x[2] : x + (event.key === "ArrowRight" ? step : -step);
        x = Math.max(panel.x[2], Math.min(panel.x[3], x));
        show(svg, panel, x);
      });
      svg.addEventListener("blur", function () { hide(svg); });
    }
  });

  var search = document.getElementById("parameter-search");
  if (search) {
    search.addEventListener("input", function () {
      var wanted = search.value.toLowerCase();
      document.querySelectorAll("#parameters tbody tr").forEach(function (line) {
        line.hidden = line.textContent.toLowerCase().indexOf(wanted) < 0;
      });
      if (wanted) { document.querySelectorAll("#parameters details").forEach(function (d) { d.open = true; }); }
    });
  }
  var links = {}, seen = null;
  document.querySelectorAll("nav.contents a").forEach(function (a) { links[a.hash.slice(1)] = a; });
  if ("IntersectionObserver" in window) {
    var watch = new IntersectionObserver(function (entries) {
      entries.forEach(function (entry) {
        if (entry.isIntersecting && links[entry.target.id]) {
          if (seen) { seen.removeAttribute("aria-current"); }
          seen = links[entry.target.id];
          seen.setAttribute("aria-current", "true");
        }
      });
    }, { rootMargin: "0px 0px -75% 0px" });
    document.querySelectorAll("main section[id]").forEach(function (section) { watch.observe(section); });
  }
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details:not(.numbers)").forEach(function (d) { d.open = true; });
  });
}());
