// The drawing surface. A drawing is a list of steps, so that each can be undone; what is read are its strokes.

const WIDTH = props.units; // the surface's width, whatever it has on the screen
const HEIGHTS = props.heights; // the lowest and the highest, in units
const APART = 4; // units between two points of a stroke, at least
const EMPTY = "The reading appears here while you draw";

const canvas = find("canvas"), context = canvas.getContext("2d"), surface = find(".surface");
const view = answerView("No digit found");
let steps = []; // {strokes, photo, isFresh}: a stroke more, or a fresh start with none (cleared) or several (an example)
let undone = [];
let stroke = null; // the one that is being drawn: {pen, erase, points: [x, y, x, y, …]}
let pen = 20;
let height = HEIGHTS[0];
let box = null; // where the surface is on the screen, kept because asking for it costs a layout
let colour = ""; // of the ink

const read = newest(
  () => server.read(drawing()),
  (answer) => (isBlank() ? null : answer.error ? view.clear(answer.error) : view.show(answer)),
  (lasts) => (find(".trouble").textContent = lasts ? "The server does not answer. Draw on: it is tried again." : ""),
);

function scene() {
  const first = steps.findLastIndex((step) => step.isFresh);
  const present = first < 0 ? steps : steps.slice(first);
  return { photo: present[0]?.photo ?? null, strokes: present.flatMap((step) => step.strokes) };
}

function isBlank() {
  const { photo, strokes } = scene();
  return !photo && !strokes.some((one) => !one.erase);
}

function drawing() {
  const { photo, strokes } = scene();
  return { height, photo: photo?.name ?? null, strokes };
}

function take(step) {
  steps.push(step);
  undone = [];
  refresh();
}

function clear() {
  if (!stroke && !isBlank()) take({ strokes: [], photo: null, isFresh: true });
}

function move(from, to) {
  if (stroke || !from.length) return;
  to.push(from.pop());
  refresh();
}

// After anything but a stroke's next points: the screen and the reading as the steps want them.
function refresh() {
  const blank = isBlank(), { photo, strokes } = scene(), image = find(".photo");
  find(".undo").disabled = !steps.length;
  find(".redo").disabled = !undone.length;
  find(".clear").disabled = blank;
  find(".hint").hidden = !blank;
  image.hidden = !photo;
  if (photo && image.src !== photo.url) image.src = photo.url;
  context.clearRect(0, 0, WIDTH, height);
  for (const one of strokes) ink(one, 0);
  if (blank) view.clear(EMPTY);
  else read();
}

// Draws a stroke's points from index `first` on, smoothly: curves from middle to middle, the points in between as
// their controls, and straight on to the last one.
function ink({ pen, erase, points }, first) {
  const photo = scene().photo, at = (i) => [points[2 * i], points[2 * i + 1]];
  const middle = (i) => at(i).map((side, axis) => (side + at(i + 1)[axis]) / 2);
  context.globalCompositeOperation = erase ? "destination-out" : "source-over";
  context.strokeStyle = photo ? `rgb(${photo.grey} ${photo.grey} ${photo.grey})` : colour;
  context.lineWidth = pen;
  context.beginPath();
  context.moveTo(...(first > 1 ? middle(first - 2) : at(0)));
  for (let i = Math.max(1, first - 1); i < points.length / 2 - 1; i++) context.quadraticCurveTo(...at(i), ...middle(i));
  context.lineTo(...at(points.length / 2 - 1));
  context.stroke();
}

function place(event) {
  return [event.clientX - box.left, event.clientY - box.top].map((side) => Math.round((side * WIDTH) / box.width));
}

function follow(event) {
  const { points } = stroke, first = points.length / 2, moves = event.getCoalescedEvents?.() ?? [];
  const apart = event.type === "pointerup" ? 1 : APART; // the last point is kept wherever it is
  for (const move of moves.length ? moves : [event]) {
    const [x, y] = place(move);
    if (Math.hypot(x - points.at(-2), y - points.at(-1)) >= apart) points.push(x, y);
  }
  if (points.length / 2 === first) return;
  ink(stroke, first);
  if (!isBlank()) read();
}

function end(event) {
  if (!stroke || !event.isPrimary) return;
  if (event.type === "pointerup") follow(event);
  stroke = null;
  refresh();
}

