// The pod timeline: a canvas that draws only the rows in sight.
const timeline = (() => {
  const LANE = 20, GROUP = 36, BAR = 12, HEAD = 62;
  const box = byId("timeline"), canvas = byId("timeline-canvas"), spacer = byId("timeline-spacer");
  const tip = byId("tip"), g = canvas.getContext("2d");
  const view = { from: 0, to: END };
  let rows = [], offsets = [], shown = lanes, playhead = 0, selected = null, width = 0, height = 0, left = 0;

  function layout(filtered) {
    shown = filtered;
    rows = [];
    let key = null;
    for (const lane of shown) {
      const own = lane.namespace + "/" + lane.owner;
      if (own !== key) {
        const load = workloads.find((it) => it.title === lane.owner && it.namespace === lane.namespace);
        rows.push({ group: lane.owner || "pods of their own", namespace: lane.namespace, load });
        key = own;
      }
      rows.push({ lane });
    }
    let at = 0;
    offsets = rows.map((row) => { const top = at; at += row.lane ? LANE : GROUP; return top; });
    spacer.style.height = HEAD + at + 8 + "px";
    box.style.height = Math.min(HEAD + at + 10, innerHeight * 0.75) + "px";
    resize();
  }
  function resize() {
    width = box.clientWidth;
    height = box.clientHeight;
    left = Math.min(250, Math.max(96, width * 0.24));
    const scale = devicePixelRatio || 1;
    canvas.width = width * scale;
    canvas.height = height * scale;
    canvas.style.width = width + "px";
    canvas.style.height = height + "px";
    g.setTransform(scale, 0, 0, scale, 0, 0);
    draw();
  }
  const x = (t) => left + (t - view.from) / (view.to - view.from) * (width - left - 14);
  const time = (px) => view.from + (px - left) / (width - left - 14) * (view.to - view.from);

  function bar(look, from, to, top, barHeight) {
    const own = barHeight * look.height, y = top + (barHeight - own) / 2, wide = Math.max(to - from, 1);
    if (own <= 0) return;
    g.fillStyle = ink(look.color);
    g.fillRect(from, y, wide, own);
    g.fillStyle = g.strokeStyle = css("--paper");
    if (look.texture === "hollow" && wide > 3) g.fillRect(from + 1, y + 1, wide - 2, own - 2);
    if (look.texture === "stripe") g.fillRect(from, y + own / 2 - 1, wide, 2);
    if (look.texture === "hatch") {
      g.save();
      g.beginPath();
      g.rect(from, y, wide, own);
      g.clip();
      g.beginPath();
      for (let at = Math.floor(from / 6) * 6 - 6; at < from + wide; at += 6) {
        g.moveTo(at, y + own);
        g.lineTo(at + own / 2, y);
      }
      g.stroke();
      g.restore();
    }
  }
  function fit(text, room) {
    if (g.measureText(text).width <= room) return text;
    let kept = text.length;
    while (kept > 1) {
      kept--;
      const head = Math.ceil(kept / 2), cut = text.slice(0, head) + "…" + text.slice(text.length - (kept - head));
      if (g.measureText(cut).width <= room) return cut;
    }
    return "";
  }
  // The end of a text: what tells the pods of one workload from each other.
  function tail(text, room) {
    if (g.measureText(text).width <= room) return text;
    for (let from = 1; from < text.length; from++) {
      const cut = "…" + text.slice(from);
      if (g.measureText(cut).width <= room) return cut;
    }
    return "";
  }
  function label(text, at, y, color, align = "left", bold = false) {
    g.fillStyle = color;
    g.font = `${bold ? "600 " : ""}12px system-ui, sans-serif`;
    g.textAlign = align;
    g.fillText(text, at, y);
  }
  function draw() {
    g.clearRect(0, 0, width, height);
    const scroll = box.scrollTop;
    const first = Math.max(0, upTo(offsets, scroll) - 1);
    g.save();
    g.beginPath();
    g.rect(left, 0, width - left, height);
    g.clip();
    drawBands();
    g.restore();
    for (let index = first; index < rows.length && offsets[index] < scroll + height; index++) {
      const y = HEAD + offsets[index] - scroll;
      if (rows[index].lane) drawLane(rows[index].lane, y); else drawGroup(rows[index], y);
    }
    drawHead();
  }
  function tickStep() {
    const room = (width - left) / 84;
    const seconds = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800,
      3600, 7200, 10800, 21600, 43200, 86400, 172800, 432000, 864000, 2592000];
    return (seconds.find((s) => (view.to - view.from) / (s * 1e9) <= room) ?? 31536000) * 1e9;
  }
  function drawBands() {
    for (const mark of raw.marks) {
      if (mark.kind !== "fault" || mark.until === null) continue;
      g.fillStyle = css("--band");
      g.fillRect(x(mark.at), HEAD - 4, x(mark.until) - x(mark.at), height);
    }
    const step = tickStep();
    g.fillStyle = css("--line");
    for (let t = Math.ceil(view.from / step) * step; t <= view.to; t += step) g.fillRect(x(t), HEAD - 4, 1, height);
  }
  function drawHead() {
    g.fillStyle = css("--paper");
    g.fillRect(0, 0, width, HEAD - 6);
    const step = tickStep();
    for (let t = Math.ceil(view.from / step) * step; t <= view.to; t += step) {
      label(clock(t, 3), Math.min(x(t), width - 22), 12, css("--faint"), "center");
    }
    g.save();
    g.beginPath();
    g.rect(left - 1, 0, width - left + 1, height);
    g.clip();
    // Labels in two rows, from right to left, so that no line runs through a label.
    const edge = width - 6, lines = [Infinity, Infinity];
    for (const mark of [...raw.marks].reverse()) {
      const at = x(mark.at), step = mark.kind === "step";
      if (at < left - 1 || at > width) continue;
      g.font = `${step ? "" : "600 "}12px system-ui, sans-serif`;
      const rooms = [Math.min(edge, ...lines) - at - 10, Math.min(edge, lines[1]) - at - 10];
      const row = g.measureText(mark.label).width <= rooms[0] || rooms[0] >= rooms[1] ? 0 : 1;
      const text = rooms[row] > 40 ? fit(mark.label, Math.min(rooms[row], 280)) : "";
      const y = HEAD - 12 - 18 * row, color = css(step ? "--faint" : mark.kind === "missed" ? "--missed" : "--fault");
      g.strokeStyle = color;
      g.setLineDash(step ? [2, 3] : [5, 3]);
      g.beginPath();
      g.moveTo(Math.round(at) + 0.5, text ? y - 9 : HEAD - 6);
      g.lineTo(Math.round(at) + 0.5, height);
      g.stroke();
      g.setLineDash([]);
      if (!text) continue;
      label(text, at + 4, y, color, "left", !step);
      lines[row] = at;
    }
    // The instant that the nodes below are shown at.
    const now = x(playhead);
    g.fillStyle = css("--accent");
    g.fillRect(now - 1, HEAD - 6, 2, height);
    g.beginPath();
    g.moveTo(now - 6, HEAD - 12);
    g.lineTo(now + 6, HEAD - 12);
    g.lineTo(now, HEAD - 4);
    g.fill();
    g.restore();
  }
  function drawGroup(row, y) {
    g.font = "600 12px system-ui, sans-serif";
    const whole = g.measureText(row.group).width <= left - 16;
    label(fit(whole ? row.group : row.group.split("/").pop(), left - 16), 8, y + 15, css("--ink"), "left", true);
    g.font = "12px system-ui, sans-serif";
    label(fit(row.namespace, left - 16), 8, y + 29, css("--faint"));
    if (!row.load) return;
    // How many are ready, of how many wanted, in the height of the title.
    const { wanted, running, ready } = row.load, peak = Math.max(1, ...wanted.v, ...running.v);
    const level = (value) => y + 32 - 24 * value / peak;
    area(running, level, css("--sparse"));
    area(ready, level, css("--ready"));
    g.strokeStyle = css("--ink");
    g.setLineDash([4, 3]);
    each(wanted, (from, to, value) => {
      g.beginPath();
      g.moveTo(from, level(value));
      g.lineTo(to, level(value));
      g.stroke();
    });
    g.setLineDash([]);
  }
  function area(series, level, color) {
    g.fillStyle = color;
    each(series, (from, to, value) => { if (value > 0) g.fillRect(from, level(value), Math.max(to - from, 0.5), level(0) - level(value)); });
  }
  // Calls `draw` with the pixels and value of each step in sight.
  function each(series, paint) {
    for (let i = Math.max(0, upTo(series.t, view.from) - 1); i < series.t.length && series.t[i] < view.to; i++) {
      const until = i + 1 < series.t.length ? series.t[i + 1] : END;
      if (until > view.from) paint(Math.max(left, x(series.t[i])), Math.min(width - 14, x(until)), series.v[i]);
    }
  }
  function drawLane(lane, y) {
    const top = y + (LANE - BAR) / 2;
    if (selected?.lane === lane) {
      g.fillStyle = css("--chosen");
      g.fillRect(0, y, width, LANE);
    }
    g.font = "12px system-ui, sans-serif";
    label((lane.owner ? tail : fit)(lane.name, left - 20), left - 8, y + 14, css("--ink"), "right");
    let drawn = -1;
    each(lane.states, (from, to, state) => {
      // Many changes within one pixel look like the last of them.
      if (to < drawn + 0.5) return;
      bar(raw.pod_states[state], from, to, top, BAR);
      drawn = to;
    });
    const inSight = lane.marks.filter((mark) => x(mark.t) >= left && x(mark.t) <= width - 14);
    for (const mark of inSight) if (!mark.exit) drawRestart(x(mark.t), top + BAR);
    drawExits(inSight.filter((mark) => mark.exit), top);
    if (selected?.lane === lane) {
      g.strokeStyle = css("--accent");
      g.lineWidth = 2;
      g.strokeRect(Math.max(left, x(selected.t)) - 1, y + 1, 2, LANE - 2);
      g.lineWidth = 1;
    }
  }
  // Exits as boxes that do not overlap: those close together share one, such as "1 ×3, 137".
  function drawExits(marks, top) {
    g.font = "11px system-ui, sans-serif";
    const boxes = [];
    const told = (codes) => [...codes].map(([code, times]) => times > 1 ? `${code} ×${times}` : code).join(", ");
    for (const mark of marks) {
      let last = boxes.at(-1);
      if (!last || x(mark.t) >= last.at + last.wide + 2) boxes.push(last = { at: x(mark.t), codes: new Map() });
      last.codes.set(mark.number, (last.codes.get(mark.number) ?? 0) + 1);
      last.wide = g.measureText(told(last.codes)).width + 8;
    }
    for (const { at, wide, codes } of boxes) {
      const from = Math.min(at, width - wide - 2);
      g.fillStyle = css("--ink");
      g.fillRect(from, top - 1, wide, BAR + 2);
      g.fillStyle = css("--paper");
      g.fillRect(from + 1, top, wide - 2, BAR);
      g.fillStyle = css("--ink");
      g.textAlign = "center";
      g.fillText(told(codes), from + wide / 2, top + 10);
    }
  }
  function drawRestart(at, bottom) {
    g.beginPath();
    g.moveTo(at - 4, bottom + 1);
    g.lineTo(at + 4, bottom + 1);
    g.lineTo(at, bottom - 6);
    g.fillStyle = css("--ink");
    g.strokeStyle = css("--paper");
    g.fill();
    g.stroke();
  }

  function zoom(factor, centre = (view.from + view.to) / 2) {
    const length = Math.min(END, Math.max(1e6, (view.to - view.from) * factor));
    const part = (centre - view.from) / (view.to - view.from);
    show(centre - length * part, centre + length * (1 - part));
  }
  function show(from, to) {
    const length = Math.min(END, to - from);
    view.from = Math.min(Math.max(0, from), END - length);
    view.to = view.from + length;
    draw();
  }
  function rowAt(y) {
    if (y < HEAD) return null;
    return rows[upTo(offsets, y - HEAD + box.scrollTop) - 1] ?? null;
  }
  function pick(lane, t) {
    selected = { lane, t };
    draw();
    const pod = `pod/${lane.namespace}/${lane.name}`;
    why.about(pod, t);
  }
  // What to tell about a point of a lane.
  function describe(lane, t) {
    const index = upTo(lane.states.t, t) - 1, near = (view.to - view.from) / (width - left) * 6;
    const lines = [el("b", { textContent: lane.name })];
    if (index >= 0 && raw.pod_states[lane.states.v[index]].height > 0) {
      const from = lane.states.t[index], until = lane.states.t[index + 1] ?? END;
      lines.push(`${raw.pod_states[lane.states.v[index]].label} for ${clock(until - from)}`, `${clock(from)} to ${clock(until)}`);
      const bound = lane.bindings.find((it) => it.from <= t && t < it.until);
      if (bound) lines.push(`on ${bound.node}`);
    }
    for (const mark of lane.marks.filter((it) => Math.abs(it.t - t) < near).slice(0, 4)) {
      const signal = mark.signal ? `, signal ${mark.signal}` : "";
      lines.push(mark.exit ? `${clock(mark.t)} ${mark.container}: exit ${mark.number} ${mark.reason}${signal}`
        : `${clock(mark.t)} ${mark.container}: restart ${mark.number}`);
    }
    return lines;
  }
  function hover(event) {
    const frame = canvas.getBoundingClientRect(), px = event.clientX - frame.left;
    const row = rowAt(event.clientY - frame.top);
    if (!row?.lane || px < left) { tip.hidden = true; return; }
    tip.replaceChildren(...describe(row.lane, time(px)).map((line) => el("div", {}, line)));
    tip.hidden = false;
    tip.style.left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8) + "px";
    tip.style.top = Math.min(event.clientY + 14, innerHeight - tip.offsetHeight - 8) + "px";
  }

  let drag = null;
  canvas.addEventListener("pointerdown", (event) => { drag = { x: event.clientX, from: view.from, moved: false }; });
  canvas.addEventListener("pointermove", (event) => {
    if (drag && event.buttons === 1) {
      const shift = event.clientX - drag.x;
      drag.moved ||= Math.abs(shift) > 3;
      if (drag.moved) {
        const length = view.to - view.from, from = drag.from - shift / (width - left) * length;
        show(from, from + length);
      }
      tip.hidden = true;
    } else hover(event);
  });
  canvas.addEventListener("pointerleave", () => { tip.hidden = true; });
  canvas.addEventListener("click", (event) => {
    if (drag?.moved) return;
    const frame = canvas.getBoundingClientRect(), row = rowAt(event.clientY - frame.top);
    if (row?.lane) pick(row.lane, Math.max(0, time(Math.max(left, event.clientX - frame.left))));
  });
  canvas.addEventListener("dblclick", (event) => zoom(0.4, time(event.clientX - canvas.getBoundingClientRect().left)));
  canvas.addEventListener("wheel", (event) => {
    if (!event.ctrlKey && !event.metaKey && !event.shiftKey) return;
    event.preventDefault();
    const length = view.to - view.from;
    if (event.shiftKey) show(view.from + length * 0.1 * Math.sign(event.deltaY + event.deltaX), view.to + length * 0.1 * Math.sign(event.deltaY + event.deltaX));
    else zoom(event.deltaY > 0 ? 1.25 : 0.8, time(event.clientX - canvas.getBoundingClientRect().left));
  }, { passive: false });

  // Up and down choose a pod, left and right one of its changes, Enter asks why.
  function key(event) {
    const length = view.to - view.from, at = selected ? shown.indexOf(selected.lane) : -1;
    const move = (lane, t) => {
      if (!lane) return;
      selected = { lane, t };
      const y = offsets[rows.findIndex((row) => row.lane === lane)];
      if (y < box.scrollTop || y + LANE > box.scrollTop + height - HEAD) box.scrollTop = y - 40;
      if (t < view.from || t > view.to) show(t - length / 2, t + length / 2);
      byId("spoken").textContent = describe(lane, t).map((line) => line.textContent ?? line).join(", ");
      draw();
    };
    const changes = selected ? selected.lane.states.t : [];
    const actions = {
      "+": () => zoom(0.6, selected?.t), "=": () => zoom(0.6, selected?.t), "-": () => zoom(1.6, selected?.t), "0": () => show(0, END),
      ArrowDown: () => move(shown[at + 1], shown[at + 1]?.states.t[0]), ArrowUp: () => move(shown[at - 1], shown[at - 1]?.states.t[0]),
      ArrowRight: () => event.shiftKey ? show(view.from + length / 5, view.to + length / 5) : move(selected?.lane, changes[Math.min(upTo(changes, selected?.t), changes.length - 1)]),
      ArrowLeft: () => event.shiftKey ? show(view.from - length / 5, view.to - length / 5) : move(selected?.lane, changes[Math.max(0, upTo(changes, selected?.t) - 2)]),
      Enter: () => selected && pick(selected.lane, selected.t),
    };
    if (actions[event.key]) {
      event.preventDefault();
      actions[event.key]();
    }
  }
  canvas.addEventListener("keydown", key);
  box.addEventListener("scroll", draw);
  addEventListener("resize", () => layout(shown));
  // On paper there is no scrolling: every row is drawn, as far as a canvas can hold.
  addEventListener("beforeprint", () => { box.style.height = Math.min(parseFloat(spacer.style.height), 8000) + "px"; resize(); });
  addEventListener("afterprint", () => layout(shown));
  return { layout, draw, zoom, fit: () => show(0, END), seek(t) { playhead = t; draw(); }, view };
})();
