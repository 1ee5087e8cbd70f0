"use strict";
// A plot of seconds as SVG: how long decisions took, and where frames were dropped or late.

const SVG = "http://www.w3.org/2000/svg";

function element(name, attributes, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

// 1, 2 and 5 times the powers of ten from below `low` to above `high`: a logarithmic axis, on which
// one slow frame does not flatten all others.
function roundTicks(low, high) {
  const ticks = [];
  for (let power = 10 ** Math.floor(Math.log10(low)); power <= high * 10; power *= 10) {
    for (const step of [1, 2, 5]) ticks.push(step * power);
  }
  const first = ticks.filter((tick) => tick <= low).length - 1;
  const last = ticks.findIndex((tick) => tick >= high);
  return ticks.slice(Math.max(first, 0), last + 1);
}

// Draw `seconds` ({up_s, p50, worst, late}, oldest first) into `host`, as wide as it is.
function drawLatency(host, seconds) {
  const width = Math.max(host.clientWidth, 240), height = 190;
  const left = 40, right = 8, top = 10, bottom = 26, span = 300;
  const now = seconds.length ? seconds[seconds.length - 1].up_s : 0;
  const values = seconds.flatMap((one) => [one.p50, one.worst]).filter((value) => value > 0);
  const ticks = roundTicks(Math.min(5, ...values), Math.max(10, ...values));
  const [low, high] = [ticks[0], ticks[ticks.length - 1]].map(Math.log);
  const x = (up) => left + (1 - (now - up) / span) * (width - left - right);
  const y = (value) => top + (1 - (Math.log(value) - low) / (high - low)) * (height - top - bottom);
  const svg = element("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img",
    "aria-label": "milliseconds from camera to decision over the last five minutes" });
  for (const value of ticks) {
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
    if (!(one[key] > 0)) { before = null; continue; }
    const joined = before !== null && one.up_s - before < 3;
    line += `${joined ? "L" : "M"}${x(one.up_s).toFixed(1)} ${y(one[key]).toFixed(1)}`;
    if (!joined) line += "h0.1";
    before = one.up_s;
  }
  return line;
}
