// Marks answers as gradwork's command does (worksheets/marking.py): the two are held equal by a test in a browser.
"use strict";

const SLACK = 1e-9, NEAR = 19, MOST = 3;

function say(text, values) {
  return (SHEET.words[text] || text).replace(/\{(\w+)\}/g, (whole, name) => values && name in values ? values[name] : whole);
}

// What is stated once for many blanks is put in its places: a slip is code, key, rank, rare, expression, sentence.
for (const route of SHEET.routes) route.s = route.s.map(([kind, f, says]) => [...SHEET.kinds[kind], f, SHEET.says[says]]);
for (const item of SHEET.items) {
  for (const cell of item.order) item.routes[cell] = item.routes[cell].map(k => SHEET.routes[k]);
}

// --- reading numbers: see worksheets/answers.py

const SIGNS = {"−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "·": "*", "×": "*", "⁄": "/", "∕": "/", "÷": "/"};
const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const PLAIN = "(?:\\d+(?:\\.\\d*)?|\\.\\d+)";
const NUMBER = new RegExp(`^[+-]?${PLAIN}(?:e[+-]?\\d+)?$`);
const SCIENTIFIC = new RegExp(`^([+-]?${PLAIN})\\s*\\*?\\s*10\\s*(?:\\^|\\*\\*)\\s*\\(?([+-]?\\d+)\\)?$`);

function lowered(text) {
  return text.replace(/10([⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)/g, (whole, power) =>
    "10^" + [...power].map(c => c === "⁻" ? "-" : c === "⁺" ? "+" : RAISED.indexOf(c)).join(""));
}

function readNumber(text) {
  const signs = t => [...t].map(c => SIGNS[c] || c).join("");
  let plain = signs(signs(lowered(text)).normalize("NFKC")).trim().toLowerCase();
  plain = plain.replace(/^[≈~=]\s*|(\d)\s*(?:\.\.\.|…)$/g, "$1").trim();
  while (plain.startsWith("(") && plain.endsWith(")")) plain = plain.slice(1, -1).trim();
  plain = plain.replace(/^([+-])\s+/, "$1");
  const mixed = plain.match(/^([+-]?)(\d+)\s+(\d+)\s*\/\s*(\d+)$/);
  if (mixed) {
    if (!Number(mixed[4])) return [];
    const part = Number(mixed[3]) / Number(mixed[4]), whole = Number(mixed[1] + mixed[2]);
    return [{value: mixed[1] === "-" ? whole - part : whole + part, decimals: null}];
  }
  const found = withoutCommas(plain).flatMap(readForm);
  return found.filter((r, k) => found.findIndex(o => o.value === r.value && o.decimals === r.decimals) === k);
}

function withoutCommas(text) {
  text = text.replace(/(\d)[ \u00a0\u202f'](?=\d{3}(?:\D|$))/g, "$1");
  if (!text.includes(",")) return [text];
  if (text.split(",").length === 2 && !text.includes(".")) {
    const point = text.replace(",", ".");
    return /^[+-]?[1-9]\d{0,2},\d{3}$/.test(text) ? [point, text.replace(",", "")] : [point];
  }
  if (/^[+-]?\d{1,3}(,\d{3})+(\.\d*)?$/.test(text)) return [text.replace(/,/g, "")];
  if (/^[+-]?\d{1,3}(\.\d{3})+,\d*$/.test(text)) return [text.replace(/\./g, "").replace(",", ".")];
  const parts = text.split("/");
  if (parts.length !== 2) return [];
  const read = parts.map(p => withoutCommas(p)[0]);
  return read.includes(undefined) ? [] : [read.join("/")];
}

function places(text) {
  const [mantissa, exponent] = text.split("e");
  return Math.max((mantissa.split(".")[1] || "").length - Number(exponent || 0), 0);
}

function readForm(text) {
  if (text.endsWith("%")) {
    return readForm(text.slice(0, -1).trim()).map(r => ({value: r.value / 100, decimals: r.decimals === null ? null : r.decimals + 2}));
  }
  if (NUMBER.test(text)) {
    const value = Number(text);
    return Number.isFinite(value) ? [{value, decimals: places(text)}] : [];
  }
  const scientific = text.match(SCIENTIFIC);
  if (scientific) {
    const exponent = Number(scientific[2]);
    if (Math.abs(exponent) > 300) return [];
    return [{value: Number(`${scientific[1]}e${exponent}`), decimals: Math.max(places(scientific[1]) - exponent, 0)}];
  }
  const parts = text.split("/");
  if (parts.length === 2) {
    const strip = t => t.trim().replace(/^[()]+|[()]+$/g, "");
    const [one, other] = parts.map(p => readForm(strip(p))[0]);
    if (one && other && other.value) return [{value: one.value / other.value, decimals: null}];
  }
  return [];
}

// --- rounding and agreeing

function rounded(value, decimals) {
  const scale = 10 ** decimals, size = Math.abs(value) * scale;
  const whole = Math.floor(size + 0.5 + Math.min(SLACK * Math.max(1, size), 1e-3));
  return whole ? Math.sign(value) * Number((whole / scale).toFixed(decimals)) : 0;
}

function agrees(r, value, decimals) {
  const slack = SLACK * Math.max(1, Math.abs(value)), off = Math.abs(r.value - value);
  if (off <= slack) return true;
  if (r.decimals === null) return rounded(r.value, decimals) === rounded(value, decimals) && off <= 0.5 * 10 ** -decimals + slack;
  return r.decimals >= decimals && off <= 0.5 * 10 ** -decimals * (1 + 1e-6) + slack;
}

function isShortOf(r, value, exact) {
  if (r.decimals === null || (exact && !r.decimals)) return false;
  if (Math.abs(r.value - value) > (r.decimals ? 0.2 : 0.05) * Math.abs(value)) return false;
  return rounded(value, r.decimals) === r.value;
}

function numberText(value) {
  const text = value.toFixed(9).replace(/0+$/, "").replace(/\.$/, "");
  return text === "-0" || text === "" ? "0" : text;
}

// Where Python raises an error, a number has no value: infinity would go on through the rest of an expression.
class NoValue extends Error {}

function finite(value) {
  if (!Number.isFinite(value)) throw new NoValue();
  return value;
}

const divided = (a, b) => {
  if (Number(b) === 0) throw new NoValue();
  return a / b;
};
const logarithm = x => finite(x > 0 ? Math.log(x) : NaN), root = x => finite(Math.sqrt(x));
const power = (a, b) => finite(Math.pow(a, b)), exponential = x => finite(Math.exp(x));

function worked(f, values) {
  if (!f) return null;
  try {
    const found = Number(f(values));
    return Number.isFinite(found) ? found : null;
  } catch (error) {
    if (error instanceof NoValue) return null;
    throw error;
  }
}

// --- marking: see worksheets/marking.py

function markSheet(answers) {
  const marks = {};
  for (const blank of SHEET.other) marks[blank.number] = markOther(blank, answers[blank.number] || "");
  for (const item of SHEET.items) Object.assign(marks, markItem(item, answers));
  return marks;
}

function markOther(blank, typed) {
  if (!typed.trim()) return {status: "empty", credit: 0};
  if (blank.choices.length) {
    const text = typed.split(/\s+/).filter(Boolean).join(" ").toLowerCase(), folded = blank.choices.map(c => c.toLowerCase());
    let chosen = folded.includes(text) ? text : null;
    if (chosen === null && /^\d+$/.test(text) && folded[Number(text) - 1]) chosen = folded[Number(text) - 1];
    if (chosen === null) {
      const fitting = folded.filter(c => c.startsWith(text));
      chosen = fitting.length === 1 ? fitting[0] : null;
    }
    if (chosen === null) return {status: "unreadable", credit: 0, says: say("it is one of: {all}", {all: blank.choices.join(", ")})};
    const right = chosen === String(blank.answer).toLowerCase();
    return {status: right ? "right" : "wrong", credit: Number(right)};
  }
  const readings = readNumber(typed);
  if (!readings.length) return {status: "unreadable", credit: 0, says: say("this cannot be read as a number")};
  const right = readings.some(r => r.value === blank.answer);
  return {status: right ? "right" : "wrong", credit: Number(right)};
}

function markItem(item, answers) {
  const own = item.key.slice(), done = {}, hits = {}, typed = {}, readings = {}, wrong = [];
  for (const cell of item.order) {
    typed[cell] = answers[item.number[cell]] || "";
    readings[cell] = readNumber(typed[cell]);
  }
  for (const cell of item.order) {
    const mark = simple(item, cell, typed[cell], readings[cell], own, done);
    if (mark) done[cell] = mark;
    else {
      wrong.push(cell);
      hits[cell] = hitsOf(item, cell, readings[cell], own);
    }
    goOnFrom(item, cell, readings[cell], own);
  }
  Object.assign(done, mistakes(item, wrong, hits, done, own, typed));
  return Object.fromEntries(item.order.map(c => [item.number[c], done[c]]));
}

function goOnFrom(item, cell, readings, own) {
  if (!readings.length) return;
  const value = readings.map(r => r.value).reduce((a, b) => Math.abs(b - item.key[cell]) < Math.abs(a - item.key[cell]) ? b : a);
  if (value === own[cell]) return;
  own[cell] = value;
  for (const [later, f] of item.unseen) {
    const found = worked(f, own);
    if (found !== null) own[later] = rounded(found, item.decimals);
  }
}

function simple(item, cell, text, readings, own, done) {
  if (!text.trim()) return {status: "empty", credit: 0};
  if (!readings.length) return {status: "unreadable", credit: 0, says: say("this cannot be read as a number")};
  const key = item.key[cell];
  if (isRight(item, cell, readings)) return {status: "right", credit: 1};
  if (readings.some(r => isShortOf(r, key, item.exact))) {
    return {status: "too few digits", credit: 0.5, says: say("right, with too few digits: {value}", {value: numberText(key)})};
  }
  for (const route of item.routes[cell]) {
    const changed = route.r.filter(c => Math.abs(own[c] - item.key[c]) > SLACK * Math.max(1, Math.abs(item.key[c])));
    if (!changed.length) continue;
    const value = worked(route.f, own);
    if (value === null || !readings.some(r => agrees(r, value, item.decimals))) continue;
    const from = [...new Set(changed.filter(c => c in item.number).map(c => item.number[c]))].sort((a, b) => a - b);
    const numbers = {numbers: from.join(", ")};
    const zeros = changed.filter(c => own[c] === 0);
    const trivial = value === 0 && key !== 0 && zeros.length && !zeros.some(c => done[c] && ["carried", "mistake"].includes(done[c].status));
    if (trivial) return {status: "carried", credit: 0, says: say("this follows from blank {numbers}, but with a 0 there nothing is left to work out", numbers)};
    return {status: "carried", credit: 1, says: say("the method is right: it follows from your blank {numbers}", numbers)};
  }
  return null;
}

function isRight(item, cell, readings) {
  const key = item.key[cell];
  if (readings.some(r => agrees(r, key, item.decimals))) return true;
  if (item.exact) return false;
  if (readings.some(r => agrees(r, item.unrounded[cell], item.decimals))) return true;
  const [low, high] = [key, item.unrounded[cell]].sort((a, b) => a - b), unit = 10 ** -item.decimals;
  return readings.some(r => (r.decimals === null || r.decimals >= item.decimals) && low - 0.51 * unit <= r.value && r.value <= high + 0.51 * unit);
}

function hitsOf(item, cell, readings, own) {
  const found = new Map(), key = item.key[cell];
  const changed = new Set(own.map((v, c) => v !== item.key[c] && c !== cell ? c : -1));
  item.routes[cell].forEach((route, k) => {
    const mixed = route.r.some(c => changed.has(c));
    for (const slip of route.s) {
      for (const mine of mixed ? [false, true] : [false]) {
        const value = worked(slip[4], mine ? own : item.key);
        if (value === null || Math.abs(value - key) <= SLACK * Math.max(1, Math.abs(value))) continue;
        const name = JSON.stringify([slip[0], slip[1], k, mine]);
        if (!found.has(name) && readings.some(r => agrees(r, value, item.decimals))) found.set(name, {slip, k, mine});
      }
    }
  });
  return found;
}

function mistakes(item, wrong, hits, done, own, typed) {
  const found = {};
  let left = wrong.slice();
  while (left.length) {
    const best = bestOf(item, left, hits, done, own, typed);
    if (!best) break;
    for (const cell of best.cells) {
      const slip = hits[cell].get(best.name).slip;
      found[cell] = {status: "mistake", credit: 0, says: slip[5], code: slip[0], others: best.others};
    }
    left = left.filter(c => !best.cells.includes(c));
  }
  for (const cell of left) found[cell] = {status: "wrong", credit: 0};
  return found;
}

function bestOf(item, left, hits, done, own, typed) {
  const cellsOf = new Map();
  for (const cell of left) {
    for (const name of hits[cell].keys()) {
      const key = JSON.stringify([item.owner[cell], name]);
      if (!cellsOf.has(key)) cellsOf.set(key, {name, owner: item.owner[cell], cells: []});
      cellsOf.get(key).cells.push(cell);
    }
  }
  const ranked = [];
  for (const {name, owner, cells} of cellsOf.values()) {
    const {slip, k, mine} = hits[cells[0]].get(name);
    if (slip[3] && cells.length < 2 && !saysMuch(typed[cells[0]])) continue;
    const against = countAgainst(item, owner, slip, k, mine, done, own);
    const rank = -slip[2] / 3 - 4 * Number(against > 0) - 20 * (slip[3] + Number(mine) + Number(k > 0));
    ranked.push({covers: Math.max(cells.length - against, 1), rank, name, cells, code: slip[0]});
  }
  if (!ranked.length) return null;
  ranked.sort((a, b) => b.covers - a.covers || b.rank - a.rank);
  const best = ranked[0], same = new Set(best.cells);
  const others = ranked.slice(1).filter(o => o.covers === best.covers && best.rank - o.rank < NEAR
    && o.cells.length === same.size && o.cells.every(c => same.has(c))).map(o => o.code);
  return {...best, others: [...new Set(others)].filter(c => c !== best.code).slice(0, MOST)};
}

function countAgainst(item, owner, slip, k, mine, done, own) {
  let count = 0;
  for (const [cell, mark] of Object.entries(done)) {
    if (!["right", "carried"].includes(mark.status) || item.owner[cell] !== owner) continue;
    const route = item.routes[cell][k];
    const same = route && route.s.find(s => s[0] === slip[0] && s[1] === slip[1]);
    if (!same) continue;
    const value = worked(same[4], mine ? own : item.key);
    if (value !== null && Math.abs(value - item.key[cell]) > SLACK * Math.max(1, Math.abs(value))) count += 1;
  }
  return count;
}

function saysMuch(text) {
  return text.replace(/^[-−+ 0]+|[-−+ 0]+$/g, "").replace(".", "").replace(",", "").replace(/0+$/, "").length >= 3;
}
