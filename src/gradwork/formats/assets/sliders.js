// Slides through the steps of runs that were worked out beforehand. Nothing is calculated here: texts and places are
// put in as they were written by the program that made the page.
for (const box of document.querySelectorAll(".gradwork .sliders")) {
  const find = (name) => box.querySelector("[data-part=" + name + "]");
  const data = JSON.parse(find("data").textContent);
  const [step, run, play] = ["step", "run", "play"].map(find);
  const svg = (kind, className, parent) => {
    const made = document.createElementNS(parent.namespaceURI, kind);
    made.setAttribute("class", className);
    parent.append(made);
    return made;
  };
  for (const still of box.querySelectorAll("[data-part=drawing] > *")) still.remove();
  const pictures = [...box.querySelectorAll("[data-part=drawing]")].map((layer) => ({
    ahead: svg("path", "ahead color-2", layer),
    done: svg("path", "path color-2", layer),
    marks: svg("path", "marks color-2", layer),
    here: svg("circle", "walker color-2", layer),
  }));
  // Where a step lies far outside of the picture, its place is null.
  const line = (places) =>
    places.map((p, i) => (p ? (i && places[i - 1] ? "L" : "M") + p[0] + " " + p[1] : "")).join("");
  const rings = (places) => places.map((p) => (p ? "M" + p[0] + " " + p[1] + "h0" : "")).join("");
  let timer = null;

  function draw(picture, places, at) {
    if (!picture) return;
    picture.ahead.setAttribute("d", line(places));
    picture.done.setAttribute("d", line(places.slice(0, at + 1)));
    picture.marks.setAttribute("d", rings(places.slice(0, at + 1)));
    const here = places[at] || [0, 0];
    picture.here.setAttribute("cx", here[0]);
    picture.here.setAttribute("cy", here[1]);
    picture.here.setAttribute("r", places[at] ? 6 : 0);
  }

  function filled(pieces, values) {
    if (pieces.length > 1 && pieces.some((p) => values[p] === "–")) return "–";
    return pieces.map((piece, i) => {
      if (typeof piece === "string") return piece.replaceAll(" - ", " − ");
      const text = values[piece], next = pieces[i + 1];
      const raised = typeof next === "string" && /^[²³^]/.test(next);
      return text.startsWith("−") && (raised || (i > 0 && pieces[i - 1] !== " = ")) ? "(" + text + ")" : text;
    }).join("");
  }

  function show() {
    const chosen = data.runs[run ? +run.value : 0];
    const last = chosen.steps.length - 1;
    step.max = last;
    const at = Math.min(+step.value, last);
    const name = "step " + chosen.steps[at] + " of " + chosen.steps[last];
    find("step-name").textContent = chosen.steps[at] + " of " + chosen.steps[last];
    if (run) find("run-name").textContent = chosen.name;
    const [left, top, right, bottom] = data.window, place = chosen.places[at];
    const seen = place && place[0] >= left && place[0] <= right && place[1] >= top && place[1] <= bottom;
    find("said").textContent = chosen.said + (seen ? "" : "; this step lies outside of the picture");
    draw(pictures[0], chosen.places, at);
    draw(pictures[1], chosen.heights, at);
    const values = chosen.values[at];
    box.querySelectorAll("[data-line]").forEach((cell) => {
      cell.textContent = filled(data.lines[+cell.dataset.line], values);
    });
    step.setAttribute("aria-valuetext", name + ", loss " + values[0]);
    if (run) run.setAttribute("aria-valuetext", chosen.said);
    if (timer === null) find("live").textContent = name + ", loss " + values[0];
  }

  function stop() {
    clearInterval(timer);
    timer = null;
    play.textContent = "Play";
    show();
  }

  step.addEventListener("input", () => (timer === null ? show() : stop()));
  if (run) {
    run.addEventListener("input", () => {
      const share = +step.value / Math.max(1, +step.max);
      step.max = data.runs[+run.value].steps.length - 1;
      step.value = Math.round(share * step.max);
      show();
    });
  }
  play.addEventListener("click", () => {
    if (timer !== null) return stop();
    if (+step.value >= +step.max) step.value = 0;
    play.textContent = "Stop";
    timer = setInterval(() => {
      step.value = +step.value + 1;
      if (+step.value >= +step.max) stop(); else show();
    }, Math.max(50, Math.min(600, 8000 / Math.max(1, +step.max))));
    show();
  });
  if (run) run.value = data.chosen;
  step.max = data.runs[data.chosen].steps.length - 1;
  step.value = 0;
  for (const part of box.querySelectorAll("[hidden]")) part.hidden = false;
  show();
}
