// What people do: move, zoom, choose, look.

const $ = id => document.getElementById(id);

function clampView() {
  const total = placePanels();
  state.x = Math.max(0, Math.min(state.x, total - width + 8));
  state.y = Math.max(0, Math.min(state.y, rows.height * state.zoom + 2 * PAD + HEAD + 30 - height));
}

function moveBy(dx, dy) {
  state.x += dx;
  state.y += dy;
  clampView();
  draw();
}

// zoomTo zooms about a height of the screen, which stays where it is.
function zoomTo(zoom, y) {
  const top = (y - HEAD - PAD + state.y) / state.zoom;
  state.zoom = Math.max(Math.min(1, (height - HEAD - 2 * PAD) / Math.max(1, rows.height)), Math.min(8, zoom));
  state.y = top * state.zoom + HEAD + PAD - y;
  clampView();
  tell();
  draw();
}

function fit() {
  state.x = state.y = 0;
  zoomTo(Math.min(1.6, (height - HEAD - 2 * PAD - 20) / Math.max(1, rows.height)), HEAD);
}

// goTo brings an event into sight.
function goTo(run, i) {
  const p = panels.find(p => p.run === run), y = screenY(p?.topOf.get(i) ?? topOf(run.at[i]));
  if (y < HEAD + 20 || y > height - 20) moveBy(0, y - height / 2);
  if (p && p.columnOf.has(run.place[i])) {
    const x = columnX(p, run.place[i]);
    if (x < GUTTER || x > width - 60) moveBy(x - width / 2, 0);
  }
}

// nearby returns the event at a place of the screen, or null.
function nearby(x, y) {
  let best = null, least = 14 * 14;
  for (const p of panels) {
    p.seen.forEach((i, k) => {
      const dy = screenY(p.tops[k]) - y;
      if (dy * dy > least) return;
      const place = p.run.place[i];
      const at = place < 0 ? Math.max(p.left - 12, Math.min(x, p.left + p.width)) : columnX(p, place);
      // A label belongs to its dot.
      const reach = place < 0 ? 0 : Math.min(p.each - 16, 9 + p.run.label[i].length * GLYPH);
      const dx = x < at ? at - x : Math.max(0, x - at - reach);
      const far = dx * dx + dy * dy * 1.5 + (place < 0 ? 30 : 0);
      if (far < least) [best, least] = [{ run: p.run, i }, far];
    });
  }
  return best;
}

function highlight(target) {
  const at = target || state.picked;
  state.focus = at ? at.i : -1;
  state.chainRun = at ? at.run : null;
  state.chain = at ? chainOf(at.run, at.i) : new Set();
}

function hover(target, x, y) {
  const same = target && state.hover && target.i === state.hover.i && target.run === state.hover.run;
  canvas.classList.toggle("over", !!target);
  if (same || (!target && !state.hover)) return;
  state.hover = target;
  highlight(target);
  showTip(target, x, y);
  draw();
}

function showTip(target, x, y) {
  const tip = $("tip");
  tip.hidden = !target;
  if (!target) return;
  const { run, i } = target, from = sender(run, i);
  const lines = [run.label[i], timeText(run.at[i]) + (run.event[i] ? "  event " + run.event[i] : "")];
  if (run.owner[i] >= 0 || run.client[i] >= 0) lines.push("about " + aboutText(run, i));
  if (from >= 0) lines.push("from " + nameOf(run, from) + ", " + spanText(run.at[i] - run.at[from]) + " ago");
  tip.textContent = lines.join("\n");
  tip.style.left = Math.min(x + 14, width - 260) + "px";
  tip.style.top = Math.min(y + 14, height - 90) + "px";
}

function aboutText(run, i) {
  return [run.clients[run.client[i]], run.accounts[run.owner[i]]].filter(Boolean).join(", ");
}

function placeText(run, i) {
  if (run.place[i] < 0) return "the cluster";
  return run.places[run.place[i]].name + (run.lane[i] ? " / " + run.lane[i] : "");
}

function nameOf(run, i) { return placeText(run, i) + ": " + run.label[i]; }

function pick(target) {
  state.picked = target;
  state.hover = null;
  $("tip").hidden = true;
  highlight(null);
  showDetails(target);
  draw();
}

