// Why it happened: the chain of causes of one record, and what followed from it.
const why = (() => {
  const box = byId("why");
  function line(row, after) {
    const button = el("button", { type: "button", className: "step" },
      el("time", { textContent: clock(records.t[row], 6) }),
      el("span", { className: "what", textContent: said(row) }),
      el("small", { textContent: `${objectOf(row)}, ${str(records.component[row])}` + (after > 0 ? `, ${clock(after, 6)} after its cause` : "") }));
    button.addEventListener("click", () => of(row));
    return el("li", {}, button);
  }
  function chainOf(row) {
    const chain = [row];
    for (let at = causeOf(row); at >= 0; at = causeOf(at)) chain.push(at);
    return chain;
  }
  // A chain with every cycle told once, as `shakedown why` tells it: rows, and remarks in between.
  function links(chain) {
    const alike = (a, b) => ["kind", "namespace", "name", "event", "reason"].every((name) => records[name][a] === records[name][b]);
    const turns = (at, length) => {
      let count = 0;
      while (at + (count + 1) * length <= chain.length && chain.slice(at, at + length).every((row, i) => alike(row, chain[at + count * length + i]))) count++;
      return count;
    };
    const made = [];
    for (let at = 0; at < chain.length;) {
      const length = [2, 3, 4, 5, 6, 7, 8].find((it) => turns(at, it) > 1), count = length ? turns(at, length) : 0;
      if (!length) { made.push(chain[at++]); continue; }
      made.push(...chain.slice(at, at + length));
      made.push(`the same ${length} steps ${count === 2 ? "once" : `${count - 1} times`} before, since ${clock(records.t[chain[at + length * count - 1]], 6)}`);
      at += length * count;
    }
    return made;
  }
  function list(title, rows) {
    return rows.length ? [el("h3", { textContent: title }), el("ol", {}, ...rows)] : [];
  }
  function of(row) {
    const chain = chainOf(row), object = objectOf(row);
    const after = (at) => causeOf(at) < 0 ? 0 : records.t[at] - records.t[causeOf(at)];
    const same = rowsOf(object), at = same.indexOf(row);
    const around = same.slice(Math.max(0, at - 3), at + 4).filter((it) => it !== row);
    const followed = effectsOf(row).filter((it) => str(records.event[it]) !== "Expectation");
    const more = followed.length > 20 ? [el("p", { textContent: `and ${followed.length - 20} more` })] : [];
    box.replaceChildren(...list("Why, back to the root", links(chain).map((it) => typeof it === "string" ? el("li", { className: "again" }, it) : line(it, after(it)))),
      ...list("What followed", followed.slice(0, 20).map((it) => line(it, after(it)))), ...more,
      ...list(`More of ${object}`, around.map((it) => line(it, 0))));
    box.querySelector("li")?.classList.add("chosen");
    box.scrollTop = 0;
    byId("spoken").textContent = `Cause chain of ${chain.length} records`;
    packing.seek(records.t[row]);
    table.choose(row);
  }
  // The record of an object that is nearest to a time.
  function about(object, t) {
    const rows = rowsOf(object);
    if (!rows.length) return box.replaceChildren(el("p", { textContent: `No record of ${object} on this page.` }));
    let best = rows[0];
    for (const row of rows) if (records.t[row] <= t + 1e6) best = row;
    of(best);
  }
  return { of, about };
})();

