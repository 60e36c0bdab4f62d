// The status page: what the feed says, in numbers, plots and tables.

import { read } from "./feed.js";
import { Plot, binary } from "./plot.js";

const KEPT = 301;
const TOKEN = "ws-service-token";

const $ = (id) => document.getElementById(id);
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const count = (value) => (value < 100_000 ? whole : short).format(value);
const words = (name) => name.replaceAll("_", " ");

function bytes(value) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  let unit = 0;
  for (; value >= 1024 && unit < units.length - 1; unit += 1) value /= 1024;
  return `${value.toFixed(unit && value < 100 ? 1 : 0)} ${units[unit]}`;
}

function time(seconds) {
  if (seconds === null) return "–";
  if (seconds > 1) return "> 1 s";
  if (seconds >= 1) return "1 s";
  return seconds >= 1e-3 ? `${+(seconds * 1e3).toFixed(1)} ms` : `${+(seconds * 1e6).toFixed(0)} µs`;
}

function age(seconds) {
  const parts = [[86_400, "d"], [3_600, "h"], [60, "min"]];
  const [length, unit] = parts.find(([length]) => seconds >= length) ?? [1, "s"];
  return `${Math.floor(seconds / length)} ${unit}`;
}

/** The bound of the bucket below which the share of them lies; null if there are none. */
function quantile(counts, share, bounds) {
  const total = counts.reduce((sum, value) => sum + value, 0);
  if (total === 0) return null;
  let seen = 0;
  const bucket = counts.findIndex((value) => (seen += value) >= share * total);
  return bounds[bucket] ?? 2;
}

const less = (now, before) => now.map((value, place) => value - before[place]);

let bounds = [1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 1e-2, 2.5e-2, 5e-2, 0.1, 0.25, 0.5, 1];
let moments = [];
let points = [];
let before = null;

/** What happened between two moments. */
function point(now, last) {
  const passed = now.uptime_seconds - last.uptime_seconds;
  const rate = (name) => (now[name] - last[name]) / passed;
  const turns = less(now.turn_time, last.turn_time);
  const late = less(now.timer_lateness, last.timer_lateness);
  return {
    at: now.uptime_seconds,
    connections: now.connections,
    opened: rate("opened"),
    ended: rate("closed"),
    messagesIn: rate("messages_in"),
    messagesOut: rate("messages_out"),
    bytesIn: rate("bytes_in"),
    bytesOut: rate("bytes_out"),
    turn: [0.5, 0.99].map((share) => quantile(turns, share, bounds)),
    late: [0.5, 0.99].map((share) => quantile(late, share, bounds)),
  };
}

const plots = [
  { title: "Connections", names: ["open"], read: (it) => [it.connections], format: count },
  { title: "Messages per second", names: ["in", "out"], read: (it) => [it.messagesIn, it.messagesOut], format: count },
  { title: "Connections per second", names: ["opened", "ended"], read: (it) => [it.opened, it.ended], format: count },
  { title: "Bytes per second", names: ["in", "out"], read: (it) => [it.bytesIn, it.bytesOut], format: bytes, roundUp: binary },
  { title: "Turn time", names: ["p50", "p99"], read: (it) => it.turn, format: time, isLogarithmic: true },
  { title: "Timer lateness", names: ["p50", "p99"], read: (it) => it.late, format: time, isLogarithmic: true },
].map((options) => new Plot($("plots"), options));

const keep = (list) => list.slice(-KEPT);

function history(all) {
  moments = all;
  points = keep(all.slice(1).map((moment, place) => point(moment, all[place])));
  before = null;
  draw();
}

function tick({ moment, status }) {
  bounds = status.bucket_bounds_seconds;
  const last = moments.at(-1);
  if (last && moment.uptime_seconds > last.uptime_seconds) points = keep([...points, point(moment, last)]);
  moments = [moment];
  show(status);
  before = status;
  draw();
}

function draw() {
  if (document.hidden) return;
  for (const plot of plots) plot.draw(points);
  const now = points.at(-1);
  if (!now) return;
  $("now-connections").textContent = count(now.connections);
  $("now-in").textContent = count(now.messagesIn);
  $("now-out").textContent = count(now.messagesOut);
  $("now-ended").textContent = count(now.ended);
  $("now-turn").textContent = time(now.turn[1]);
  $("now-late").textContent = time(now.late[1]);
}

