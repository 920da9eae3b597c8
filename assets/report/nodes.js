// The nodes at one instant: what fills them, and a slider through time.
const packing = (() => {
  const box = byId("nodes"), slider = byId("instant"), shown = byId("instant-text");
  const STEPS = 2000, MANY = 60;
  slider.max = STEPS;
  const owners = [...new Set(lanes.map((lane) => lane.owner))];
  const HUES = ["#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8a7fd1", "#7f8c5a"];
  const hue = (lane) => HUES[owners.indexOf(lane.owner) % HUES.length];
  const times = [...new Set(nodes.flatMap((node) => [...node.states.t, ...node.cpuUsed.t]))].sort((a, b) => a - b);
  let now = 0;

  const cards = nodes.map((node) => {
    const badge = el("span", { className: "badge" });
    const bars = ["cpu", "memory"].map((what) => el("div", { className: "pack" }));
    const [cpu, memory] = [el("small"), el("small")];
    const card = el("div", { className: "node" }, el("header", {}, el("b", { textContent: node.name }), badge),
      cpu, bars[0], memory, bars[1]);
    if (nodes.length > MANY) card.classList.add("tiny");
    box.append(card);
    return { node, card, badge, bars, cpu, memory };
  });

  function segment(binding, amount, whole) {
    const part = el("span", { title: `${binding.lane.name}: ${binding.cpu} mCPU, ${bytes(binding.memory)}` });
    part.style.width = 100 * amount / whole + "%";
    part.style.background = hue(binding.lane);
    // A name that would be cut off helps nobody; it is in the title.
    const name = binding.lane.owner.split("/").pop() || binding.lane.name;
    part.textContent = box.clientWidth && amount / whole * Math.min(box.clientWidth, 290) > name.length * 7 + 8 ? name : "";
    return part;
  }
  function fill(bar, bound, what, used, whole) {
    if (!whole) return bar.replaceChildren();
    const parts = bound.filter((it) => it[what] > 0).map((it) => segment(it, it[what], whole));
    const known = bound.reduce((sum, it) => sum + it[what], 0);
    // Pods without a lane on this page still take their room.
    if (used > known) parts.push(Object.assign(el("span", { className: "other", title: "other pods" }), { style: `width:${100 * (used - known) / whole}%` }));
    bar.replaceChildren(...parts);
  }
  function paint({ node, card, badge, bars, cpu, memory }) {
    const state = raw.node_states[valueAt(node.states, now)] ?? { label: "absent", color: "ink", id: "gone" };
    badge.textContent = state.label;
    badge.style.setProperty("--state", ink(state.color));
    card.dataset.state = state.id;
    const usedCpu = valueAt(node.cpuUsed, now) ?? 0, usedMemory = valueAt(node.memoryUsed, now) ?? 0;
    cpu.textContent = `CPU ${usedCpu / 1000} of ${node.cpu / 1000}`;
    memory.textContent = `memory ${bytes(usedMemory)} of ${bytes(node.memory)}`;
    if (nodes.length > MANY) {
      card.title = `${node.name}: ${state.label}, ${cpu.textContent}, ${memory.textContent}`;
      card.style.setProperty("--fill", `${node.cpu ? Math.min(100, 100 * usedCpu / node.cpu) : 0}%`);
      return;
    }
    const bound = node.bound.filter((it) => it.from <= now && now < it.until);
    fill(bars[0], bound, "cpu", usedCpu, node.cpu);
    fill(bars[1], bound, "memory", usedMemory, node.memory);
  }
  function seek(t, fromSlider = false) {
    now = Math.min(END, Math.max(0, t));
    if (!fromSlider) slider.value = Math.round(now / END * STEPS);
    shown.textContent = clock(now);
    slider.setAttribute("aria-valuetext", clock(now));
    cards.forEach(paint);
    timeline.seek(now);
  }
  slider.addEventListener("input", () => seek(slider.value / STEPS * END, true));
  byId("earlier").addEventListener("click", () => seek(times[Math.max(0, upTo(times, now - 1) - 1)] ?? 0));
  byId("later").addEventListener("click", () => seek(times[upTo(times, now)] ?? END));
  return { seek, repaint: () => cards.forEach(paint) };
})();
