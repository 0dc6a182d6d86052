// Marks answers as gradwork's command does (worksheets/marking.py): the two are held equal by a test in a browser.
"use strict";

const SLACK = 1e-9, MOST = 3, TENTH = 0.05, NEAREST = 0.005;

function say(text, values) {
  return (SHEET.words[text] || text).replace(/\{(\w+)\}/g, (whole, name) => values && name in values ? values[name] : whole);
}

// What is stated once for many blanks is put in its places: a slip is code, key, rank, rare, once, f, sentence.
for (const route of SHEET.routes) route.s = route.s.map(([kind, f, says]) => [...SHEET.kinds[kind], f, SHEET.says[says]]);
for (const item of SHEET.items) {
  for (const cell of item.order) item.routes[cell] = item.routes[cell].map(k => SHEET.routes[k]);
}

// --- reading numbers: see worksheets/answers.py

const SIGNS = {"−": "-", "–": "-", "—": "-", "‐": "-", "‑": "-", "·": "*", "×": "*", "⁄": "/", "∕": "/", "÷": "/"};
const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹";
const PLAIN = "(?:\\d+(?:\\.\\d*)?|\\.\\d+)";
const NUMBER = new RegExp(`^[+-]?${PLAIN}(?:e[+-]?\\d+)?$`);
const SCIENTIFIC = new RegExp(`^([+-]?)(?:(${PLAIN})\\s*[* ]\\s*)?10\\s*(?:\\^|\\*\\*)\\s*\\(?([+-]?\\d+)\\)?$`);
const POWER = new RegExp(`^(${PLAIN})\\s*(?:\\^|\\*\\*)\\s*(\\d\\d?)$`);
const ROOT = new RegExp(`^([+-]?)(?:sqrt\\s*\\(\\s*(${PLAIN})\\s*\\)|√\\s*\\(?\\s*(${PLAIN})\\s*\\)?)$`);

function lowered(text) {
  const apart = text.replace(/(\d)(?=[¼-¾⅐-⅞])/g, "$1 ");
  return apart.replace(/[⁻⁺]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+/g, power =>
    "^" + [...power].map(c => c === "⁻" ? "-" : c === "⁺" ? "+" : RAISED.indexOf(c)).join(""));
}

// Digits of other scripts, which come in tens, one script after the other.
function westernDigits(text) {
  return text.replace(/\p{Nd}/gu, digit => {
    let before = 0;
    while (/\p{Nd}/u.test(String.fromCodePoint(digit.codePointAt(0) - before - 1))) before += 1;
    return String(before % 10);
  });
}

const NOTHING = new Set(["", "?", "-", "–", "—", "−"]);
const isEmpty = text => NOTHING.has(text.trim());

function readNumber(text) {
  const signs = t => [...t].map(c => SIGNS[c] || c).join("");
  let plain = signs(signs(lowered(text)).normalize("NFKC")).trim().toLowerCase();
  plain = westernDigits(plain);
  plain = plain.slice(plain.lastIndexOf("=") + 1).trim().replace(/^(?:ca\.?|approx\.?|about|circa|etwa|rund)\s+/, "");
  plain = plain.replace(/\s*\([^()\d]*\)$|\s*[;!]$/g, "");
  plain = plain.replace(/^[≈~]\s*|(\d)\s*(?:\.\.+|…)$|([.,]\d\d?)\.$/g, "$1$2").trim();
  while (/^[(\[]/.test(plain) && /[)\]]$/.test(plain)) plain = plain.slice(1, -1).trim();
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
    const mantissa = scientific[2] || "1", exponent = Number(scientific[3]);
    if (Math.abs(exponent) > 300) return [];
    return [{value: Number(`${scientific[1]}${mantissa}e${exponent}`), decimals: Math.max(places(mantissa) - exponent, 0)}];
  }
  const power = text.match(POWER);
  if (power) {
    const value = Number(power[1]) ** Number(power[2]);
    return Number.isFinite(value) ? [{value, decimals: null}] : [];
  }
  const root = text.match(ROOT);
  if (root) return [{value: Math.sqrt(Number(root[2] || root[3])) * (root[1] === "-" ? -1 : 1), decimals: null}];
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