function showDetails(target) {
  const open = !$("details").hidden;
  $("details").hidden = !target;
  if (open === !target) { resize(); clampView(); }
  if (!target) return;
  const { run, i } = target;
  $("what").textContent = run.label[i];
  const facts = $("facts");
  facts.replaceChildren();
  const fact = (name, text, to) => {
    const dt = document.createElement("dt"), dd = document.createElement("dd");
    dt.textContent = name;
    if (to >= 0) {
      const a = document.createElement("a");
      a.textContent = text;
      a.tabIndex = 0;
      a.onclick = () => { reveal(run, to); };
      dd.append(a);
    } else dd.textContent = text;
    facts.append(dt, dd);
  };
  fact("run", run.name);
  fact("time", timeText(run.at[i]));
  if (run.event[i]) fact("event", String(run.event[i]));
  fact("where", placeText(run, i));
  fact("kind", run.sort[i] === HANDLED ? run.kinds[run.kind[i]] : run.sorts[run.sort[i]]);
  if (run.client[i] >= 0 || run.owner[i] >= 0) fact("about", aboutText(run, i));
  if (run.cause[i] >= 0) fact("caused by", nameOf(run, run.cause[i]) + ", " + spanText(run.at[i] - run.at[run.cause[i]]) + " ago", run.cause[i]);
  else fact("caused by", "the story");
  if (run.before[i] >= 0) fact("before it", nameOf(run, run.before[i]), run.before[i]);
  if (run.size[i]) fact("size", run.size[i] + " B");
  $("payload").textContent = run.payload[i] || "nothing";
  $("hex").textContent = hexText(run.body[i], run.size[i]);
}

function hexText(body, size) {
  const bytes = atob(body), lines = [];
  for (let at = 0; at < bytes.length; at += 8) {
    const part = bytes.slice(at, at + 8);
    const hex = [...part].map(c => c.charCodeAt(0).toString(16).padStart(2, "0")).join(" ");
    lines.push(at.toString(16).padStart(4, "0") + "  " + hex.padEnd(24) + " " + part.replace(/[^\x20-\x7e]/g, "·"));
  }
  if (size > bytes.length) lines.push("… " + (size - bytes.length) + " B more");
  return lines.join("\n") || "none";
}

// reveal picks an event that may not be among those seen, and shows more until it is.
function reveal(run, i) {
  if (!belongs(run, i) && run.lane[i]) state.lanes = true;
  if (!belongs(run, i)) state.mode = "all";
  if (!passes(run, i)) state.about = state.kind = state.place = "";
  syncControls();
  arrange();
  goTo(run, i);
  pick({ run, i });
}

// along goes to what an event came from, or to what came of it.
function along(step) {
  const at = state.picked || { run: doc.runs[0], i: doc.runs[0].ends[doc.runs[0].ends.length - 1] };
  let to = at.i;
  if (!state.picked) to = at.i;
  else if (step < 0) to = sender(at.run, at.i);
  else to = [...chainOf(at.run, at.i)].filter(k => k > at.i && belongs(at.run, k)).sort((a, b) => a - b)[0] ?? at.i;
  if (to >= 0) reveal(at.run, to);
}

function toFailure() {
  const run = doc.runs[0], i = run.ends[run.ends.length - 1];
  if (i !== undefined) reveal(run, i);
}

function toDifference() {
  const run = doc.runs[0];
  if (run.parts >= 0) reveal(run, run.parts);
}

// tell says how much is seen.
function tell() {
  const n = panels[0].seen.length, arrows = panels[0].arrows.length, of = doc.runs[0].at.length;
  const status = $("status");
  status.textContent = n + " of " + of + " events, " + arrows + " messages" + (doc.cut ? " · first " + doc.cut + " not kept" : "") +
    " · " + Math.round(state.zoom * 100) + " %";
  Object.assign(status.dataset, { events: n, arrows, zoom: state.zoom, dots: drawn.dots });
}

function syncControls() {
  $("slice").setAttribute("aria-pressed", state.mode === "slice");
  $("all").setAttribute("aria-pressed", state.mode === "all");
  $("lanes").checked = state.lanes;
  $("beside").checked = state.beside;
  for (const name of ["about", "kind", "place"]) $(name).value = state[name];
}

function options(select, groups) {
  select.append(new Option("all", ""));
  for (const [title, names] of groups) {
    if (!names.length) continue;
    const group = document.createElement("optgroup");
    group.label = title;
    for (const name of names) group.append(new Option(name, name));
    select.append(group);
  }
}

