"use strict";
// One stream brings pictures and numbers; it is closed while the page is hidden, so that a device
// encodes nothing for a phone in a pocket.

const $ = (id) => document.getElementById(id);
const canvas = $("picture"), pen = canvas.getContext("2d");
const AMBER = "#ffbf00", HISTORY_S = 300, SILENT_MS = 3000, HELD_MS = 8000, MAX_MESSAGE = 20e6;
let seconds = [], shown = null, held = null, pictureAt = 0, stop = null, retryMs = 500, status = null;

// --- the stream -------------------------------------------------------------------------------

// Read messages of two lengths, a JSON document and a JPEG until the stream ends.
async function readMessages(reader, take) {
  let have = new Uint8Array(0);
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const joined = new Uint8Array(have.length + value.length);
    joined.set(have); joined.set(value, have.length); have = joined;
    while (have.length >= 8) {
      const view = new DataView(have.buffer, have.byteOffset, 8);
      const [text, jpeg] = [view.getUint32(0), view.getUint32(4)];
      if (text + jpeg > MAX_MESSAGE) throw new Error("not our stream");
      if (have.length < 8 + text + jpeg) break;
      const document_ = JSON.parse(new TextDecoder().decode(have.subarray(8, 8 + text)));
      await take(document_, have.slice(8 + text, 8 + text + jpeg));
      have = have.slice(8 + text + jpeg);
    }
  }
}

async function connect() {
  if (document.hidden || stop) return;
  stop = new AbortController();
  try {
    const response = await fetch("live", { signal: stop.signal });
    if (response.status === 401) { location.reload(); return; }
    if (!response.ok) throw new Error((await response.json()).error);
    retryMs = 500;
    await readMessages(response.body.getReader(), (document_, jpeg) =>
      jpeg.length ? takePicture(document_, jpeg) : takeStatus(document_));
    throw new Error("the service has stopped");
  } catch (error) {
    if (!document.hidden) pill("bad", error instanceof TypeError ? "no connection" : error.message);
  } finally {
    stop = null;
  }
  if (!document.hidden) setTimeout(connect, retryMs);
  retryMs = Math.min(2 * retryMs, 8000);
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) { if (stop) stop.abort(); } else { retryMs = 500; connect(); }
});

// --- the picture ------------------------------------------------------------------------------

async function takePicture(message, jpeg) {
  pictureAt = performance.now();
  if (held) return;
  const bitmap = await createImageBitmap(new Blob([jpeg], { type: "image/jpeg" }));
  shown = message;
  canvas.width = bitmap.width; canvas.height = bitmap.height;
  pen.drawImage(bitmap, 0, 0);
  bitmap.close();
  drawBoxes(message, canvas.width / message.width);
  $("words").textContent = message.words;
  if (status) drawTiles(status);
  mood();
}

function drawBoxes(message, scale) {
  const line = Math.max(2, canvas.width / 320);
  const size = Math.round(12.5 * canvas.width / Math.max(canvas.clientWidth, 1));
  for (const [left, top, right, bottom] of message.boxes) {
    const place = [left * scale, top * scale, (right - left) * scale, (bottom - top) * scale];
    // A dark rim keeps the box visible on any background.
    pen.lineWidth = line + 2; pen.strokeStyle = "#000"; pen.strokeRect(...place);
    pen.lineWidth = line; pen.strokeStyle = AMBER; pen.strokeRect(...place);
  }
  pen.font = `600 ${size}px system-ui,sans-serif`;
  pen.textBaseline = "middle";
  const taken = [];
  message.boxes.forEach(([left, top, , bottom], index) => {
    const words = message.labels[index] || message.scores[index].toFixed(2);
    const high = size + 4, wide = pen.measureText(words).width + 8;
    const x = Math.min(Math.max(left * scale, 0), canvas.width - wide);
    const y = freePlace(taken, x, wide, high, [top * scale - high, bottom * scale, top * scale]);
    taken.push([x, y, wide, high]);
    pen.fillStyle = AMBER; pen.fillRect(x, y, wide, high);
    pen.fillStyle = "#000"; pen.fillText(words, x + 4, y + high / 2 + 1);
  });
}

// The first of some heights at which a label is within the picture and covers no other.
function freePlace(taken, x, wide, high, heights) {
  const inside = heights.filter((y) => y >= 0 && y + high <= canvas.height);
  const free = inside.find((y) => taken.every(([left, top, width, height]) =>
    x >= left + width || left >= x + wide || y >= top + height || top >= y + high));
  return free ?? inside[0] ?? 0;
}

// --- missed and false -------------------------------------------------------------------------