// As exactly as the sheet asks, or rounded to so many digits at least.
function shows(r, value, decimals, digits) {
  if (agrees(r, value, decimals)) return true;
  if (!r.decimals || r.decimals >= decimals) return false;
  if (numberText(Math.abs(r.value)).replace(".", "").replace(/^0+/, "").length < digits) return false;
  return Math.abs(r.value - value) <= 0.5 * 10 ** -r.decimals * (1 + 1e-6);
}

function isShortOf(r, value, exact) {
  if (r.decimals === null) return false;
  const off = Math.abs(r.value - value), size = Math.abs(value);
  if (exact && !r.decimals && off > Math.max(Math.min(TENTH, 0.025 * size), NEAREST * size)) return false;
  return off <= (r.decimals ? 0.2 : 0.05) * size && off <= 0.5 * 10 ** -r.decimals * (1 + 1e-6);
}

function hasOneDigit(r) {
  return Boolean(r.decimals) && numberText(Math.abs(r.value)).replace(".", "").replace(/^0+|0+$/g, "").length === 1;
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

// Relations that are turned round by numbers: see worksheets/turning.py, and `turn` in worksheets/solver.py.

function positive(y) {
  if (!(y > 0)) throw new NoValue();
  return y;
}

function nonzero(y) {
  if (!y) throw new NoValue();
  return y;
}

function straight(f, cell, values, target) {
  const trial = values.slice(), points = [1, 2, 3, -1.5, 0.5];
  const heights = [0, ...points].map(x => {
    trial[cell] = x;
    return f(trial);
  });
  const slope = heights[1] - heights[0], slack = 1e-9 * (Math.max(...heights.map(Math.abs)) + 1);
  if (Math.abs(slope) < slack) throw new NoValue();
  if (points.some((x, k) => Math.abs(heights[0] + slope * x - heights[k + 1]) > slack)) throw new NoValue();
  return (target - heights[0]) / slope;
}

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

// --- marking: see worksheets/marking.py and naming.py

function markSheet(answers) {
  const marks = {};
  for (const blank of SHEET.other) marks[blank.number] = markOther(blank, answers[blank.number] || "");
  markShapes(marks, answers);
  const markings = SHEET.items.map(item => look(item, answers));
  for (const blank of SHEET.other) if (blank.cells && marks[blank.number].status === "wrong") carryChoice(blank, marks, answers, markings[blank.item]);
  const throughout = countKinds(markings);
  for (const marking of markings) {
    const found = {...marking.done, ...mistakes(marking, throughout)};
    for (const cell of marking.item.order) marks[marking.item.number[cell]] = found[cell];
  }
  return marks;
}

// How many wrong numbers of the whole sheet each cause, and each kind of it, would explain.
function countKinds(markings) {
  const counts = new Map();
  for (const {hits} of markings) {
    for (const found of hits.values()) {
      const kinds = new Set();
      for (const {slip} of found.values()) kinds.add(JSON.stringify([slip[0], slip[1]])).add(JSON.stringify([slip[0], null]));
      for (const kind of kinds) counts.set(kind, (counts.get(kind) || 0) + 1);
    }
  }
  return (code, key) => counts.get(JSON.stringify([code, key])) || 0;
}

// The choice that was meant: by its words, its number, or a part of it that is in no other.
function chosenOf(blank, typed) {
  const text = typed.split(/\s+/).filter(Boolean).join(" ").toLowerCase().replace(/[.!]+$/, ""), folded = blank.choices.map(c => c.toLowerCase());
  if (folded.includes(text)) return text;
  if (/^\d+$/.test(text) && folded[Number(text) - 1]) return folded[Number(text) - 1];
  const starting = folded.filter(c => c.startsWith(text));
  const fitting = starting.length ? starting : folded.filter(c => ` ${c} `.includes(` ${text} `));
  return fitting.length === 1 ? fitting[0] : null;
}

function markOther(blank, typed) {
  if (isEmpty(typed)) return {status: "empty", credit: 0};
  if (blank.choices.length) {
    const chosen = chosenOf(blank, typed);
    if (chosen === null) return {status: "unreadable", credit: 0, says: say("it is one of: {all}", {all: blank.choices.join(", ")})};
    const right = chosen === String(blank.answer).toLowerCase();
    return {status: right ? "right" : "wrong", credit: Number(right)};
  }
  const readings = readNumber(typed);
  if (!readings.length) return {status: "unreadable", credit: 0, says: say("this cannot be read as a number")};
  const right = readings.some(r => r.value === blank.answer);
  return {status: right ? "right" : "wrong", credit: Number(right)};
}

// A choice that is wrong, and follows from the learner's own numbers.
function carryChoice(blank, marks, answers, {item, own}) {
  const [one, less] = blank.cells.map(c => own[c]), number = one - (less || 0);
  const meant = blank.choices[number > 0 ? blank.above : number < 0 ? blank.below : blank.zero];
  if (chosenOf(blank, answers[blank.number] || "") !== meant.toLowerCase()) return;
  const wrong = blank.cells.filter(c => c in item.number && own[c] !== item.key[c]).map(c => item.number[c]).sort((a, b) => a - b);
  const says = say("the method is right: it follows from your blank {numbers}", {numbers: wrong.join(", ")});
  marks[blank.number] = {status: "carried", credit: 1, says};
}

// Rows and columns of a shape exchanged.
function markShapes(marks, answers) {
  const right = Object.fromEntries(SHEET.other.map(blank => [blank.number, blank.answer])), [code, says] = SHEET.transposed;
  for (const [one, two] of SHEET.shapes) {
    const typed = [one, two].map(number => readNumber(answers[number] || "").map(r => r.value)[0]);
    if (typed[0] !== right[two] || typed[1] !== right[one] || right[one] === right[two]) continue;
    for (const number of [one, two]) marks[number] = {status: "mistake", credit: 0, says: say(says), code, others: []};
  }
}

// What is right, carried or nothing at all, and which slips explain the others.
function look(item, answers) {
  const marking = {item, own: item.key.slice(), done: {}, hits: new Map(), readings: {}};
  const typed = {}, {own, done, hits, readings} = marking;
  for (const cell of item.order) {
    typed[cell] = answers[item.number[cell]] || "";
    readings[cell] = readNumber(typed[cell]);
  }
  for (const cell of item.order) {
    const other = exchangedWith(item, cell, readings);
    const mark = simple(item, cell, typed[cell], readings[cell], own, done, other);
    if (mark) done[cell] = mark;
    else hits.set(cell, hitsOf(item, cell, readings[cell], own, other));
    goOnFrom(item, cell, readings[cell], own);
  }
  // Two numbers are exchanged where neither is right, or follows from another.
  for (const [cell, found] of hits) {
    if (hits.has(exchangedWith(item, cell, readings))) continue;
    for (const name of [...found.keys()]) if (found.get(name).slip[1].startsWith('["exchanged"')) found.delete(name);
  }
  return marking;
}

function nearest(readings, key) {
  return readings.map(r => r.value).reduce((a, b) => Math.abs(b - key) < Math.abs(a - key) ? b : a);
}

function goOnFrom(item, cell, readings, own) {
  if (!readings.length) return;
  const value = nearest(readings, item.key[cell]);
  if (value === own[cell]) return;
  own[cell] = value;
  for (const [later, f] of item.unseen) {
    const found = worked(f, own);
    if (found !== null) own[later] = rounded(found, item.decimals);
  }
}

function simple(item, cell, text, readings, own, done, exchanged) {
  if (isEmpty(text)) return {status: "empty", credit: 0};
  if (!readings.length) return {status: "unreadable", credit: 0, says: say("this cannot be read as a number")};
  const key = item.key[cell];
  if (isRight(item, cell, readings)) return {status: "right", credit: 1};
  const values = [key, ...(item.exact ? [] : [item.unrounded[cell]])];
  const short = readings.filter(r => values.some(value => isShortOf(r, value, item.exact)));
  if (short.length && !(item.exact && short.every(hasOneDigit) && hasSlip(item, cell, readings))) {
    return {status: "too few digits", credit: 0.5, says: say("right, with too few digits: {value}", {value: numberText(key)})};
  }
  const changedIn = route =>
    route.r.filter(c => Math.abs(own[c] - item.key[c]) > SLACK * Math.max(1, Math.abs(item.key[c])));
  const openWay = item.routes[cell].some(route => !route.t && !changedIn(route).length);
  for (const [way, route] of item.routes[cell].entries()) {
    const changed = changedIn(route);
    if (!changed.length || (route.t && (openWay || (changed.length === 1 && changed[0] === exchanged)))) continue;
    const value = worked(route.f, own);
    if (value === null) continue;
    const endless = Math.abs(value - rounded(value, item.decimals)) > SLACK && !way;
    const shown = readings.some(r => shows(r, value, item.decimals, endless ? 2 : 3));
    if (!shown && !(endless && isWithinRounding(item, route, value, own, readings))) continue;
    const from = [...new Set(changed.filter(c => c in item.number).map(c => item.number[c]))].sort((a, b) => a - b);
    const numbers = {numbers: from.join(", ")};
    const zeros = changed.filter(c => own[c] === 0);
    const trivial = value === 0 && key !== 0 && zeros.length && !zeros.some(c => done[c] && ["carried", "mistake"].includes(done[c].status));
    if (trivial) return {status: "carried", credit: 0, says: say("this follows from blank {numbers}, but with a 0 there nothing is left to work out", numbers)};
    return {status: "carried", credit: 1, says: say("the method is right: it follows from your blank {numbers}", numbers)};
  }
  return null;
}

// Whether a mistake that is not rare gives exactly what was typed.
function hasSlip(item, cell, readings) {
  return item.routes[cell].slice(0, 1).some(route => route.s.some(([, , , rare, , f]) => {
    const value = rare > 0 ? null : worked(f, item.key);
    return value !== null && readings.some(r => Math.abs(r.value - value) <= SLACK);
  }));
}

// What follows from the learner's own numbers before they were rounded for the page.
function isWithinRounding(item, route, value, own, readings) {
  const half = 0.5 * 10 ** -item.decimals, trial = own.slice();
  let room = half;
  for (const c of route.r.filter(c => c in item.number)) {
    trial[c] += half;
    const other = worked(route.f, trial);
    if (other === null) return false;
    room += Math.abs(other - value);
    trial[c] -= half;
  }
  return room <= SHEET.weights.ROOM * Math.max(1, Math.abs(value))
    && readings.some(r => (r.decimals === null || r.decimals >= item.decimals) && Math.abs(r.value - value) <= room);
}

function isRight(item, cell, readings) {
  const key = item.key[cell];
  if (readings.some(r => agrees(r, key, item.decimals))) return true;
  if (item.exact) return false;
  if (readings.some(r => agrees(r, item.unrounded[cell], item.decimals))) return true;
  const [low, high] = [key, item.unrounded[cell]].sort((a, b) => a - b), unit = 10 ** -item.decimals;
  return readings.some(r => (r.decimals === null || r.decimals >= item.decimals) && low - 0.51 * unit <= r.value && r.value <= high + 0.51 * unit);
}

// The blank before or after, where each of the two has the other's number, and it is another one.
function exchangedWith(item, cell, readings) {
  const is = (one, other) => readings[one].some(r => agrees(r, item.key[other], item.decimals));
  const found = item.order.find(other => Math.abs(item.number[other] - item.number[cell]) === 1
    && Math.abs(item.key[other] - item.key[cell]) > SLACK && is(cell, other) && is(other, cell));
  return found === undefined ? null : found;
}

function hitsOf(item, cell, readings, own, exchanged) {
  const found = new Map(), key = item.key[cell];
  const changed = new Set(own.map((v, c) => v !== item.key[c] && c !== cell ? c : -1));
  item.routes[cell].forEach((route, way) => {
    if (way) return;
    for (const mine of route.r.some(c => changed.has(c)) ? [false, true] : [false]) {
      for (const slip of slipsOfThePen(item, cell, route, mine ? own : null, readings)) {
        found.set(JSON.stringify([slip[0], slip[1], way, mine]), {slip, way, mine});
      }
    }
  });
  if (exchanged !== null) {
    const [code, rank, says] = SHEET.exchanged, [one, other] = [cell, exchanged].map(c => item.number[c]);
    const slip = [code, JSON.stringify(["exchanged", String(Math.min(one, other))]), rank, 0, 0, () => item.key[exchanged], say(says, {number: other})];
    found.set(JSON.stringify([slip[0], slip[1], 0, false]), {slip, way: 0, mine: false});
  }
  item.routes[cell].forEach((route, way) => {
    const mixed = route.r.some(c => changed.has(c));
    for (const slip of route.s) {
      for (const mine of mixed || slip[3] < 0 ? [false, true] : [false]) {
        const value = worked(slip[5], mine ? own : item.key);
        if (value === null || Math.abs(value - key) <= SLACK * Math.max(1, Math.abs(value))) continue;
        const name = JSON.stringify([slip[0], slip[1], way, mine]);
        if (!found.has(name) && readings.some(r => shows(r, value, item.decimals, 2))) found.set(name, {slip, way, mine});
      }
    }
  });
  for (const slip of fromBeside(item, cell, own, readings, !found.size)) {
    found.set(JSON.stringify([slip[0], slip[1], 0, false]), {slip, way: 0, mine: false});
  }
  return found;
}

// Slips in writing down the right number, or what follows from the learner's own.
function slipsOfThePen(item, cell, route, own, readings) {
  const value = own ? worked(route.f, own) : item.key[cell];
  if (value === null) return [];
  const right = numberText(own ? rounded(value, item.decimals) : value);
  return Object.entries(SHEET.pen).filter(([code]) => readings.some(r => PEN[code](written(r), right)))
    .map(([code, [rank, rare, says]]) => [code, '["digits"]', rank, rare, 1, () => value, say(says, {value: right})]);
}

// Whoever writes 2.0 has not rounded to a whole number.
function written(r) {
  const text = numberText(r.value);
  return r.decimals && !text.includes(".") ? text + "." : text;
}

// The number of the blank before or after, copied: likely where nothing else gives it.
function fromBeside(item, cell, own, readings, likely) {
  const [code, rank, says] = SHEET.copied, number = item.number[cell];
  return item.order.filter(c => Math.abs(item.number[c] - number) === 1 && readings.some(r => r.value === own[c]))
    .map(c => [code, JSON.stringify(["blank", String(item.number[c] - number)]), rank, Number(!likely), 1, () => own[c], say(says, {number: item.number[c]})]);
}

// Each as the cause of this code tests it.
const PEN = {GW281: areExchanged, GW282: isRoundedToWhole, GW285: isLostOrDoubled};

function areExchanged(typed, right) {
  if (typed.length !== right.length || typed.indexOf(".") !== right.indexOf(".")) return false;
  const [one, other] = [typed, right].map(text => text.replace(".", ""));
  const apart = [...one].map((c, k) => c === other[k] ? -1 : k).filter(k => k >= 0);
  if (apart.length !== 2 || apart[1] - apart[0] !== 1) return false;
  const k = apart[0];
  return /^\d\d$/.test(one.slice(k, k + 2)) && one[k] === other[k + 1] && one[k + 1] === other[k];
}

function isRoundedToWhole(typed, right) {
  if (typed.includes(".") || !right.includes(".") || typed === "0") return false;
  const off = Math.abs(Number(typed) - Number(right));
  return 0.05 < off && off < 0.5;
}

function isLostOrDoubled(typed, right) {
  const without = (text, k) => text.slice(0, k) + text.slice(k + 1);
  const places = text => [...text].map((c, k) => k), isDigit = c => c >= "0" && c <= "9";
  const short = places(right).filter(k => isDigit(right[k])).map(k => without(right, k).replace(/\.+$/, ""));
  const digits = right.replace("-", "").replace(".", "").length;
  if (digits > 2 && short.includes(typed)) return true;
  return digits > 1 && places(typed).some(k => k > 0 && without(typed, k) === right && typed[k] === typed[k - 1]);
}

function mistakes(marking, throughout) {
  const found = {};
  let left = [...marking.hits.keys()];
  while (left.length) {
    const best = bestOf(marking, left, throughout);
    if (!best) break;
    for (const cell of best.cells) {
      const slip = best.byChance ? null : marking.hits.get(cell).get(best.name).slip;
      const [code, says] = slip ? [slip[0], slip[6]] : [SHEET.reckoned[0], say(SHEET.reckoned[1])];
      found[cell] = {status: "mistake", credit: 0, says, code, others: best.others};
    }
    left = left.filter(c => !best.cells.includes(c));
  }
  for (const cell of left) found[cell] = {status: "wrong", credit: 0};
  return found;
}

function bestOf(marking, left, throughout) {
  const {item, hits} = marking, cellsOf = new Map();
  for (const cell of left) {
    for (const name of hits.get(cell).keys()) {
      const key = JSON.stringify([item.owner[cell], name]);
      if (!cellsOf.has(key)) cellsOf.set(key, {name, cells: []});
      cellsOf.get(key).cells.push(cell);
    }
  }
  const ranked = [...cellsOf.values()].map(({name, cells}) => {
    const hit = hits.get(cells[0]).get(name);
    return {name, cells, code: hit.slip[0], weight: weightOf(marking, cells, hit, throughout)};
  });
  ranked.sort((a, b) => b.weight - a.weight);
  const best = ranked[0], {NEAR, LEAST, BESIDE} = SHEET.weights;
  if (!best) {
    const cell = left.find(c => isSlipOfArithmetic(marking, c));
    return cell === undefined ? null : {byChance: true, cells: [cell], others: []};
  }
  const byChance = best.weight < LEAST && isSlipOfArithmetic(marking, best.cells[0]);
  if (best.weight + BESIDE * Number(byChance) < LEAST) return null;
  const same = new Set(best.cells);
  const others = ranked.slice(1).filter(o => best.weight - o.weight < NEAR
    && o.cells.length === same.size && o.cells.every(c => same.has(c))).map(o => o.code);
  const several = [...new Set(others)].filter(c => c !== best.code);
  if (byChance) return {...best, byChance, cells: best.cells.slice(0, 1), others: [best.code, ...several].slice(0, MOST)};
  return {...best, others: several.slice(0, MOST)};
}

// How much speaks for a slip, and what against it.
function weightOf(marking, cells, {slip, way, mine}, throughout) {
  const {ALSO, AGAINST, RANK, RARE, TURNED, OWN, BESIDE} = SHEET.weights, [code, key, rank, rare, once] = slip;
  let weight = cells.reduce((sum, cell) => sum + says(marking, cell), 0);
  if (cells.length === 1 && throughout(code, key) < 2) weight -= BESIDE * Number(isSlipOfArithmetic(marking, cells[0]));
  weight += ALSO * Math.min(throughout(code, key) - cells.length, 3) + Math.min(throughout(code, null) - cells.length, 3) / 2;
  if (!once) weight -= AGAINST * Math.min(countAgainst(marking, cells[0], slip, way, mine), 3);
  const mixed = marking.item.routes[cells[0]][way].r.some(c => c !== cells[0] && marking.own[c] !== marking.item.key[c]);
  const isLikely = rare < 0 && !countAgainst(marking, cells[0], slip, way, mine, true);
  weight -= rank / RANK + RARE * (rare < 0 ? -Number(isLikely) : rare) + TURNED * Number(way > 0);
  return weight - OWN * Number(mine !== mixed && rare >= 0);
}

function says(marking, cell) {
  const key = marking.item.key[cell], typed = nearest(marking.readings[cell], key), {SAYS_BY_DIGITS} = SHEET.weights;
  const digits = numberText(Math.abs(typed)).replace(".", "").replace(/^0+|0+$/g, "");
  return SAYS_BY_DIGITS[Math.min(digits.length, 3)];
}

function isSlipOfArithmetic({item, readings}, cell) {
  return isBeside(nearest(readings[cell], item.key[cell]), item.key[cell]) && !item.bare.includes(cell);
}

function isBeside(typed, right) {
  if (right === 0 || typed === -right) return false;
  const places = Math.max(...[typed, right].map(v => (numberText(Math.abs(v)).split(".")[1] || "").length));
  const apart = Math.abs(typed - right) * 10 ** places;
  if (apart >= 2.5 && Math.abs(typed - right) > Math.abs(right) / 2) return false;
  return [1, 2].some(steps => [0, 1, 2].some(k => Math.abs(apart - steps * 10 ** k) < 1e-6));
}

function countAgainst({item, done, own}, like, slip, way, mine, everywhere = false) {
  let count = 0;
  for (const [cell, mark] of Object.entries(done)) {
    if (!["right", "carried"].includes(mark.status) || (!everywhere && item.owner[cell] !== item.owner[like])) continue;
    const route = item.routes[cell][way];
    const same = route && route.s.find(s => s[0] === slip[0] && s[1] === slip[1]);
    if (!same) continue;
    const value = worked(same[5], mine ? own : item.key);
    if (value !== null && Math.abs(value - item.key[cell]) > SLACK * Math.max(1, Math.abs(value))) count += 1;
  }
  return count;
}
