// The picture: one canvas, of which only what is in sight is drawn.

const GUTTER = 84, HEAD = 30, GAP = 26, COLUMN = 92, PAD = 26;
const canvas = document.getElementById("canvas"), pen = canvas.getContext("2d");
let ink = {}, width = 0, height = 0;
const drawn = { dots: 0, arrows: 0, marks: [], parts: false };

function readColors() {
  const style = getComputedStyle(document.documentElement);
  for (const name of ["ground", "panel", "ink", "quiet", "rule", "lane", "dead", "accent", "call", "login", "store", "link", "time", "fault",
    "end", "heal", "faulttint", "endtint", "parttint"]) ink["--" + name] = style.getPropertyValue("--" + name).trim();
}

function resize() {
  const box = canvas.parentElement.getBoundingClientRect(), scale = window.devicePixelRatio || 1;
  [width, height] = [box.width, box.height];
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  pen.setTransform(scale, 0, 0, scale, 0, 0);
}

// place gives each panel its share of the width and each column its middle.
function placePanels() {
  const share = p => Math.max(1, p.before[p.before.length - 1]);
  const columns = panels.reduce((n, p) => n + share(p), 0);
  const room = width - GUTTER - GAP * (panels.length - 1) - 8;
  const each = Math.max(COLUMN, Math.min(240, room / Math.max(1, columns)));
  let x = GUTTER - state.x;
  for (const p of panels) {
    p.left = x;
    p.each = each;
    p.width = each * share(p);
    x += p.width + GAP;
  }
  return x + state.x - GAP;
}

function columnX(p, place) { return p.left + p.each * p.before[p.columnOf.get(place)] + 14; }
function screenY(top) { return HEAD + PAD + top * state.zoom - state.y; }

function draw() {
  if (!panels.length) return;
  Object.assign(drawn, { dots: 0, arrows: 0, marks: [], parts: false });
  pen.clearRect(0, 0, width, height);
  placePanels();
  pen.font = "11px ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace";
  pen.textBaseline = "middle";
  drawRows();
  drawParting();
  for (const p of panels) drawPanel(p);
  drawHeads();
}

// drawRows writes the time axis: a time where there is room, a fold where time was cut out.
function drawRows() {
  let last = -1e9;
  const first = Math.max(0, firstRow()), step = rows.tops;
  for (let k = first; k < step.length; k++) {
    const y = screenY(step[k]);
    if (y > height) break;
    const gap = k ? rows.times[k] - rows.times[k - 1] : 0;
    const above = k ? screenY(step[k - 1]) : y;
    if (gap >= FOLD && y - above > 9) drawFold((y + above) / 2, gap);
    if (y - last < 15 || y < HEAD) continue;
    last = y;
    pen.fillStyle = ink["--quiet"];
    pen.textAlign = "right";
    pen.fillText((rows.times[k] / 1e9).toFixed(6), GUTTER - 12, y);
  }
}

function firstRow() {
  const top = (state.y - HEAD - PAD) / state.zoom;
  let lo = 0, hi = rows.tops.length;
  while (lo < hi) {
    const mid = (lo + hi) >> 1;
    if (rows.tops[mid] < top) lo = mid + 1; else hi = mid;
  }
  return lo - 1;
}

function drawFold(y, gap) {
  pen.strokeStyle = ink["--rule"];
  pen.setLineDash([2, 4]);
  line(GUTTER - 8, y, width, y);
  pen.setLineDash([]);
  if (state.zoom < .7) return;
  pen.fillStyle = ink["--time"];
  pen.textAlign = "right";
  pen.font = "italic 10px system-ui, sans-serif";
  pen.fillText("+" + spanText(gap), GUTTER - 12, y);
  pen.font = "11px ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace";
}

function line(x0, y0, x1, y1) {
  pen.beginPath();
  pen.moveTo(x0, y0);
  pen.lineTo(x1, y1);
  pen.stroke();
}

function drawPanel(p) {
  pen.save();
  pen.beginPath();
  pen.rect(Math.max(GUTTER - 6, p.left - 12), HEAD, p.width + 14, height - HEAD);
  pen.clip();
  drawBands(p);
  for (const place of p.columns) drawLife(p, place);
  drawArrows(p);
  drawEvents(p);
  pen.restore();
}

// drawBands marks faults and the failure across the whole panel.
function drawBands(p) {
  p.seen.forEach((i, k) => {
    const sort = p.run.sort[i], y = screenY(p.tops[k]);
    if (y < HEAD - 12 || y > height + 12 || (sort !== FAULT && sort !== VIOLATED && sort !== ENDED)) return;
    if (sort === ENDED && /stopped$/.test(p.run.label[i])) return;
    pen.fillStyle = ink[sort === VIOLATED ? "--endtint" : "--faulttint"];
    pen.fillRect(p.left - 12, y - 8, p.width + 14, 16);
  });
}

