// Charts of every measure in metrics.csv. Lines of one family (sent, answered, failed) share a chart for each object.
const charts = (() => {
  const box = byId("charts"), more = byId("charts-more"), search = byId("charts-filter");
  const HEIGHT = 132, LEFT = 52, RIGHT = 10, TOP = 8, BOTTOM = 20, LINES = 8, FIRST = 8;
  const HUES = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a7fd1", "#7f8c5a"];
  const DASHES = ["", "6 3", "2 3", "8 3 2 3"];
  // A family: metrics told apart by one word, drawn together.
  const FAMILIES = [
    [/^requests_(sent|answered|failed)_(milli_per_s)$/, "requests per second"],
    [/^request_latency_(p\d+)_(us)$/, "request latency"],
    [/^replicas_(wanted|running|ready)()$/, "replicas"],
    [/^fault_(detected|recovered|requests_recovered)_after_(ms)$/, "from a fault until it was"],
  ];
  const UNITS = [
    [/_milli_per_s$/, (v) => short(v / 1000) + "/s"], [/_per_s$/, (v) => short(v) + "/s"],
    [/_us$/, (v) => duration(v / 1e6)], [/_ms$/, (v) => duration(v / 1e3)], [/_seconds$/, (v) => duration(v)],
    [/_bytes$/, bytes], [/_milli$/, (v) => short(v / 1000)], [/_percent$/, (v) => short(v) + " %"],
  ];
  const short = (v) => Math.abs(v) >= 1e6 ? +(v / 1e6).toFixed(1) + " M" : Math.abs(v) >= 1e4 ? +(v / 1e3).toFixed(1) + " k" : String(+v.toFixed(v % 1 && Math.abs(v) < 10 ? 2 : 1));
  const duration = (s) => s >= 1 || s === 0 ? +s.toFixed(2) + " s" : s >= 1e-3 ? +(s * 1e3).toFixed(1) + " ms" : +(s * 1e6).toFixed(0) + " µs";
  const format = (metric) => UNITS.find(([ending]) => ending.test(metric))?.[1] ?? short;
  const words = (metric) => metric.replace(/_(milli_per_s|per_s|us|ms|bytes|milli|seconds|percent)$/, "").replaceAll("_", " ").replace(/\b(cpu|hpa)\b/g, (word) => word.toUpperCase());

  // [{title, subtitle, metric, lines: [{name, series}]}], in the order of the data.
  const all = new Map();
  for (const it of raw.measures.filter((it) => it.points.length)) {
    const series = steps(it.points), family = FAMILIES.find(([pattern]) => pattern.test(it.metric));
    const where = it.namespace && it.namespace !== "default" ? `${it.object} -n ${it.namespace}` : it.object;
    const word = family?.[0].exec(it.metric)[1];
    const key = family ? `${family[1]} ${it.namespace} ${it.object}` : it.metric;
    if (!all.has(key)) all.set(key, { title: family ? family[1] : words(it.metric), subtitle: family ? where : "", metric: it.metric, lines: [], of: it.of });
    all.get(key).lines.push({ name: family ? word : it.metric === "pods" ? words(where) : where || words(it.metric), series });
  }
  // Lines that never leave zero say nothing beside one that does.
  const busy = (line) => line.series.v.some((v) => v !== 0);
  const peakOf = (it) => Math.max(...it.lines.map((line) => line.series.v.reduce((a, b) => Math.max(a, b), 0)));
  // Charts of one family stand together, those with most to see first.
  const list = [...all.values()], places = new Map();
  for (const it of list) if (!places.has(it.title)) places.set(it.title, places.size);
  list.sort((a, b) => places.get(a.title) - places.get(b.title) || peakOf(b) - peakOf(a));
  for (const it of list) if (it.lines.some(busy)) it.lines = it.lines.filter(busy);
  // In a family the first line contains the others, and is often equal to one of them: it is drawn wide, below them.
  const look = (it, i) => ({ class: it.subtitle && i === 0 && it.lines.length > 1 ? "line under" : "line",
    stroke: HUES[i % HUES.length], "stroke-dasharray": DASHES[Math.floor(i / 2) % DASHES.length] });
  const made = new Map();

  function svg(tag, attributes = {}, ...children) {
    const it = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes)) it.setAttribute(name, value);
    it.append(...children);
    return it;
  }
  // A round number at or above `peak`, such as 1, 2, 2.5 or 5 times a power of ten.
  function ceiling(peak, metric) {
    // What stays zero has an axis up to one of what the labels count in.
    if (peak <= 0) return metric.endsWith("_bytes") ? 2 ** 30 : /_milli(_per_s)?$/.test(metric) ? 1000 : metric.endsWith("_us") ? 1e6 : 1;
    if (metric.endsWith("_bytes")) return 2 ** Math.ceil(Math.log2(peak));
    const power = 10 ** Math.floor(Math.log10(peak));
    return [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10].map((it) => it * power).find((it) => it >= peak * 0.999);
  }
  const x = (t, width) => LEFT + t / END * (width - LEFT - RIGHT);
  function outline(series, width, y) {
    let path = "";
    series.t.forEach((t, i) => {
      const at = x(t, width).toFixed(1), level = y(series.v[i]).toFixed(1);
      path += i ? `H${at}V${level}` : `M${at} ${level}`;
    });
    return series.t.length ? path + `H${x(END, width).toFixed(1)}` : "";
  }
  function paint(chart) {
    const { it, plot } = chart, width = Math.max(220, plot.clientWidth || 360);
    chart.width = width;
    const top = ceiling(peakOf(it), it.metric), y = (v) => HEIGHT - BOTTOM - v / top * (HEIGHT - TOP - BOTTOM), show = format(it.metric);
    const parts = [];
    for (const mark of raw.marks) {
      if (mark.kind === "fault" && mark.until !== null) parts.push(svg("rect", { class: "band", x: x(mark.at, width), y: TOP, width: Math.max(1, x(Math.min(mark.until, END), width) - x(mark.at, width)), height: HEIGHT - TOP - BOTTOM }));
    }
    for (const v of [0, top / 2, top]) {
      parts.push(svg("line", { class: "grid", x1: LEFT, x2: width - RIGHT, y1: y(v), y2: y(v) }));
      parts.push(svg("text", { x: LEFT - 6, y: y(v) + 4, "text-anchor": "end" }, show(v)));
    }
    for (const part of [0, 0.5, 1]) parts.push(svg("text", { x: x(END * part, width), y: HEIGHT - 4, "text-anchor": ["start", "middle", "end"][part * 2] }, clock(END * part, 0)));
    for (const mark of raw.marks) {
      if (mark.kind !== "fault_end") parts.push(svg("line", { class: `mark ${mark.kind}`, x1: x(mark.at, width), x2: x(mark.at, width), y1: TOP, y2: HEIGHT - BOTTOM }));
    }
    it.lines.slice(0, LINES).forEach((line, i) => {
      parts.push(svg("path", { ...look(it, i), d: outline(line.series, width, y) }));
    });
    chart.now = svg("line", { class: "now", y1: TOP, y2: HEIGHT - BOTTOM });
    plot.replaceChildren(svg("svg", { width, height: HEIGHT, role: "img", "aria-label": `${it.title} ${it.subtitle}` }, ...parts, chart.now));
    seekOne(chart);
  }
  function seekOne(chart) {
    if (!chart.now) return;
    const at = x(now, chart.width), show = format(chart.it.metric);
    chart.now.setAttribute("x1", at);
    chart.now.setAttribute("x2", at);
    chart.values.forEach((value, i) => {
      const level = valueAt(chart.it.lines[i].series, now);
      value.textContent = level === undefined ? "-" : show(level);
    });
  }
  function card(it) {
    const plot = el("div", { className: "plot" }), values = [];
    const legend = el("ul", {}, ...it.lines.slice(0, LINES).map((line, i) => {
      const key = svg("svg", { width: 22, height: 10, "aria-hidden": "true" }, svg("line", { x1: 0, x2: 22, y1: 5, y2: 5, ...look(it, i) }));
      const value = el("b");
      values.push(value);
      return el("li", {}, key, el("span", { textContent: line.name || it.title }), value);
    }));
    if (it.lines.length > LINES) legend.append(el("li", {}, el("small", { textContent: `and ${it.lines.length - LINES} more in metrics.csv` })));
    const note = it.of > 1 ? `of ${it.of.toLocaleString("en")}` : it.subtitle;
    const whole = el("figure", { className: "chart" }, el("figcaption", {}, el("b", { textContent: it.title }), " ", el("small", { textContent: note })), plot, legend);
    const chart = { it, plot, values, whole };
    const go = (event) => packing.seek((event.clientX - plot.getBoundingClientRect().left - LEFT) / (chart.width - LEFT - RIGHT) * END);
    plot.addEventListener("pointerdown", (event) => { plot.setPointerCapture(event.pointerId); go(event); });
    plot.addEventListener("pointermove", (event) => { if (event.buttons === 1) go(event); });
    return chart;
  }
  let now = 0, open = false;
  const shown = () => {
    const terms = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = (it) => terms.every((term) => `${it.title} ${it.subtitle} ${it.metric} ${it.lines.map((line) => line.name).join(" ")}`.toLowerCase().includes(term));
    return list.filter(fits);
  };
  function layout() {
    const fitting = shown(), kept = open ? fitting : fitting.slice(0, FIRST);
    for (const it of kept) if (!made.has(it)) made.set(it, card(it));
    box.replaceChildren(...kept.map((it) => made.get(it).whole));
    more.hidden = kept.length === fitting.length;
    more.textContent = `Show all ${fitting.length} charts`;
    byId("charts-count").textContent = `${kept.length} of ${list.length} charts`;
    kept.forEach((it) => paint(made.get(it)));
  }
  more.addEventListener("click", () => { open = true; layout(); });
  search.addEventListener("input", layout);
  addEventListener("resize", layout);
  byId("charts-section").hidden = !list.length;
  return { layout, seek(t) { now = t; for (const chart of made.values()) seekOne(chart); } };
})();
