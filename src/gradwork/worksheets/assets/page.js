// What the page does: it keeps what is typed, marks it where the page has the key, and writes it to a file.
"use strict";

const fields = [...document.querySelectorAll("[data-blank]:is(input,select)")];
const learner = document.getElementById("learner"), score = document.getElementById("score"), told = document.getElementById("told");
const PLACE = `gradwork ${ABOUT.chapter} ${ABOUT.level} ${ABOUT.checksum}`;
const hinted = {};
let current = null;

function answers() {
  return Object.fromEntries(fields.map(f => [f.dataset.blank, f.value]));
}

function tell(text, values) {
  return (ABOUT.words[text] || text).replace(/\{(\w+)\}/g, (whole, name) => values && name in values ? values[name] : whole);
}

function nameOf(field) {
  return tell("blank {number}", {number: field.dataset.blank});
}

// --- keeping

function keep() {
  try {
    localStorage.setItem(PLACE, JSON.stringify({learner: learner.value, answers: answers()}));
  } catch (error) {
    told.textContent = score.textContent = tell("this browser keeps nothing: save your answers to a file");
  }
}

function recall() {
  let kept = null;
  try {
    kept = JSON.parse(localStorage.getItem(PLACE) || "null");
  } catch (error) {
    return;
  }
  if (!kept || !kept.answers) return;
  learner.value = kept.learner || "";
  for (const field of fields) field.value = kept.answers[field.dataset.blank] || "";
}

function save() {
  const {chapter, seed, level, checksum} = ABOUT;
  const record = {learner: learner.value.trim(), chapter, seed, level, checksum, answers: answers()};
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(record, null, 1)], {type: "application/json"}));
  const name = `${chapter}-${seed}-${record.learner}`.replace(/[^\p{L}\p{N}]+/gu, "-").replace(/-$/, "");
  link.download = `${name}.answers.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  told.textContent = score.textContent = tell("saved as {name}", {name: link.download});
}

// --- what was typed, where it is put in again

function mirror(field) {
  for (const again of document.querySelectorAll(`.again[data-blank="${field.dataset.blank}"]`)) {
    again.textContent = field.value.trim() || `(${field.dataset.blank})`;
  }
}

// --- what is said about a blank

function listBelow(field) {
  const row = field.closest(".row, tr, p") || field.parentElement;
  const above = row.tagName === "TR" ? row.closest(".scroll") : row;
  const next = above.nextElementSibling;
  if (next && next.classList.contains("feedback")) return next;
  const list = document.createElement("ul");
  list.className = "feedback";
  above.after(list);
  return list;
}

function lineOf(field) {
  const number = field.dataset.blank, known = document.getElementById(`n${number}`);
  if (known) return known;
  const line = document.createElement("li"), list = listBelow(field);
  line.id = `n${number}`;
  line.dataset.number = number;
  list.insertBefore(line, [...list.children].find(other => Number(other.dataset.number) > Number(number)) || null);
  return line;
}

function span(kind, text) {
  const made = document.createElement("span");
  made.className = kind;
  made.textContent = text;
  return made;
}

const GOOD = new Set(["right", "carried"]);

function sentence(mark) {
  return [mark.status === "empty" ? "" : say(mark.status), mark.says].filter(Boolean).join(": ");
}

function show(field, mark) {
  const number = field.dataset.blank, hints = SHEET.hints[number], given = hints.slice(0, hinted[number] || 0);
  field.dataset.status = field.parentElement.dataset.status = mark.status;
  if (GOOD.has(mark.status) || mark.status === "empty") field.removeAttribute("aria-invalid");
  else field.setAttribute("aria-invalid", "true");
  if (mark.status === "right" || (mark.status === "empty" && !given.length)) {
    const line = document.getElementById(`n${number}`);
    if (line) line.remove();
    if (mark.status === "right") field.setAttribute("aria-describedby", "is-right");
    else field.removeAttribute("aria-describedby");
    return;
  }
  const line = lineOf(field), strong = document.createElement("strong");
  field.setAttribute("aria-describedby", line.id);
  strong.textContent = `${number} `;
  line.replaceChildren(strong, sentence(mark), " ");
  if (mark.code) {
    const names = [mark.code, ...mark.others].map(code => `${code} ${SHEET.causes[code]}`).join(" / ");
    line.append(span("cause", `[${names}] `));
  }
  if (GOOD.has(mark.status)) return;
  line.append(...given.map(hint => span("hint", hint)));
  if (given.length < hints.length) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = tell("Hint");
    button.setAttribute("aria-label", `${tell("Hint")}: ${nameOf(field)}`);
    button.addEventListener("click", () => hintAndStay(field));
    line.append(button);
  }
}

function hint(field) {
  const number = field.dataset.blank, hints = SHEET.hints[number];
  const mark = markSheet(answers())[number];
  if (GOOD.has(mark.status)) {
    told.textContent = `${nameOf(field)}: ${sentence(mark)}`;
    return;
  }
  hinted[number] = Math.min((hinted[number] || 0) + 1, hints.length);
  show(field, mark);
  told.textContent = hints[hinted[number] - 1];
}

function hintAndStay(field) {
  hint(field);
  (document.querySelector(`#n${field.dataset.blank} button`) || field).focus();
}

