// A picture that is chosen, dropped, pasted or taken with the camera goes to the server, which draws the boxes into it.

const SLOWEST = 120_000; // ms, for a large file on a slow line
const NOTHING = "Show a picture of a digit or a number";

const surface = find(".surface"), frame = find(".frame"), image = find(".frame img"), video = find("video"), input = find("input");
const view = answerView("No digit found");

const read = newest(
  (file) => server.read({ binary: true, data: { file } }),
  (answer) => {
    surface.ariaBusy = false;
    if (answer.error) return refuse(answer.error);
    image.src = answer.picture;
    show(frame);
    view.show(answer);
  },
  (lasts) => (find(".trouble").textContent = lasts ? "The server does not answer; it is tried again." : ""),
  SLOWEST,
);

function show(part) {
  for (const other of [frame, video, find(".hint")]) other.hidden = other !== part;
}

function refuse(sentence) {
  show(find(".hint"));
  find(".hint").textContent = sentence;
  view.clear("Nothing was read");
}

function take(file) {
  stop();
  if (!file) return;
  if (file.size > props.most_bytes) return refuse(props.too_large);
  surface.ariaBusy = true;
  show(find(".hint"));
  find(".hint").textContent = "Reading …";
  view.clear("Reading …");
  read(file);
}

async function watch() {
  if (!navigator.mediaDevices) return refuse("The camera can only be used over https or on this machine.");
  try {
    video.srcObject = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  } catch (reason) {
    return refuse(`The camera can't be used: ${reason.message}.`);
  }
  await video.play();
  show(video);
  view.clear("Hold the number still, then take the picture");
  find(".camera").textContent = "Take the picture";
}

function shoot() {
  const still = document.createElement("canvas");
  Object.assign(still, { width: video.videoWidth, height: video.videoHeight });
  still.getContext("2d").drawImage(video, 0, 0);
  still.toBlob((blob) => take(new File([blob], "camera.jpg", { type: "image/jpeg" })), "image/jpeg", 0.92);
}

function stop() {
  for (const track of video.srcObject?.getTracks() ?? []) track.stop();
  video.srcObject = null;
  find(".camera").textContent = "Use the camera";
}

find(".choose").addEventListener("click", () => input.click());
find(".camera").addEventListener("click", () => (video.srcObject ? shoot() : watch()));
input.addEventListener("change", () => {
  take(input.files[0]);
  input.value = ""; // the same file can be chosen again
});

for (const type of ["dragenter", "dragover", "dragleave", "drop"])
  surface.addEventListener(type, (event) => {
    event.preventDefault();
    surface.toggleAttribute("data-over", type === "dragenter" || type === "dragover");
    if (type === "drop") take(event.dataTransfer.files[0]);
  });
document.addEventListener("paste", (event) => {
  const file = isShown() && [...event.clipboardData.files][0];
  if (file) take(file);
});
surface.addEventListener("pointermove", (event) => {
  const box = image.getBoundingClientRect();
  view.pointAt((event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
});

view.clear(NOTHING);
