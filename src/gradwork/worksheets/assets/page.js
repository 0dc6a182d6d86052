// What the page does: it keeps what is typed, marks it where the page has the key, and writes it to a file.
"use strict";

const fields = [...document.querySelectorAll("[data-blank]:is(input,select)")];
const learner = document.getElementById("learner"), score = document.getElementById("score");
const PLACE = `gradwork ${ABOUT.chapter} ${ABOUT.checksum}`;
const hinted = {};

function answers() {
  return Object.fromEntries(fields.map(f => [f.dataset.blank, f.value]));
}

function tell(text, values) {
  return (ABOUT.words[text] || text).replace(/\{(\w+)\}/g, (whole, name) => values && name in values ? values[name] : whole);
}

// --- keeping

function keep() {
  try {
    localStorage.setItem(PLACE, JSON.stringify({learner: learner.value, answers: answers()}));
  } catch (error) {
    score.textContent = tell("this browser keeps nothing: save your answers to a file");
  }
}

function recall() {
  let kept = null;
  try {
    kept = JSON.parse(localStorage.getItem(PLACE) || "null");
  } catch (error) {
    return;
  }
  if (!kept) return;
  learner.value = kept.learner || "";
  for (const field of fields) field.value = kept.answers[field.dataset.blank] || "";
}

function save() {
  const record = {learner: learner.value, chapter: ABOUT.chapter, seed: ABOUT.seed, level: ABOUT.level, checksum: ABOUT.checksum, answers: answers()};
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify(record, null, 1)], {type: "application/json"}));
  link.download = `${(learner.value || ABOUT.chapter).replace(/[^\p{L}\p{N}]+/gu, "-")}-${ABOUT.seed}.answers.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  score.textContent = tell("saved");
}

// --- what was typed, where it is put in again

function mirror(field) {
  for (const again of document.querySelectorAll(`.again[data-blank="${field.dataset.blank}"]`)) {
    again.textContent = field.value.trim() || `(${field.dataset.blank})`;
  }
}

// --- marking

function noteOf(field) {
  const row = field.closest(".row, tr, p") || field.parentElement;
  let box = row.nextElementSibling;
  if (!box || !box.classList.contains("feedback")) {
    const holder = row.tagName === "TR" ? row.closest(".scroll") : row;
    box = holder.nextElementSibling;
    if (!box || !box.classList.contains("feedback")) {
      box = document.createElement("ul");
      box.className = "feedback";
      box.setAttribute("aria-live", "polite");
      holder.after(box);
    }
  }
  const id = `n${field.dataset.blank}`;
  let line = document.getElementById(id);
  if (!line) {
    line = document.createElement("li");
    line.id = id;
    box.append(line);
    field.setAttribute("aria-describedby", id);
  }
  return line;
}

const GOOD = new Set(["right", "carried"]);

function show(field, mark) {
  field.dataset.status = mark.status;
  field.toggleAttribute("aria-invalid", false);
  if (mark.status === "right" || mark.status === "empty") {
    const line = document.getElementById(`n${field.dataset.blank}`);
    if (line) line.remove();
    field.removeAttribute("aria-describedby");
    return;
  }
  if (!GOOD.has(mark.status)) field.setAttribute("aria-invalid", "true");
  const line = noteOf(field);
  line.replaceChildren();
  line.dataset.status = mark.status;
  const codes = mark.code ? [mark.code, ...mark.others].map(c => `${c} ${SHEET.causes[c]}`).join(" / ") : "";
  const text = [say(mark.status), mark.says].filter(Boolean).join(": ");
  const strong = document.createElement("strong");
  strong.textContent = `${field.dataset.blank} `;
  line.append(strong, text, codes ? ` [${codes}] ` : " ");
  if (GOOD.has(mark.status)) return;
  const told = SHEET.hints[field.dataset.blank].slice(0, hinted[field.dataset.blank] || 0);
  for (const hint of told) {
    const span = document.createElement("span");
    span.className = "hint";
    span.textContent = hint;
    line.append(span);
  }
  if (told.length < SHEET.hints[field.dataset.blank].length) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = say("hint");
    button.setAttribute("aria-label", `${say("hint")}: ${tell("blank {number}", {number: field.dataset.blank})}`);
    button.addEventListener("click", () => {
      hinted[field.dataset.blank] = (hinted[field.dataset.blank] || 0) + 1;
      const marks = markSheet(answers());
      show(field, marks[field.dataset.blank]);
      (document.querySelector(`#n${field.dataset.blank} button`) || field).focus();
    });
    line.append(button);
  }
}

function markAll(only) {
  const marks = markSheet(answers());
  let credit = 0;
  for (const field of fields) {
    const mark = marks[field.dataset.blank];
    credit += mark.credit;
    // What was marked before may follow from a blank that has changed since.
    if (!only || field === only || field.dataset.status) show(field, mark);
  }
  score.textContent = say("{score} of {total}", {score: String(Math.round(credit * 100) / 100), total: fields.length});
  return marks;
}

// --- putting it together

recall();
for (const field of fields) {
  mirror(field);
  field.addEventListener("input", () => {
    mirror(field);
    keep();
  });
  field.addEventListener("change", () => {
    keep();
    if (ABOUT.key) markAll(field);
  });
  field.addEventListener("keydown", event => {
    if (event.key !== "Enter") return;
    event.preventDefault();
    const next = fields[fields.indexOf(field) + 1];
    if (next) next.focus();
    else field.blur();
  });
}
learner.addEventListener("input", keep);
if (ABOUT.key) document.getElementById("mark").addEventListener("click", () => markAll());
document.getElementById("save").addEventListener("click", save);
document.getElementById("clear").addEventListener("click", () => {
  if (!confirm(tell("clear everything that was typed?"))) return;
  for (const field of fields) {
    field.value = "";
    delete field.dataset.status;
    mirror(field);
  }
  document.querySelectorAll(".feedback").forEach(box => box.remove());
  score.textContent = "";
  keep();
});
if (fields.some(f => f.value) && ABOUT.key) markAll();
