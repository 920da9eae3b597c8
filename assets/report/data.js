// The embedded data, decoded: columns of numbers that point into one table of texts.
const raw = JSON.parse(document.getElementById("data").textContent);
const END = Math.max(raw.end, 1);
const str = (index) => raw.strings[index];
const byId = (id) => document.getElementById(id);

// [dt, value, dt, value, ...] as times and values.
function steps(flat) {
  const t = new Float64Array(flat.length / 2), v = new Float64Array(flat.length / 2);
  for (let i = 0, at = 0; i < t.length; i++) {
    t[i] = at += flat[2 * i];
    v[i] = flat[2 * i + 1];
  }
  return { t, v };
}

// How many of the sorted times are at or before `at`.
function upTo(times, at) {
  let low = 0, high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] <= at) low = middle + 1; else high = middle;
  }
  return low;
}
const valueAt = (series, at) => series.v[upTo(series.t, at) - 1];
const running = (column) => { let sum = 0; return Float64Array.from(column, (delta) => sum += delta); };

const nodes = raw.nodes.map((node, index) => ({
  index, name: node.name, cpu: node.cpu, memory: node.memory, states: steps(node.states),
  cpuUsed: steps(node.cpu_used), memoryUsed: steps(node.memory_used), bound: [],
}));
const nodeByName = new Map(nodes.map((node) => [node.name, node]));
const workloads = raw.workloads.map((it) => ({
  title: it.title, namespace: it.namespace,
  wanted: steps(it.wanted), running: steps(it.running), ready: steps(it.ready),
}));
const lanes = raw.lanes.map((lane) => {
  const marks = [];
  for (let i = 0, at = 0; i < lane.marks.length; i += 6) {
    const [dt, container, exit, number, signal, reason] = lane.marks.slice(i, i + 6);
    marks.push({ t: at += dt, container: str(container), exit: exit === 1, number, signal, reason: str(reason) });
  }
  const made = {
    name: str(lane.name), namespace: str(lane.namespace), owner: str(lane.owner),
    labels: lane.labels.map(str), states: steps(lane.states), marks, bindings: [],
  };
  for (let i = 0; i < lane.bindings.length; i += 5) {
    const [node, from, until, cpu, memory] = lane.bindings.slice(i, i + 5);
    const binding = { lane: made, node: str(node), from, until: until < 0 ? Infinity : until, cpu, memory };
    made.bindings.push(binding);
    nodeByName.get(binding.node)?.bound.push(binding);
  }
  made.haystack = [made.name, made.namespace, made.owner, ...made.labels, ...made.bindings.map((b) => b.node)]
    .join(" ").toLowerCase();
  return made;
});

const records = {
  count: raw.records.id.length, id: running(raw.records.id), t: running(raw.records.t), cause: raw.records.cause,
  component: raw.records.component, kind: raw.records.kind, namespace: raw.records.namespace,
  name: raw.records.name, event: raw.records.event, reason: raw.records.reason, message: raw.records.message,
  said: raw.records.said,
};
// What happened, in words.
const said = (row) => str(records.said[row]);
// The row of the record with this number; -1 when it is not on this page.
function rowOf(id) {
  const row = upTo(records.id, id) - 1;
  return row >= 0 && records.id[row] === id ? row : -1;
}
const causeOf = (row) => records.cause[row] ? rowOf(records.id[row] - records.cause[row]) : -1;
const objectOf = (row) => {
  const namespace = str(records.namespace[row]), name = str(records.name[row]);
  return [str(records.kind[row]).toLowerCase(), namespace, name].filter(Boolean).join("/");
};
let rowsByObject = null;
function rowsOf(object) {
  if (!rowsByObject) {
    rowsByObject = new Map();
    for (let row = 0; row < records.count; row++) {
      const key = objectOf(row);
      if (rowsByObject.has(key)) rowsByObject.get(key).push(row); else rowsByObject.set(key, [row]);
    }
  }
  return rowsByObject.get(object) ?? [];
}
let effects = null;
function effectsOf(row) {
  if (!effects) {
    effects = new Map();
    for (let other = 0; other < records.count; other++) {
      const cause = causeOf(other);
      if (cause < 0) continue;
      if (effects.has(cause)) effects.get(cause).push(other); else effects.set(cause, [other]);
    }
  }
  return effects.get(row) ?? [];
}

// Virtual time as 1h2m3.456s, below a second as 5ms or 20µs.
function clock(ns, digits = 3) {
  if (ns > 0 && ns < 1e9) return ns < 1e6 ? +(ns / 1e3).toFixed(3) + "µs" : +(ns / 1e6).toFixed(digits) + "ms";
  const unit = 10 ** (9 - digits);
  let rest = Math.round(ns / unit) * unit, out = "";
  for (const [name, length] of [["d", 864e11], ["h", 36e11], ["m", 6e10]]) {
    const count = Math.floor(rest / length);
    if (count > 0) out += count + name;
    rest -= count * length;
  }
  return rest > 0 || !out ? out + +(rest / 1e9).toFixed(digits) + "s" : out;
}
const bytes = (n) => n === 0 ? "0" : n >= 2 ** 30 ? +(n / 2 ** 30).toFixed(1) + " GiB" : Math.round(n / 2 ** 20) + " MiB";

// An element with properties and children; texts become text nodes, so nothing in them is markup.
function el(tag, props = {}, ...children) {
  const made = Object.assign(document.createElement(tag), props);
  made.append(...children);
  return made;
}
// Colours of the style sheet, looked up once for each theme.
const colours = new Map();
function css(name) {
  if (!colours.has(name)) colours.set(name, getComputedStyle(document.documentElement).getPropertyValue(name).trim());
  return colours.get(name);
}
const ink = (color) => color === "ink" ? css("--ink") : color;