function fit() {
  const { width, height: high } = canvas.getBoundingClientRect();
  if (!width) return; // on a tab that is not open
  const sharp = window.devicePixelRatio || 1, before = height;
  height = Math.max(HEIGHTS[0], Math.min(HEIGHTS[1], Math.round((high / width) * WIDTH)));
  canvas.width = Math.round(width * sharp);
  canvas.height = Math.round(high * sharp);
  context.setTransform(canvas.width / WIDTH, 0, 0, canvas.width / WIDTH, 0, 0);
  context.lineCap = context.lineJoin = "round";
  colour = getComputedStyle(canvas).color;
  for (const one of scene().strokes) ink(one, 0);
  if (height !== before) refresh();
}

function setPen(button) {
  if (button.dataset.pen) pen = Number(button.dataset.pen);
  for (const other of element.querySelectorAll(".pen, .eraser")) other.setAttribute("aria-pressed", other === button);
}

const isErasing = () => find(".eraser").getAttribute("aria-pressed") === "true";

canvas.addEventListener("pointerdown", (event) => {
  if (stroke || !event.isPrimary || (event.button !== 0 && event.button !== 5)) return;
  event.preventDefault();
  canvas.setPointerCapture(event.pointerId);
  box = canvas.getBoundingClientRect();
  const erase = isErasing() || event.button === 5; // 5: the other end of a pen
  stroke = { pen: erase ? 2 * pen : pen, erase, points: place(event) };
  take({ strokes: [stroke], photo: null, isFresh: false });
});
// Where there is one, the event that doesn't wait for the next frame.
canvas.addEventListener("onpointerrawupdate" in window ? "pointerrawupdate" : "pointermove", (event) => {
  if (stroke && event.isPrimary) follow(event);
});
canvas.addEventListener("pointermove", (event) => {
  if (stroke) return;
  box = canvas.getBoundingClientRect();
  view.pointAt((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
});
for (const type of ["pointerup", "pointercancel"]) canvas.addEventListener(type, end);

for (const button of element.querySelectorAll(".pen, .eraser")) button.addEventListener("click", () => setPen(button));
find(".undo").addEventListener("click", () => move(steps, undone));
find(".redo").addEventListener("click", () => move(undone, steps));
find(".clear").addEventListener("click", clear);

document.addEventListener("keydown", (event) => {
  if (!isShown() || event.target.closest?.("input, textarea, select, [contenteditable]")) return;
  const key = event.key.toLowerCase();
  if (event.ctrlKey || event.metaKey) {
    if (key === "z" && event.shiftKey) move(undone, steps);
    else if (key === "z") move(steps, undone);
    else if (key === "y") move(undone, steps);
    else return;
  } else if (key === "escape") clear();
  else return;
  event.preventDefault();
});

// An example's strokes are made for the lowest surface; they and photos stand in the middle of a higher one.
for (const example of props.examples) {
  const button = make("button", "example", find(".examples")), thumbnail = make("canvas", "", button);
  button.type = "button";
  button.title = button.ariaLabel = example.name;
  Object.assign(thumbnail, { width: 192, height: 96 });
  const scale = thumbnail.width / WIDTH, sketch = thumbnail.getContext("2d");
  Object.assign(sketch, { lineCap: "round", lineJoin: "round", lineWidth: 5, strokeStyle: "#7d828c" });
  if (example.photo) {
    const image = new Image();
    image.onload = () => sketch.drawImage(image, 0, -24, 192, 144);
    image.src = example.url;
  }
  for (const points of example.strokes) {
    sketch.beginPath();
    for (let i = 0; i < points.length; i += 2) sketch.lineTo(points[i] * scale, points[i + 1] * scale);
    sketch.stroke();
  }
  button.addEventListener("click", () => {
    const down = Math.round((height - HEIGHTS[0]) / 2);
    const strokes = example.strokes.map((points) => ({
      pen: example.pen, erase: false, points: points.map((side, i) => (i % 2 ? side + down : side)),
    }));
    const photo = example.photo && { name: example.photo, url: example.url, grey: example.grey };
    take({ strokes, photo, isFresh: true });
  });
}

new ResizeObserver(fit).observe(surface);
new MutationObserver(fit).observe(document.body, { attributeFilter: ["class"] }); // light or dark
fit();
refresh();