// The table of records: only the rows in sight exist.
const table = (() => {
  const ROW = 26, COLUMNS = ["t", "component", "object", "event", "message"];
  const box = byId("records"), body = byId("records-body"), count = byId("records-count"), search = byId("records-filter");
  const component = byId("records-component"), what = byId("records-what"), namespace = byId("records-namespace");
  const CHANGES = ["ADDED", "MODIFIED", "DELETED"];
  // Which of the four groups a record is in.
  const group = (row) => str(records.kind[row]) === "Event" ? "event" : CHANGES.includes(str(records.event[row])) ? "change"
    : str(records.component[row]) === "scenario" || str(records.kind[row]) === "Cluster" ? "scenario" : "node";
  let order = Uint32Array.from({ length: records.count }, (_, row) => row), sort = ["t", 1], chosen = -1;
  const value = { t: (row) => clock(records.t[row], 6), object: objectOf, said, message: said };
  for (const name of ["component", "event"]) value[name] = (row) => str(records[name][row]);
  for (const name of [...new Set(records.namespace)].map(str).filter(Boolean).sort()) namespace.append(el("option", { textContent: name }));
  for (const name of [...new Set(records.component)].map(str).sort()) component.append(el("option", { textContent: name }));

  function filter() {
    const terms = search.value.toLowerCase().split(/\s+/).filter(Boolean), only = component.value;
    // Each text is searched once, however many records use it.
    const hits = terms.map((term) => raw.strings.map((text) => text.toLowerCase().includes(term)));
    const fields = ["component", "kind", "namespace", "name", "event", "reason", "message", "said"].map((name) => records[name]);
    const kept = [];
    for (let row = 0; row < records.count; row++) {
      if (only && str(records.component[row]) !== only) continue;
      if (what.value && group(row) !== what.value) continue;
      if (namespace.value && str(records.namespace[row]) !== namespace.value) continue;
      if (hits.every((hit) => fields.some((field) => hit[field[row]]))) kept.push(row);
    }
    order = Uint32Array.from(kept);
    arrange();
  }
  function arrange() {
    const [name, direction] = sort;
    const key = name === "t" ? (row) => row : value[name];
    const keys = new Map();
    if (name !== "t") for (const row of order) keys.set(row, key(row));
    const compare = name === "t" ? (a, b) => a - b
      : (a, b) => keys.get(a) < keys.get(b) ? -1 : keys.get(a) > keys.get(b) ? 1 : a - b;
    order.sort((a, b) => direction * compare(a, b));
    for (const head of box.querySelectorAll("[data-sort]")) {
      head.setAttribute("aria-sort", head.dataset.sort !== name ? "none" : direction > 0 ? "ascending" : "descending");
    }
    const left = raw.records_total - records.count;
    count.textContent = `${order.length.toLocaleString("en")} of ${raw.records_total.toLocaleString("en")} records`
      + (left > 0 ? ` (the page holds the first ${records.count.toLocaleString("en")})` : "");
    body.style.height = order.length * ROW + "px";
    box.setAttribute("aria-rowcount", order.length + 1);
    draw();
  }
  function draw() {
    const first = Math.max(0, Math.floor(box.scrollTop / ROW) - 5);
    const last = Math.min(order.length, first + Math.ceil(box.clientHeight / ROW) + 12);
    const made = [];
    for (let index = first; index < last; index++) {
      const row = order[index];
      const cells = COLUMNS.map((name) => {
        const text = value[name](row);
        const title = name === "message" ? [str(records.reason[row]), str(records.message[row])].filter(Boolean).join(": ") : text;
        return el("span", { role: "cell", className: name, textContent: text, title: title || text });
      });
      const line = el("div", { role: "row", className: row === chosen ? "row chosen" : "row", id: `record-${row}` }, ...cells);
      line.setAttribute("aria-rowindex", index + 2);
      line.style.top = index * ROW + "px";
      line.addEventListener("click", () => why.of(row));
      made.push(line);
    }
    body.replaceChildren(...made);
  }
  function choose(row) {
    chosen = row;
    const index = order.indexOf(row);
    if (index >= 0 && (index * ROW < box.scrollTop || (index + 2) * ROW > box.scrollTop + box.clientHeight)) {
      box.scrollTop = index * ROW - box.clientHeight / 2;
    }
    box.setAttribute("aria-activedescendant", `record-${row}`);
    draw();
  }
  box.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1, PageDown: 15, PageUp: -15, Home: -Infinity, End: Infinity }[event.key];
    const index = order.indexOf(chosen);
    if (event.key === "Enter" && chosen >= 0) return why.of(chosen);
    if (by === undefined || !order.length) return;
    event.preventDefault();
    choose(order[Math.max(0, Math.min(order.length - 1, index + by))]);
  });
  for (const head of box.querySelectorAll("[data-sort]")) {
    head.addEventListener("click", () => {
      sort = [head.dataset.sort, sort[0] === head.dataset.sort ? -sort[1] : 1];
      arrange();
    });
  }
  box.addEventListener("scroll", draw);
  addEventListener("resize", draw);
  search.addEventListener("input", filter);
  for (const choice of [component, what, namespace]) choice.addEventListener("change", filter);
  arrange();
  return { choose };
})();