function setUp() {
  const run = doc.runs[0], sorted = list => [...list].sort((a, b) => a.localeCompare(b, "en", { numeric: true }));
  $("title").textContent = doc.title;
  $("verdict").textContent = doc.verdict;
  $("verdict").classList.toggle("pass", doc.verdict === "pass");
  $("message").textContent = doc.message;
  $("near").textContent = doc.near;
  $("repro").textContent = doc.repro;
  options($("about"), [["clients", sorted(run.clients)], ["accounts", sorted(run.accounts)]]);
  options($("kind"), [["kinds", sorted(run.kinds)]]);
  options($("place"), [["processes", run.places.map(p => p.name)]]);
  state.lanes = run.lanes;
  state.beside = doc.runs.length > 1;
  $("beside-label").hidden = doc.runs.length < 2;
  $("difference").hidden = run.parts < 0;
  $("failure").hidden = !run.ends.length;
  for (const name of ["about", "kind", "place"]) $(name).onchange = e => { state[name] = e.target.value; arrange(); };
  $("slice").onclick = () => { state.mode = "slice"; syncControls(); arrange(); };
  $("all").onclick = () => { state.mode = "all"; syncControls(); arrange(); };
  $("lanes").onchange = e => { state.lanes = e.target.checked; arrange(); };
  $("beside").onchange = e => { state.beside = e.target.checked; arrange(); };
  $("close").onclick = () => pick(null);
  $("failure").onclick = toFailure;
  $("difference").onclick = toDifference;
  $("in").onclick = () => zoomTo(state.zoom * 1.4, height / 2);
  $("out").onclick = () => zoomTo(state.zoom / 1.4, height / 2);
  $("fit").onclick = fit;
  $("theme").onclick = () => setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark");
  syncControls();
}

function setTheme(name) {
  document.documentElement.dataset.theme = name;
  readColors();
  draw();
}

const keys = {
  ArrowUp: () => moveBy(0, -60), ArrowDown: () => moveBy(0, 60), ArrowLeft: () => moveBy(-60, 0), ArrowRight: () => moveBy(60, 0),
  PageUp: () => moveBy(0, -height * .8), PageDown: () => moveBy(0, height * .8), Home: () => moveBy(0, -1e12), End: () => moveBy(0, 1e12),
  "+": () => zoomTo(state.zoom * 1.25, height / 2), "=": () => zoomTo(state.zoom * 1.25, height / 2), "-": () => zoomTo(state.zoom / 1.25, height / 2),
  0: fit, v: toFailure, d: toDifference, n: () => along(1), p: () => along(-1), Escape: () => pick(null),
};

function listen() {
  let grip = null;
  canvas.addEventListener("wheel", e => {
    e.preventDefault();
    if (e.ctrlKey || e.metaKey) zoomTo(state.zoom * Math.exp(-e.deltaY / 300), e.offsetY);
    else moveBy(e.shiftKey ? e.deltaY : e.deltaX, e.shiftKey ? 0 : e.deltaY);
  }, { passive: false });
  canvas.addEventListener("pointerdown", e => {
    grip = { x: e.offsetX, y: e.offsetY, moved: false };
    canvas.setPointerCapture(e.pointerId);
  });
  canvas.addEventListener("pointermove", e => {
    if (!grip) return hover(nearby(e.offsetX, e.offsetY), e.offsetX, e.offsetY);
    const dx = e.offsetX - grip.x, dy = e.offsetY - grip.y;
    if (!grip.moved && dx * dx + dy * dy < 16) return;
    Object.assign(grip, { x: e.offsetX, y: e.offsetY, moved: true });
    canvas.classList.add("drag");
    moveBy(-dx, -dy);
  });
  canvas.addEventListener("pointerup", e => {
    if (grip && !grip.moved) pick(nearby(e.offsetX, e.offsetY));
    grip = null;
    canvas.classList.remove("drag");
  });
  canvas.addEventListener("pointerleave", () => hover(null));
  document.addEventListener("keydown", e => {
    if (/SELECT|INPUT/.test(e.target.tagName) || e.ctrlKey || e.metaKey || e.altKey || !keys[e.key]) return;
    e.preventDefault();
    keys[e.key]();
  });
  new ResizeObserver(() => { resize(); clampView(); draw(); }).observe(canvas.parentElement);
}

// explained is what tests and consoles ask: where an event stands, what was drawn.
window.explained = {
  doc: () => doc, state, drawn,
  columns: () => panels.map(p => p.columns.map(c => p.run.places[c].name)),
  point: i => {
    const p = panels[0], box = canvas.getBoundingClientRect();
    return { x: box.left + (p.run.place[i] < 0 ? p.left - 5 : columnX(p, p.run.place[i])), y: box.top + screenY(p.topOf.get(i) ?? topOf(p.run.at[i])) };
  },
};

load().then(() => {
  document.documentElement.dataset.theme = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  readColors();
  resize();
  setUp();
  arrange();
  listen();
  if (rows.height < height - HEAD - 2 * PAD) fit();
  else if (doc.runs[0].ends.length) goTo(doc.runs[0], doc.runs[0].ends[0]);
  document.documentElement.dataset.ready = "yes";
});
