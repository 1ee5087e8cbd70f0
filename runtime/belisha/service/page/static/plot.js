"use strict";
// A plot of seconds as SVG: how long decisions took, and where frames were dropped or late.

const SVG = "http://www.w3.org/2000/svg";

function element(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

// Steps of 1, 2 or 5 times a power of ten, about `count` of them up to `top`.
function roundStep(top, count) {
  const raw = top / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  return power * [1, 2, 5, 10].find((step) => step * power >= raw);
}

// Draw `seconds` ({up_s, p50, worst, late}, oldest first) into `host`, as wide as it is.
function drawLatency(host, seconds) {
  const width = Math.max(host.clientWidth, 240), height = 190;
  const left = 40, right = 8, top = 10, bottom = 26, span = 300;
  const now = seconds.length ? seconds[seconds.length - 1].up_s : 0;
  const tallest = Math.max(1, ...seconds.map((one) => one.worst ?? one.p50 ?? 0));
  const step = roundStep(tallest, 4), high = Math.ceil(tallest / step) * step;
  const x = (up) => left + (1 - (now - up) / span) * (width - left - right);
  const y = (value) => top + (1 - value / high) * (height - top - bottom);
  const svg = element("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img",
    "aria-label": "milliseconds from camera to decision over the last five minutes" });
  for (let value = 0; value <= high + step / 2; value += step) {
    svg.append(element("line", { x1: left, x2: width - right, y1: y(value), y2: y(value), class: "grid" }));
    svg.append(element("text", { x: left - 6, y: y(value) + 4, "text-anchor": "end" }, +value.toPrecision(3)));
  }
  for (const minutes of [0, 1, 2, 3, 4]) {
    const words = minutes ? `-${minutes} min` : "now";
    svg.append(element("text", { x: x(now - 60 * minutes), y: height - 8, "text-anchor": minutes ? "middle" : "end" }, words));
  }
  svg.append(element("text", { x: left + 4, y: top + 10, class: "unit" }, "ms"));
  for (const one of seconds.filter((one) => one.late > 0 && now - one.up_s <= span)) {
    svg.append(element("rect", { x: x(one.up_s) - 1, y: height - bottom - 5, width: 2.5, height: 5, class: "late" }));
  }
  for (const key of ["worst", "p50"]) {
    svg.append(element("path", { d: path(seconds, key, x, y, now - span), class: key }));
  }
  host.replaceChildren(svg);
}

// A line with a gap where nothing was measured or a second is missing.
function path(seconds, key, x, y, since) {
  let line = "", before = null;
  for (const one of seconds) {
    if (one.up_s < since) continue;
    if (one[key] === null) { before = null; continue; }
    const joined = before !== null && one.up_s - before < 3;
    line += `${joined ? "L" : "M"}${x(one.up_s).toFixed(1)} ${y(one[key]).toFixed(1)}`;
    if (!joined) line += "h0.1";
    before = one.up_s;
  }
  return line;
}