async function post(path, body) {
  const response = await fetch(path, {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error);
  return answer;
}

async function press(kind) {
  if (!shown || held) return;
  hold(kind);
  try {
    held.name = (await post("feedback", { kind, number: held.picture.number })).name;
    say(`Kept. Tap ${kind === "missed" ? "the person" : "the false box"} in the picture, or wait.`);
  } catch (error) {
    release();
    say(error.message, 5000);
  }
}

function hold(kind) {
  held = { kind, picture: shown, timer: setTimeout(release, HELD_MS) };
  $("view").classList.add("held");
  for (const id of ["missed", "false"]) $(id).disabled = true;
  say("keeping this picture ...");
}

function release() {
  if (held) clearTimeout(held.timer);
  held = null;
  $("view").classList.remove("held");
  for (const id of ["missed", "false"]) $(id).disabled = false;
  $("said").hidden = true;
}

canvas.addEventListener("click", async (event) => {
  if (!held || !held.name) return;
  const box = canvas.getBoundingClientRect(), { name, picture } = held;
  const x = (event.clientX - box.left) / box.width * picture.width;
  const y = (event.clientY - box.top) / box.height * picture.height;
  release();
  try {
    await post("mark", { name, x, y });
    say("Kept, with the place. Thank you.", 2500);
  } catch (error) {
    say(error.message, 5000);
  }
});

function say(words, forMs) {
  const said = $("said");
  said.textContent = words; said.hidden = false;
  if (forMs) setTimeout(() => { if (said.textContent === words) said.hidden = true; }, forMs);
}

$("missed").addEventListener("click", () => press("missed"));
$("false").addEventListener("click", () => press("false"));

// --- numbers ----------------------------------------------------------------------------------

const number = (value, digits = 0, unit = "") =>
  value === null || value === undefined ? "–" : `${value.toFixed(digits)}${unit}`;

function made(tag, text, kind) {
  const one = document.createElement(tag);
  one.textContent = text;
  if (kind) one.className = kind;
  return one;
}

function facts(host, rows) {
  host.replaceChildren(...rows.flatMap(([name, value, kind]) =>
    [made("dt", name), made("dd", value ?? "not reported", kind ?? (value ? "" : "none"))]));
}

function takeStatus(message) {
  status = message;
  seconds = [...seconds, ...message.seconds];
  const newest = seconds.length ? seconds[seconds.length - 1].up_s : 0;
  seconds = seconds.filter((one) => one.up_s > newest - HISTORY_S && one.up_s <= newest);
  document.title = $("name").textContent = message.name ? `Belisha: ${message.name}` : "Belisha";
  $("sign-out").hidden = !message.signed_in;
  $("buttons").hidden = !message.rights.includes("feedback");
  drawAlarms(message); drawTiles(message); drawInForce(message); drawHealth(message.health);
  drawStages(message.stages); drawEvents(message); drawLog(message);
  facts($("versions"), Object.entries(message.versions));
  drawLatency($("latency-plot"), seconds);
  mood();
}

function drawAlarms(message) {
  const rows = message.alarms.map((one) => {
    const row = made("p", one.text + " ", one.level === "alarm" ? "bad" : "open");
    row.append(made("small", `for ${duration(one.for_s)}`));
    return row;
  });
  const untold = message.in_force.passed_over.filter((text) =>
    !message.alarms.some((one) => one.text.includes(text)));
  for (const text of untold) rows.push(made("p", `Fallback: ${text}`, "open"));
  if (message.degradation.active.length) {
    const less = [message.degradation.bundle && `model ${message.degradation.bundle}`,
      message.degradation.rate_hz && `at most ${message.degradation.rate_hz} frames a second`];
    rows.push(made("p", `Doing less (${message.degradation.active.join(", ")}): ${less.filter(Boolean).join(", ")}`, "open"));
  }
  if (message.log && message.log.trouble) rows.push(made("p", `Activity log: ${message.log.trouble}`, "bad"));
  $("alarms").replaceChildren(...rows);
}

function drawTiles(message) {
  const last = seconds[seconds.length - 1], { counts, latency } = message;
  const tiles = [
    ["frames a second", number(last?.processed)],
    ["people in the picture", number(shown?.boxes.length)],
    ["camera to decision, half", number(latency.p50, 1), "ms"],
    ["camera to decision, 99 %", number(latency.p99, 1), "ms"],
    ["frames since the start", counts.processed.toLocaleString("en")],
    ["dropped for newer ones", counts.dropped.toLocaleString("en")],
    ["decisions too late", counts.missed.toLocaleString("en")],
    ["bad frames", counts.failed.toLocaleString("en")],
  ];
  $("tiles").replaceChildren(...tiles.map(([words, value, unit]) => {
    const tile = made("div", "", "tile"), strong = made("b", value);
    if (unit && value !== "–") strong.append(made("small", ` ${unit}`));
    tile.append(strong, made("span", words));
    return tile;
  }));
}

function drawInForce(message) {
  const now = message.in_force;
  facts($("in-force"), [
    ["model", now.bundle && `${now.bundle}${now.digest ? ` (${now.digest.slice(0, 12)})` : ""}${now.pinned ? ", chosen by hand" : ""}`],
    ["engine", now.engine],
    ["engine switched", ...lastSwitch(message)],
    ["rule", [now.rule, now.reason].filter(Boolean).join(": ") || "none"],
    ["least score", number(now.threshold, 2)],
    ["camera", message.camera],
    ["running for", duration(message.up_s)],
  ]);
  $("rules-box").hidden = message.rules.length === 0;
  if (message.rules.length !== $("rules").childElementCount) {
    $("rules").replaceChildren(...message.rules.map((text) => made("li", text)));
  }
  drawSwitch(message);
}

// The last time that a model went on with another engine by itself.
function lastSwitch(message) {
  const { switches, last } = message.engines;
  if (!last) return ["never since the start", "soft"];
  const times = switches > 1 ? `, the last of ${switches} times` : "";
  return [`${duration(message.up_s - last.up_s)} ago${times}: ${last.bundle} from ${last.before} `
    + `to ${last.after}: ${last.reason}`, "open"];
}

function drawSwitch(message) {
  const choice = $("bundle"), names = ["", ...message.bundles];
  $("switch").hidden = !message.rights.includes("switch") || message.bundles.length === 0;
  if (names.join("\n") === [...choice.options].map((one) => one.value).join("\n")) return;
  choice.replaceChildren(...names.map((name) => {
    const option = made("option", name || "as the rules say");
    option.value = name;
    return option;
  }));
  choice.value = message.in_force.pinned ? message.in_force.bundle : "";
}

$("switch").addEventListener("submit", async (event) => {
  event.preventDefault();
  try {
    say((await post("switch", { bundle: $("bundle").value || null })).said, 4000);
  } catch (error) {
    say(error.message, 5000);
  }
});

function drawHealth(health) {
  const share = (value) => value === null ? "" : ` (${number(100 * value)} % of its best)`;
  const row = (name, value, digits, unit, more = "") =>
    [name, value === null ? null : number(value, digits, unit) + more];
  facts($("health"), [
    row("hottest", health.hottest_c, 1, " °C",
      health.headroom_c === null ? "" : `, ${number(health.headroom_c, 0)} to the limit`),
    row("clock", health.clock_mhz, 0, " MHz", share(health.clock_share)),
    row("GPU clock", health.gpu_mhz, 0, " MHz", share(health.gpu_share)),
    row("braked by heat", health.throttling === null ? null : 100 * health.throttling, 0, " %",
      health.throttle_events === null ? "" : `, ${health.throttle_events} times so far`),
    row("power", health.power_w, 1, " W"),
    row("memory used", health.memory_mb, 0, " MB"),
    row("memory free", health.memory_free_mb, 0, " MB"),
    row("disk free", health.disk_free_mb === null ? null : health.disk_free_mb / 1e3, 1, " GB"),
  ]);
}

function drawStages(stages) {
  const head = document.createElement("tr"), columns = ["p50", "p90", "p99"];
  head.append(...["stage", ...columns].map((text) => made("th", text)));
  const rows = Object.entries(stages).map(([name, times]) => {
    const row = document.createElement("tr");
    row.append(made("td", name), ...columns.map((column) => made("td", number(times[column], 2))));
    return row;
  });
  $("stages").replaceChildren(head, ...rows);
}

function drawEvents(message) {
  $("events").replaceChildren(...message.events.slice().reverse().map((one) => {
    const row = document.createElement("li"), when = new Date(one.utc);
    const time = made("time", when.toLocaleTimeString("en-GB"));
    time.title = when.toLocaleString();
    row.append(time, made("span", one.text, { alarm: "bad", warning: "open" }[one.level] ?? ""));
    return row;
  }));
}

function drawLog(message) {
  $("log").hidden = message.log === null;
  $("log-link").hidden = message.log === null || !message.rights.includes("log");
  if (!message.log) return;
  const [entry, digest] = message.log.head.split(":");
  const lost = message.log.lost ? `, ${message.log.lost} given up` : "";
  $("log").textContent = `Activity log: ${Number(entry).toLocaleString("en")} entries${lost}. Head ${entry}:${digest}`;
}

function duration(s) {
  if (s < 90) return `${Math.round(s)} s`;
  if (s < 5400) return `${Math.round(s / 60)} min`;
  return s < 172800 ? `${(s / 3600).toFixed(1)} h` : `${(s / 86400).toFixed(1)} days`;
}

// --- the mood ---------------------------------------------------------------------------------

function pill(kind, words) {
  $("state").className = `pill ${kind}`;
  $("state").textContent = words;
}

// What the corner says, and whether the picture may be taken for the present.
function mood() {
  const silent = performance.now() - pictureAt > SILENT_MS;
  const seen = pictureAt > 0;
  $("view").classList.toggle("stale", seen && silent && !held);
  $("veil").hidden = seen && !silent;
  $("veil").textContent = seen ? "no new picture" : "waiting for the first picture";
  if (!status) return;
  if (silent) pill("bad", "no picture");
  else if (status.alarms.some((one) => one.level === "alarm")) pill("bad", "alarm");
  else if (troubled(status)) pill("open", "attention");
  else pill("good", "live");
}

// A fallback is announced above, but it is how this device is, not what has gone wrong.
const troubled = (message) => message.alarms.length > 0 || message.degradation.active.length > 0
  || Boolean(message.log && message.log.trouble);

setInterval(() => { if (stop) mood(); }, 1000);
addEventListener("resize", () => drawLatency($("latency-plot"), seconds));
$("sign-out").addEventListener("click", async () => { await post("logout", {}); location.reload(); });
connect();