// drawLife draws a process's line: firm while a life runs, faint while none does.
function drawLife(p, place) {
  const x = columnX(p, place), lives = p.lives[place], end = screenY(rows.height) + PAD;
  let from = HEAD, alive = !lives.length || !lives[0].starts;
  const stretch = to => {
    pen.strokeStyle = ink[alive ? "--lane" : "--dead"];
    pen.lineWidth = alive ? 1.5 : 1;
    pen.setLineDash(alive ? [] : [3, 4]);
    if (to > HEAD && from < height) line(x, Math.max(from, HEAD), x, Math.min(to, height));
    pen.setLineDash([]);
    pen.lineWidth = 1;
  };
  for (const one of lives) {
    const y = screenY(topOf(one.at));
    stretch(y);
    from = y;
    alive = one.starts;
  }
  stretch(end);
}

// Faults and the failure stay bright beside a chain.
function dimmed(p, i) { return state.chain.size > 0 && p.run.sort[i] < ENDED && (p.run !== state.chainRun || !state.chain.has(i)); }

function drawArrows(p) {
  const crowd = Math.min(1, Math.max(.02, state.zoom * 2)); // many to a pixel show how many they are
  for (const a of p.arrows) {
    const y0 = screenY(a.y0), y1 = screenY(a.y1);
    if (y1 < HEAD - 4 || y0 > height + 4) continue;
    const strong = state.chain.size > 0 && !dimmed(p, a.to) && (state.chain.has(a.from) || a.to === state.focus);
    pen.globalAlpha = strong ? .9 : (state.chain.size > 0 ? .13 : .85) * crowd;
    pen.strokeStyle = pen.fillStyle = strong ? ink["--accent"] : ink[p.run.color[p.run.kind[a.to]]];
    pen.lineWidth = strong ? 2.2 : 1.2;
    drawArrow(columnX(p, p.run.place[a.from]), y0, columnX(p, p.run.place[a.to]), y1);
    drawn.arrows++;
  }
  pen.globalAlpha = pen.lineWidth = 1;
}

function drawArrow(x0, y0, x1, y1) {
  const angle = Math.atan2(y1 - y0, x1 - x0), back = 5;
  x1 -= back * Math.cos(angle);
  y1 -= back * Math.sin(angle);
  line(x0, y0, x1, y1);
  pen.beginPath();
  pen.moveTo(x1, y1);
  pen.lineTo(x1 - 7 * Math.cos(angle - .38), y1 - 7 * Math.sin(angle - .38));
  pen.lineTo(x1 - 7 * Math.cos(angle + .38), y1 - 7 * Math.sin(angle + .38));
  pen.fill();
}

function drawEvents(p) {
  const free = new Map(); // by column: where the next label may stand
  p.seen.forEach((i, k) => {
    const y = screenY(p.tops[k]);
    if (y < HEAD - 8 || y > height + 8) return;
    pen.globalAlpha = dimmed(p, i) ? .22 : 1;
    if (p.run.place[i] < 0) drawNote(p, i, y, free); else drawEvent(p, i, y, free);
    drawn.dots++;
  });
  pen.globalAlpha = 1;
}

function drawEvent(p, i, y, free) {
  const run = p.run, x = columnX(p, run.place[i]), sort = run.sort[i];
  const color = sort >= STARTED ? markColor(run, i) : run.color[run.kind[i]];
  pen.fillStyle = ink[color];
  pen.beginPath();
  if (sort === ENDED) cross(x, y, 4.5, ink[color]);
  else if (sort === STARTED) { pen.moveTo(x - 4, y - 4.5); pen.lineTo(x + 5, y); pen.lineTo(x - 4, y + 4.5); pen.fill(); }
  else { pen.arc(x, y, run.lane[i] ? 2.6 : 3.8, 0, 7); pen.fill(); }
  if (state.picked && state.picked.run === run && state.picked.i === i) ring(x, y, 7.5, ink["--accent"]);
  if (run.ends.includes(i) && sort < STARTED) ring(x, y, 6.5, ink["--end"]);
  const column = run.place[i];
  if (y < (free.get(column) || -1e9) || state.zoom < .2 && sort < STARTED) return;
  free.set(column, y + 12.5);
  const shift = p.fromRight.has(i) ? 14 : 9;
  label(run.label[i], x + shift, y, p.each - 7 - shift, sort >= STARTED ? color : run.lane[i] ? "--quiet" : "--ink");
}

// markColor is that of what happens to a process; a life that ends as it was asked to is no fault.
function markColor(run, i) {
  if (run.sort[i] === ENDED && /stopped$/.test(run.label[i])) return "--quiet";
  return run.sort[i] === FAULT || run.sort[i] === ENDED ? "--fault" : "--heal";
}