// --- marking

function markAll(only) {
  const marks = markSheet(answers());
  let credit = 0;
  for (const field of fields) {
    const mark = marks[field.dataset.blank];
    credit += mark.credit;
    // What was marked before may follow from a blank that has changed since.
    if (!only || field === only || field.dataset.status) show(field, mark);
  }
  score.textContent = tell("{score} of {total}", {score: String(Math.round(credit * 100) / 100), total: fields.length});
  const mark = only && marks[only.dataset.blank];
  told.textContent = mark && mark.status !== "empty" ? `${nameOf(only)}: ${sentence(mark)}. ${score.textContent}` : score.textContent;
  return marks;
}

function count() {
  const done = fields.filter(f => f.value.trim()).length;
  score.textContent = tell("{count} of {total} filled in", {count: done, total: fields.length});
}

// --- putting it together

function left(field) {
  if (ABOUT.key && field.value.trim() === "?") {
    field.value = "";
    keep();
    hint(field);
    return;
  }
  keep();
  if (ABOUT.key) markAll(field);
  else count();
}

function onward(event, next) {
  if (event.key !== "Enter") return;
  event.preventDefault();
  if (ABOUT.key && event.target.value === "?") left(event.target);
  else (next || document.querySelector(".bar button")).focus();
}

recall();
fields.forEach((field, k) => {
  mirror(field);
  field.addEventListener("focus", () => {
    current = field;
    field.scrollIntoView({block: "nearest", inline: "nearest"});
  });
  field.addEventListener("input", () => {
    mirror(field);
    keep();
  });
  field.addEventListener("change", () => left(field));
  field.addEventListener("keydown", event => onward(event, fields[k + 1]));
});
learner.addEventListener("input", keep);
learner.addEventListener("keydown", event => onward(event, fields[0]));
if (ABOUT.key) {
  document.getElementById("mark").addEventListener("click", () => markAll());
  document.getElementById("hint").addEventListener("click", () => hintAndStay(current || fields.find(f => !f.value) || fields[0]));
}
document.getElementById("save").addEventListener("click", save);
document.getElementById("clear").addEventListener("click", () => {
  if (!confirm(tell("clear everything that was typed?"))) return;
  for (const field of fields) {
    field.value = "";
    delete hinted[field.dataset.blank];
    delete field.dataset.status;
    delete field.parentElement.dataset.status;
    field.removeAttribute("aria-invalid");
    field.removeAttribute("aria-describedby");
    mirror(field);
  }
  document.querySelectorAll(".feedback").forEach(list => list.remove());
  keep();
  score.textContent = "";
  if (!ABOUT.key) count();
  fields[0].focus();
});

// A box that need not be scrolled is no place to stop at with the Tab key.
function stops() {
  for (const box of document.querySelectorAll(".scroll")) {
    if (box.scrollWidth > box.clientWidth && !box.querySelector("input,select")) box.tabIndex = 0;
    else box.removeAttribute("tabindex");
  }
}
stops();
addEventListener("resize", stops);
if (!ABOUT.key) count();
else if (fields.some(f => f.value)) markAll();
