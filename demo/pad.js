const canvas = element.querySelector("canvas");
const result = element.querySelector(".result");
const empty = result.innerHTML;
const context = canvas.getContext("2d");
const PEN = 18; // px of the canvas

let last = null; // where the pen was, while it is down
let blank = true;
let waiting = false; // a request is in flight
let changed = false; // the drawing is newer than that request

function clear() {
  context.fillStyle = "white";
  context.fillRect(0, 0, canvas.width, canvas.height);
  blank = true;
  changed = false;
  result.innerHTML = empty;
}

function place(event) {
  const box = canvas.getBoundingClientRect();
  const scale = canvas.width / box.width;
  return [(event.clientX - box.left) * scale, (event.clientY - box.top) * scale];
}

function draw(event) {
  const moves = event.getCoalescedEvents?.() ?? [];
  for (const move of moves.length ? moves : [event]) {
    const next = place(move);
    context.beginPath();
    context.moveTo(...last);
    context.lineTo(...next);
    context.stroke();
    last = next;
  }
  blank = false;
  read();
}

// One request at a time; when its answer comes, the newest drawing is sent if there is a newer one.
async function read() {
  changed = true;
  if (waiting) return;
  waiting = true;
  while (changed) {
    changed = false;
    try {
      const answer = await server.read(canvas.toDataURL("image/png"));
      if (!blank) result.innerHTML = answer;
    } catch {
      result.innerHTML = '<p class="hint" role="alert">The server does not answer. Draw on to try again.</p>';
    }
  }
  waiting = false;
}

context.lineCap = context.lineJoin = "round";
context.lineWidth = PEN;
context.strokeStyle = "black";
clear();

canvas.addEventListener("pointerdown", (event) => {
  if (event.button !== 0) return;
  canvas.setPointerCapture(event.pointerId);
  last = place(event);
  draw(event);
});
canvas.addEventListener("pointermove", (event) => last && draw(event));
for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => (last = null));
element.querySelector(".clear").addEventListener("click", clear);
document.addEventListener("keydown", (event) => event.key === "Escape" && clear());