// drawNote draws what happens to no one process: a fault, the failure, the end of faults.
function drawNote(p, i, y, free) {
  const sort = p.run.sort[i], color = sort === VIOLATED ? "--end" : sort === HEALED ? "--heal" : "--fault";
  pen.strokeStyle = ink[color];
  pen.setLineDash(sort === VIOLATED ? [] : [5, 3]);
  pen.lineWidth = sort === VIOLATED ? 2 : 1;
  line(p.left - 12, y, p.left + p.width, y);
  pen.setLineDash([]);
  pen.lineWidth = 1;
  drawn.marks.push({ sort, i, run: p.run, x: p.left - 5, y });
  const text = (sort === VIOLATED ? "✗ " : sort === HEALED ? "✓ " : "⚡ ") + p.run.label[i];
  if (y < (free.get(-1) || -1e9) && sort !== VIOLATED) return;
  free.set(-1, y + 13);
  plate(text, p.left + (sort === VIOLATED ? -4 : p.width * .3), y, p.width * (sort === VIOLATED ? 1 : .7), color);
}

function cross(x, y, r, color) {
  pen.strokeStyle = color;
  pen.lineWidth = 2.2;
  line(x - r, y - r, x + r, y + r);
  line(x - r, y + r, x + r, y - r);
  pen.lineWidth = 1;
}

function ring(x, y, r, color) {
  pen.strokeStyle = color;
  pen.lineWidth = 2;
  pen.beginPath();
  pen.arc(x, y, r, 0, 7);
  pen.stroke();
  pen.lineWidth = 1;
}

const GLYPH = 6.63; // pixels of one character of the canvas's type

function clip(text, room) {
  const most = Math.floor(room / GLYPH);
  return text.length <= most ? text : text.slice(0, Math.max(0, most - 1)) + "…";
}

// label writes beside a dot, on a halo so that arrows do not cross it out.
function label(text, x, y, room, color) {
  text = clip(text, room);
  pen.textAlign = "left";
  pen.lineJoin = "round";
  pen.strokeStyle = ink["--ground"];
  pen.lineWidth = 3.5;
  pen.strokeText(text, x, y + .5);
  pen.lineWidth = 1;
  pen.fillStyle = ink[color];
  pen.fillText(text, x, y + .5);
}

function plate(text, x, y, room, color) {
  text = clip(text, room - 12);
  pen.fillStyle = ink["--ground"];
  pen.strokeStyle = ink[color];
  pen.beginPath();
  pen.roundRect(x, y - 8, text.length * GLYPH + 14, 16, 8);
  pen.fill();
  pen.stroke();
  pen.fillStyle = ink[color];
  pen.textAlign = "left";
  pen.fillText(text, x + 7, y + .5);
}

// drawParting marks the first event that the nearest pass has not.
function drawParting() {
  const run = doc.runs[0];
  if (run.parts < 0 || !rows.times.length) return;
  const y = screenY(panels[0].topOf.get(run.parts) ?? topOf(run.at[run.parts]));
  if (y < HEAD || y > height) return;
  drawn.parts = true;
  pen.strokeStyle = ink["--parttint"];
  pen.setLineDash([7, 4]);
  pen.lineWidth = 1.5;
  line(GUTTER - 8, y, width, y);
  pen.setLineDash([]);
  pen.lineWidth = 1;
  const text = "≠ the runs part here", room = text.length * GLYPH + 14;
  const edge = panels.length > 1 ? panels[1].left - 19 - room / 2 : width - room - 10;
  plate(text, Math.max(GUTTER, Math.min(edge, width - room - 10)), y, 400, "--accent");
}

// drawHeads writes the names of the processes over their columns.
function drawHeads() {
  pen.fillStyle = ink["--panel"];
  pen.fillRect(0, 0, width, HEAD);
  pen.fillRect(0, 0, GUTTER - 6, HEAD);
  pen.strokeStyle = ink["--rule"];
  line(0, HEAD + .5, width, HEAD + .5);
  for (const p of panels) {
    pen.save();
    pen.beginPath();
    pen.rect(GUTTER - 6, 0, width, height);
    pen.clip();
    for (const place of p.columns) {
      pen.font = "600 12px system-ui, sans-serif";
      pen.textAlign = "left";
      pen.fillStyle = ink["--ink"];
      pen.fillText(p.run.places[place].name, columnX(p, place) - 4, HEAD / 2 + 1);
    }
    if (p !== panels[0]) {
      pen.strokeStyle = ink["--rule"];
      line(p.left - 19, 0, p.left - 19, height);
    }
    pen.restore();
  }
  pen.font = "11px system-ui, sans-serif";
  pen.textAlign = "right";
  pen.fillStyle = ink["--quiet"];
  pen.fillText("seconds", GUTTER - 12, HEAD / 2 + 1);
}