function show(status) {
  const { total, process } = status;
  $("state").textContent = status.state;
  $("state").className = `badge ${status.state}`;
  $("about").textContent = `${status.version} · up ${age(status.uptime_seconds)} · ${status.endpoints.join(" ")}`;
  $("now-memory").textContent = bytes(process.resident_bytes);
  if (before) {
    const passed = status.uptime_seconds - before.uptime_seconds;
    const used = process.cpu_seconds - before.process.cpu_seconds;
    $("now-cpu").textContent = `${whole.format((100 * used) / passed)} %`;
  }
  rows("limits", status.limits.map(limit));
  rows("timers", Object.entries(total.armed).map(([kind, armed]) =>
    ({ cells: [words(kind), count(armed), count(total.expired[kind])], isNone: !armed && !total.expired[kind] })));
  const ended = Object.values(total.closes).reduce((sum, value) => sum + value, 0);
  rows("closes", Object.entries(total.closes).map(([reason, value]) =>
    ({ cells: [words(reason), count(value), meter(value, ended)], isNone: !value })));
  rows("failed", failures(total).map(([what, value]) => ({ cells: [what, count(value)], isNone: !value })));
  rows("shards", status.shards.map((shard, place) => ({ cells: ofShard(shard, before?.shards[place], place, status) })));
}

function limit({ name, used, max }) {
  return { cells: [words(name), count(used), count(max), meter(used, max, 0.8)], isNear: used >= 0.8 * max };
}

function failures({ counters, failed_handshakes: failed }) {
  const handshakes = Object.values(failed).reduce((sum, value) => sum + value, 0);
  return [
    ["failed handshakes", handshakes],
    ["refused transports", counters.refused],
    ["dropped messages", counters.dropped],
    ["refused publications", counters.congested],
    ["lost letters", counters.mail_lost],
    ["throttled", counters.throttled],
    ["handler panics", counters.panics],
  ];
}

function ofShard(shard, last, place, status) {
  const { counters } = shard;
  const cells = [`${place}`, count(counters.connections)];
  if (!last) return [...cells, "–", "–", bytes(counters.queued_bytes), count(counters.timers), "–", "–", "–"];
  const passed = status.uptime_seconds - before.uptime_seconds;
  const rate = (name) => count((counters[name] - last.counters[name]) / passed);
  const turns = less(shard.turn_time.counts, last.turn_time.counts);
  const late = less(shard.timer_lateness.counts, last.timer_lateness.counts);
  return [
    ...cells, rate("messages_in"), rate("messages_out"), bytes(counters.queued_bytes), count(counters.timers),
    count(turns.reduce((sum, value) => sum + value, 0) / passed),
    time(quantile(turns, 0.99, bounds)), time(quantile(late, 0.99, bounds)),
  ];
}

/** A share as a bar, and in words for those who don't see it. */
function meter(value, max, high = 1) {
  const element = document.createElement("meter");
  const share = max ? value / max : 0;
  Object.assign(element, { max: 1, value: share, high, low: 0, optimum: 0 });
  element.setAttribute("aria-label", `${whole.format(100 * share)} percent`);
  return element;
}

/** Puts rows into a table, and changes only what is new: whoever reads or selects is not disturbed. */
function rows(id, all) {
  const body = $(id);
  while (body.rows.length > all.length) body.deleteRow(-1);
  for (const [place, { cells, isNone = false, isNear = false }] of all.entries()) {
    const row = body.rows[place] ?? body.insertRow();
    row.className = isNear ? "near" : isNone ? "none" : "";
    for (const [column, content] of cells.entries()) {
      if (!row.cells[column]) row.append(document.createElement(column ? "td" : "th"));
      const cell = row.cells[column];
      if (!column) cell.scope = "row";
      if (content instanceof Element) cell.replaceChildren(content);
      else if (cell.textContent !== content) cell.textContent = content;
    }
  }
}

function state(text, isGood) {
  $("feed").textContent = text;
  $("feed").className = isGood ? "" : "broken";
}

/** Asks for the token; it is kept for this tab alone. */
function unauthorized() {
  sessionStorage.removeItem(TOKEN);
  const form = $("token-form");
  form.hidden = false;
  $("token").focus();
  return new Promise((resolve) => {
    form.onsubmit = (event) => {
      event.preventDefault();
      sessionStorage.setItem(TOKEN, $("token").value);
      form.hidden = true;
      resolve();
    };
  });
}

document.addEventListener("visibilitychange", draw);
read({ history, tick, state, unauthorized }, () => sessionStorage.getItem(TOKEN));
