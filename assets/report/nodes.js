// The nodes at one instant: what fills them, and a slider through time.
const packing = (() => {
  const box = byId("nodes"), slider = byId("instant"), shown = byId("instant-text"), strip = byId("fill"), play = byId("play");
  const STEPS = 2000, MANY = 60, SECONDS = 20;
  slider.max = STEPS;
  const owners = [...new Set(lanes.map((lane) => lane.owner))];
  const HUES = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8a7fd1", "#7f8c5a"];
  const TEXT = ["#fff", "#1b1f24", "#fff", "#1b1f24", "#1b1f24", "#fff", "#fff", "#fff"];
  const index = new Map(owners.map((owner, at) => [owner, at % HUES.length]));
  const times = [...new Set(nodes.flatMap((node) => [...node.states.t, ...node.cpuUsed.t]))].sort((a, b) => a - b);
  let now = 0, playing = 0;

  const cards = nodes.map((node) => {
    const badge = el("span", { className: "badge" });
    const bars = ["cpu", "memory"].map(() => el("div", { className: "pack" }));
    const [cpu, memory] = [el("small"), el("small")];
    const card = el("div", { className: "node" }, el("header", {}, el("b", { textContent: node.name }), badge),
      cpu, bars[0], memory, bars[1]);
    if (nodes.length > MANY) card.classList.add("tiny");
    return { node, card, badge, bars, cpu, memory };
  });
  box.append(...cards.map((it) => it.card));
  byId("packing-legend").append(...(nodes.length > MANY ? [] : owners.slice(0, 12)).map((owner) => {
    const key = el("i");
    key.style.background = HUES[index.get(owner)];
    return el("span", {}, key, owner || "pods of their own");
  }));

  function segment(binding, amount, whole, room) {
    const state = raw.pod_states[valueAt(binding.lane.states, now)];
    const part = el("button", { type: "button", title: `${binding.lane.name}${state ? `, ${state.label}` : ""}: ${binding.cpu} mCPU, ${bytes(binding.memory)}` });
    if (amount > 0) part.style.width = 100 * amount / whole + "%";
    // It takes no room, but it is there.
    else part.classList.add("bare");
    part.style.background = HUES[index.get(binding.lane.owner)];
    part.style.color = TEXT[index.get(binding.lane.owner)];
    // A pod that does not serve is hatched, so that a full bar does not look like a healthy one.
    if (state && state.id !== "ready") part.classList.add("idle");
    // A name that would be cut off helps nobody; it is in the title.
    const name = binding.lane.owner.split("/").pop() || binding.lane.name;
    part.textContent = amount / whole * room > name.length * 7 + 10 ? name : "";
    part.addEventListener("click", () => why.about(`pod/${binding.lane.namespace}/${binding.lane.name}`, now));
    return part;
  }
  function fill(bar, bound, what, used, whole, room) {
    if (!whole) return bar.replaceChildren();
    const parts = bound.map((it) => segment(it, it[what], whole, room));
    const known = bound.reduce((sum, it) => sum + it[what], 0);
    // Pods without a lane on this page still take their room.
    if (used > known) parts.push(Object.assign(el("span", { className: "other", title: "other pods" }), { style: `width:${100 * (used - known) / whole}%` }));
    bar.replaceChildren(...parts);
  }
  function paint({ node, card, badge, bars, cpu, memory }, room) {
    const state = raw.node_states[valueAt(node.states, now)] ?? { label: "absent", color: "ink", id: "gone" };
    badge.textContent = state.label;
    badge.style.setProperty("--state", ink(state.color));
    card.dataset.state = state.id;
    const usedCpu = valueAt(node.cpuUsed, now) ?? 0, usedMemory = valueAt(node.memoryUsed, now) ?? 0;
    if (nodes.length > MANY) {
      card.title = `${node.name}: ${state.label}, CPU ${usedCpu / 1000} of ${node.cpu / 1000}, memory ${bytes(usedMemory)} of ${bytes(node.memory)}`;
      card.style.setProperty("--fill", `${node.cpu ? Math.min(100, 100 * usedCpu / node.cpu) : 0}%`);
      return;
    }
    const bound = node.bound.filter((it) => it.from <= now && now < it.until), pods = bound.length === 1 ? "1 pod" : `${bound.length} pods`;
    cpu.textContent = `CPU ${usedCpu / 1000} of ${node.cpu / 1000}, ${pods}`;
    memory.textContent = `memory ${bytes(usedMemory)} of ${bytes(node.memory)}`;
    fill(bars[0], bound, "cpu", usedCpu, node.cpu, room);
    fill(bars[1], bound, "memory", usedMemory, node.memory, room);
  }
  const paintAll = () => {
    const room = cards[0]?.bars[0].clientWidth || 260;
    cards.forEach((card) => paint(card, room));
  };

  // Above the slider: how much of the cluster's CPU is requested, and how many nodes are not ready.
  function drawStrip() {
    const width = strip.clientWidth || 600, height = 44, scale = devicePixelRatio || 1, g = strip.getContext("2d");
    strip.width = width * scale;
    strip.height = height * scale;
    g.setTransform(scale, 0, 0, scale, 0, 0);
    g.clearRect(0, 0, width, height);
    const columns = Math.min(Math.ceil(width / 2), nodes.length > 500 ? 200 : 800), wide = width / columns;
    for (let i = 0; i < columns; i++) {
      const t = END * (i + 0.5) / columns;
      let whole = 0, used = 0, ill = 0;
      for (const node of nodes) {
        const state = raw.node_states[valueAt(node.states, t)]?.id;
        if (state === undefined || state === "gone") continue;
        whole += node.cpu;
        used += valueAt(node.cpuUsed, t) ?? 0;
        if (state !== "ready" && state !== "cordoned") ill += node.cpu;
      }
      if (!whole) continue;
      g.fillStyle = css("--sparse");
      g.fillRect(i * wide, 0, wide + 0.5, height * ill / whole);
      g.fillStyle = css("--load");
      const level = height * Math.min(1, used / whole);
      g.fillRect(i * wide, height - level, wide + 0.5, level);
    }
    for (const mark of raw.marks) {
      if (mark.kind === "fault_end") continue;
      g.fillStyle = css(mark.kind === "step" ? "--faint" : mark.kind === "missed" ? "--missed" : "--fault");
      g.fillRect(mark.at / END * width, 0, mark.kind === "step" ? 1 : 2, height);
    }
    g.fillStyle = css("--accent");
    g.fillRect(now / END * width - 1, 0, 2, height);
  }

  function seek(t, fromSlider = false) {
    now = Math.min(END, Math.max(0, t));
    if (!fromSlider) slider.value = Math.round(now / END * STEPS);
    shown.textContent = byId("instant-paper").textContent = clock(now);
    slider.setAttribute("aria-valuetext", clock(now));
    paintAll();
    drawStrip();
    timeline.seek(now);
    charts.seek(now);
  }
  function stop() {
    cancelAnimationFrame(playing);
    playing = 0;
    play.textContent = "Play";
  }
  function start() {
    let last = performance.now();
    if (now >= END) seek(0);
    play.textContent = "Pause";
    const frame = (at) => {
      seek(now + (at - last) / (SECONDS * 1000) * END);
      last = at;
      if (now >= END) stop(); else playing = requestAnimationFrame(frame);
    };
    playing = requestAnimationFrame(frame);
  }
  play.addEventListener("click", () => playing ? stop() : start());
  slider.addEventListener("input", () => { stop(); seek(slider.value / STEPS * END, true); });
  strip.addEventListener("pointerdown", (event) => seek((event.clientX - strip.getBoundingClientRect().left) / strip.clientWidth * END));
  strip.addEventListener("pointermove", (event) => { if (event.buttons === 1) seek((event.clientX - strip.getBoundingClientRect().left) / strip.clientWidth * END); });
  byId("earlier").addEventListener("click", () => seek(times[Math.max(0, upTo(times, now - 1) - 1)] ?? 0));
  byId("later").addEventListener("click", () => seek(times[upTo(times, now)] ?? END));
  addEventListener("resize", () => { paintAll(); drawStrip(); });
  return { seek, repaint: () => { paintAll(); drawStrip(); } };
})();
