// What is shown: the runs, the choice of events, and where each one stands.

const HANDLED = 0, STORED = 2, STARTED = 3, ENDED = 4, FAULT = 5, HEALED = 6, VIOLATED = 7;
const ROW = 17, ROW_MOST = 30, FOLD = 20e6; // pixels of a row; nanoseconds from which a gap is folded

const state = {
  mode: "slice", lanes: false, beside: false, about: "", kind: "", place: "",
  zoom: 1, x: 0, y: 0, hover: null, picked: null, chain: new Set(),
};
let doc, panels = [], rows = { times: [], tops: [], height: 0 };

async function load() {
  const bytes = Uint8Array.from(atob(document.getElementById("document").textContent.trim()), c => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  doc = JSON.parse(await new Response(stream).text());
  for (const run of doc.runs) {
    run.nodeSet = new Set(run.nodes);
    run.deepSet = new Set(run.deep);
    run.color = run.kinds.map(colorOf);
    run.next = null;
  }
}

// colorOf sorts a kind into one of the few colours of the page.
function colorOf(kind) {
  if (/^(send |pack )?(call|reply|push|move|client-move|workload)$/.test(kind)) return "--call";
  if (/login|logged|logout|connected|session|packet|enter|exit|kick|client-|hello|stream|game-lost|send|client/.test(kind)) return "--login";
  if (/store|claim|save|held|release/.test(kind)) return "--store";
  if (/timer|wake|flush|report/.test(kind)) return "--time";
  return "--link";
}

// belongs tells whether an event is in the part of the run that is looked at, filters aside.
function belongs(run, i) {
  if (state.mode === "slice") return state.lanes ? run.deepSet.has(i) : run.nodeSet.has(i);
  return state.lanes || run.lane[i] === "";
}

// passes tells whether the filters let an event through; what was done to the cluster
// and the failure stay in sight.
function passes(run, i) {
  const sort = run.sort[i];
  if (sort === VIOLATED || sort === FAULT || sort === HEALED) return true;
  if (state.about && run.clients[run.client[i]] !== state.about && run.accounts[run.owner[i]] !== state.about) return false;
  if (state.kind && run.kinds[run.kind[i]] !== state.kind) return false;
  return !state.place || (run.place[i] >= 0 && run.places[run.place[i]].name === state.place);
}

// sender returns the event that an event came from; without lanes these are passed over.
function sender(run, i) {
  let from = run.cause[i];
  while (!state.lanes && from >= 0 && run.lane[from] !== "") from = run.cause[from];
  return from;
}

// arrowFrom returns where an arrow to an event begins, or -1: another process sent it.
function arrowFrom(run, i) {
  if (run.sort[i] > STORED) return -1;
  const from = sender(run, i);
  if (from < 0 || run.place[from] < 0 || run.place[i] < 0 || run.place[from] === run.place[i] || run.sort[from] === VIOLATED) return -1;
  return belongs(run, from) ? from : -1;
}

// arrange decides anew what is seen and where.
function arrange() {
  const shown = state.beside && doc.runs.length > 1 ? doc.runs : doc.runs.slice(0, 1);
  panels = shown.map(seenOf);
  const times = new Set();
  for (const p of panels) {
    p.when = spread(p);
    for (const at of p.when) times.add(at);
    for (const a of p.arrows) times.add(p.run.at[a.from]);
  }
  rows.times = Float64Array.from(times).sort();
  rows.tops = new Float64Array(rows.times.length);
  for (let k = 1; k < rows.times.length; k++) {
    const gap = rows.times[k] - rows.times[k - 1];
    rows.tops[k] = rows.tops[k - 1] + Math.min(ROW_MOST, ROW * (.75 + Math.log10(1 + gap / 1e5) / 3));
  }
  rows.height = rows.tops.length ? rows.tops[rows.tops.length - 1] : 0;
  for (const p of panels) {
    p.tops = Float64Array.from(p.when, topOf);
    p.topOf = new Map(p.seen.map((i, k) => [i, p.tops[k]]));
    for (const a of p.arrows) [a.y0, a.y1] = [p.topOf.get(a.from) ?? topOf(p.run.at[a.from]), p.topOf.get(a.to)];
  }
  tell();
  clampView();
  draw();
}

// spread gives what happens at one time and place rows of its own: their order is known.
function spread(p) {
  let at = -1, floor = 0, ranks = new Map();
  return p.seen.map(i => {
    if (p.run.at[i] !== at) [at, floor, ranks] = [p.run.at[i], 0, new Map()];
    const place = p.run.place[i], all = p.run.sort[i] !== HANDLED && place < 0;
    const rank = all ? Math.max(floor, ...ranks.values()) : Math.max(floor, ranks.get(place) ?? 0);
    ranks.set(place, rank + 1);
    if (all) floor = rank + 1;
    return at + rank / 64;
  });
}

// seenOf picks the events, arrows and columns of one run.
function seenOf(run) {
  const seen = [], arrows = [], used = new Set(), busy = new Set(), fromRight = new Set();
  for (let i = 0; i < run.at.length; i++) {
    if (!belongs(run, i) || !passes(run, i)) continue;
    seen.push(i);
    if (run.place[i] >= 0) used.add(run.place[i]);
    if (run.sort[i] <= STORED) busy.add(run.place[i]);
    const from = arrowFrom(run, i);
    if (from >= 0) {
      arrows.push({ from, to: i });
      used.add(run.place[from]);
      busy.add(run.place[from]);
      if (run.place[from] > run.place[i]) fromRight.add(i);
    }
  }
  const columns = [...used].sort((a, b) => a - b);
  // What takes no part but in its faults has a narrow column.
  const shares = columns.map(p => busy.has(p) ? 1 : .65), before = [0];
  shares.forEach(s => before.push(before[before.length - 1] + s));
  return { run, seen, arrows, columns, before, fromRight, columnOf: new Map(columns.map((p, c) => [p, c])), lives: livesOf(run) };
}

// livesOf lists for each process when lives of it begin and end.
function livesOf(run) {
  const lives = run.places.map(() => []);
  for (let i = 0; i < run.at.length; i++) {
    if (run.sort[i] === STARTED || run.sort[i] === ENDED) lives[run.place[i]].push({ at: run.at[i], starts: run.sort[i] === STARTED });
  }
  return lives;
}

// rowBefore returns the last row that is not after a time, or -1.
function rowBefore(at) {
  let lo = 0, hi = rows.times.length;
  while (lo < hi) {
    const mid = (lo + hi) >> 1;
    if (rows.times[mid] <= at) lo = mid + 1; else hi = mid;
  }
  return lo - 1;
}

// topOf returns where a time stands, in pixels of zoom 1; between two rows it is in proportion.
function topOf(at) {
  const k = rowBefore(at);
  if (k < 0) return 0;
  if (k + 1 >= rows.times.length) return rows.tops[k];
  return rows.tops[k] + (rows.tops[k + 1] - rows.tops[k]) * (at - rows.times[k]) / (rows.times[k + 1] - rows.times[k]);
}

// chainOf collects what an event came from, sender by sender, and what came of it.
function chainOf(run, i) {
  const chain = new Set();
  for (let k = i; k >= 0 && !chain.has(k); k = run.cause[k]) chain.add(k);
  const open = [i], most = 400;
  if (!run.next) {
    run.next = new Map();
    run.cause.forEach((c, k) => { if (c >= 0) (run.next.get(c) || run.next.set(c, []).get(c)).push(k); });
  }
  for (let n = 0; open.length && n < most; n++) {
    for (const k of run.next.get(open.shift()) || []) if (!chain.has(k)) { chain.add(k); open.push(k); }
  }
  return chain;
}

function timeText(ns) { return (ns / 1e9).toFixed(6) + " s"; }

function spanText(ns) {
  if (ns >= 1e9) return (ns / 1e9).toFixed(2) + " s";
  if (ns >= 1e6) return (ns / 1e6).toFixed(1) + " ms";
  return Math.round(ns / 1e3) + " µs";
}
