// Wires the parts of the page together.
function filterPods() {
  const namespace = byId("pods-namespace").value;
  const terms = byId("pods-filter").value.toLowerCase().split(/\s+/).filter(Boolean);
  const kept = lanes.filter((lane) => (!namespace || lane.namespace === namespace)
    && terms.every((term) => lane.haystack.includes(term)));
  const left = raw.lanes_total - lanes.length;
  byId("pods-count").textContent = `${kept.length.toLocaleString("en")} of ${raw.lanes_total.toLocaleString("en")} pods`
    + (left > 0 ? ` (the page holds the ${lanes.length.toLocaleString("en")} that changed state most)` : "");
  timeline.layout(kept);
}
for (const name of [...new Set(lanes.map((lane) => lane.namespace))].sort()) {
  byId("pods-namespace").append(el("option", { textContent: name }));
}
byId("pods-namespace").addEventListener("change", filterPods);
byId("pods-filter").addEventListener("input", filterPods);
byId("zoom-in").addEventListener("click", () => timeline.zoom(0.6));
byId("zoom-out").addEventListener("click", () => timeline.zoom(1.6));
byId("zoom-fit").addEventListener("click", () => timeline.fit());

function recolour() {
  colours.clear();
  timeline.draw();
  packing.repaint();
  charts.layout();
}
byId("theme").addEventListener("click", () => {
  const root = document.documentElement, system = matchMedia("(prefers-color-scheme: dark)").matches;
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : system;
  root.dataset.theme = dark ? "light" : "dark";
  recolour();
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", recolour);
addEventListener("beforeprint", () => { document.documentElement.dataset.print = "yes"; recolour(); });
addEventListener("afterprint", () => { delete document.documentElement.dataset.print; recolour(); });

byId("copy").addEventListener("click", async () => {
  const command = byId("command").textContent;
  try {
    await navigator.clipboard.writeText(command);
    byId("copy").textContent = "Copied";
  } catch {
    // Without permission the command is selected, ready to be copied by hand.
    getSelection().selectAllChildren(byId("command"));
  }
});
filterPods();
charts.layout();
packing.seek(raw.marks.find((mark) => mark.kind === "fault")?.at ?? END);
document.documentElement.dataset.loaded = "yes";
