// What both the drawing surface and the picture tab show of an answer of the server, in `.answer` and in `.boxes`.

const SURE = 0.8; // what is less sure is said to be so
const SAY_AFTER = 600; // ms without a change until a screen reader hears of the reading
const WIDEST = 800; // px of the screen, while it is not known
const FOR = [122, 162, 255], AGAINST = [255, 158, 74]; // colours of the ink, RGB

const find = (name) => element.querySelector(name);
const percent = (share, places) => `${(100 * share).toFixed(places)} %`;
const sureness = (share) => (share > 0.999 ? "Over 99.9 %" : percent(share, 1));
const isShown = () => element.isConnected && element.getClientRects().length > 0;

function make(tag, className, parent) {
  const made = parent.appendChild(document.createElementNS(parent.namespaceURI, tag));
  if (className) made.setAttribute("class", className);
  return made;
}

// -> {show, clear, pointAt}; `nothing` is said of a picture without digits.
function answerView(nothing) {
  const root = find(".answer"), boxes = find(".boxes"), seen = find(".seen").getContext("2d");
  const rows = Array.from({ length: 10 }, (_, label) => {
    const row = make("li", "", find(".bars"));
    make("b", "", row).textContent = label;
    const bar = make("span", "", make("span", "bar", row));
    return { row, bar, number: make("span", "number", row) };
  });
  let wide = WIDEST; // px of the screen
  new ResizeObserver(([{ contentRect }]) => (wide = contentRect.width || WIDEST)).observe(boxes);
  let answer = null, picked = null, explained = null, saying = 0;

  const explain = newest((digit) => server.why(digit), (reply, digit) => {
    explained = { image: digit.image, heat: reply.heat };
    paint();
  }, () => {});

  const shown = () => answer.digits[picked ?? leastSure()];
  const leastSure = () =>
    answer.digits.reduce((least, digit, i, all) => (digit.doubt > all[least].doubt ? i : least), 0);

  function show(next) {
    answer = next;
    if (picked !== null && picked >= answer.digits.length) picked = null;
    root.dataset.reading = answer.text;
    find(".found").hidden = !answer.digits.length;
    find(".nothing").hidden = answer.digits.length > 0;
    find(".nothing").textContent = nothing;
    const text = answer.digits.map((digit) => (digit.read ? digit.label : "?")).join("");
    find(".reading").textContent = text;
    find(".reading").style.setProperty("--long", Math.max(2, text.length));
    find(".copy").hidden = !answer.text;
    find(".sure").textContent = certainty(answer);
    find(".time").textContent = `Read in ${answer.milliseconds.toFixed(1)} ms`;
    showBoxes();
    showDigits();
    if (answer.digits.length) detail();
    clearTimeout(saying);
    saying = setTimeout(() => (find(".said").textContent = spoken(text)), SAY_AFTER);
  }

  function spoken(text) {
    if (!answer?.digits.length) return nothing;
    return answer.text ? `Read as ${text.split("").join(" ").replaceAll("?", "unreadable")}` : certainty(answer);
  }

  function showBoxes() {
    boxes.setAttribute("viewBox", `0 0 ${answer.width} ${answer.height}`);
    boxes.replaceChildren();
    const unit = answer.width / wide; // a px of the screen
    const size = Math.max(14, Math.min(22, wide / 36));
    for (const digit of answer.digits) {
      const [left, top, right, bottom] = digit.box, group = make("g", digit.read ? "" : "unread", boxes);
      const box = make("rect", "", group), label = make("text", "", group), gap = 6 * unit;
      for (const [name, value] of Object.entries({
        x: left - gap, y: top - gap, width: right - left + 2 * gap, height: bottom - top + 2 * gap, rx: 3 * unit,
      }))
        box.setAttribute(name, value);
      label.textContent = digit.read ? digit.label : "?";
      label.setAttribute("font-size", size * unit);
      label.setAttribute("x", left - gap);
      label.setAttribute("y", Math.max(top - gap - 5 * unit, size * unit));
    }
  }

  // One button a digit, kept while their number stays the same, so that the one in focus stays in focus.
  function showDigits() {
    const list = find(".digits"), several = answer.digits.length > 1;
    list.hidden = !several;
    while (list.children.length > (several ? answer.digits.length : 0)) list.lastChild.remove();
    if (!several) return;
    answer.digits.forEach((digit, i) => {
      let button = list.children[i];
      if (!button) {
        button = make("button", "", list);
        button.type = "button";
        make("b", "", button);
        make("span", "", button);
        for (const event of ["pointerenter", "focus", "click"]) button.addEventListener(event, () => pick(i));
      }
      button.firstChild.textContent = digit.read ? digit.label : "?";
      button.lastChild.textContent = digit.read ? percent(1 - digit.doubt, 0) : "unread";
    });
  }

  function pick(index) {
    if (!answer || picked === index) return;
    picked = index;
    detail();
  }

  function detail() {
    const digit = shown(), index = answer.digits.indexOf(digit);
    rows.forEach(({ row, bar, number }, label) => {
      const p = digit.probabilities[label];
      row.className = label === digit.label ? "most" : "";
      bar.style.transform = `scaleX(${p})`;
      number.textContent = percent(p, 1);
    });
    for (const list of [find(".digits"), boxes])
      [...list.children].forEach((item, i) => item.toggleAttribute("data-picked", i === index));
    [...find(".digits").children].forEach((item, i) => item.setAttribute("aria-pressed", i === index));
    paint();
    find(".legend b").textContent = digit.label;
    if (isWhy()) explain({ image: digit.image, label: digit.label });
  }

  const isWhy = () => find(".why").getAttribute("aria-pressed") === "true";

  // The picture that the network saw; with its ink in colours when it is asked why.
  function paint() {
    if (!answer?.digits.length) return;
    const { image } = shown(), ink = Uint8Array.from(atob(image), (byte) => byte.charCodeAt(0));
    const heat = isWhy() && explained?.image === image ? explained.heat : null;
    const pixels = seen.createImageData(28, 28);
    ink.forEach((level, i) => {
      const strength = heat ? Math.abs(heat[i]) / 100 : 0, colour = heat?.[i] < 0 ? AGAINST : FOR;
      for (let c = 0; c < 3; c++)
        pixels.data[4 * i + c] = heat ? 0.3 * level * (1 - strength) + colour[c] * Math.sqrt(strength) : level;
      pixels.data[4 * i + 3] = 255;
    });
    seen.putImageData(pixels, 0, 0);
  }

  find(".why").addEventListener("click", () => {
    find(".why").setAttribute("aria-pressed", !isWhy());
    find(".legend").hidden = !isWhy();
    detail();
  });

  find(".copy").addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(answer.text);
    } catch {
      getSelection().selectAllChildren(find(".reading")); // not allowed here: ready for Ctrl+C
      return;
    }
    find(".copy").textContent = "Copied";
    setTimeout(() => (find(".copy").textContent = "Copy"), 1500);
  });

  return {
    show,
    clear(words) {
      show({ digits: [], text: "", width: 1, height: 1, milliseconds: 0 });
      find(".nothing").textContent = words;
      answer = picked = null;
      clearTimeout(saying);
      find(".said").textContent = words;
    },
    // The digit at a place, in shares of the picture's width and height, is the one to tell about.
    pointAt(x, y) {
      if (!answer) return;
      const [left, top] = [x * answer.width, y * answer.height];
      const index = answer.digits.findIndex(
        ({ box }) => left >= box[0] && left < box[2] && top >= box[1] && top < box[3],
      );
      if (index >= 0) pick(index);
    },
  };
}

function certainty(answer) {
  const { digits, text, confidence } = answer, unread = digits.filter((digit) => !digit.read).length;
  if (!digits.length) return "";
  if (!text && digits.length === 1) return `This does not look like a digit; if it is one, then a ${digits[0].label}.`;
  if (!text) return "None of these marks looks like a digit.";
  let words = confidence >= SURE ? `${sureness(confidence)} sure` : `Not sure: ${percent(confidence, 0)}`;
  if (unread) words += `; ${unread} ${unread > 1 ? "marks do" : "mark does"} not look like a digit`;
  return words + (answer.more ? "; there is more than is shown" : "");
}
