// One stretch of time that all charts share, and a pane: a canvas with axes, a crosshair and gestures.
const GUTTER = 74;
const FOOT = 22;

class View {
  constructor(first, last) {
    this.first = first;
    this.last = last;
    this.start = first;
    this.end = last;
    this.cursor = null;
    this.listeners = [];
    this.asked = false;
  }

  onChange(listener) { this.listeners.push(listener); }

  redraw() {
    if (this.asked) return;
    this.asked = true;
    requestAnimationFrame(() => { this.asked = false; for (const listener of this.listeners) listener(); });
  }

  set(start, end) {
    const whole = this.last - this.first;
    const span = Math.min(Math.max(end - start, 20 * MINUTE), whole * 1.04);
    const edge = whole * 0.02;
    const low = Math.max(this.first - edge, Math.min(start, this.last + edge - span));
    this.start = low;
    this.end = low + span;
    this.redraw();
  }

  zoom(factor, around) {
    this.set(around - (around - this.start) * factor, around + (this.end - around) * factor);
  }

  move(span) { this.set(this.start + span, this.end + span); }

  point(cursor) { this.cursor = cursor; this.redraw(); }
}

function colours() {
  const style = getComputedStyle(document.documentElement);
  const found = {};
  for (const name of ["panel", "ink", "soft", "line", "grid", "gain", "loss", "accent", "stop"]) found[name] = style.getPropertyValue("--" + name).trim();
  return found;
}

function niceSteps(low, high, count) {
  const raw = (high - low) / count;
  const power = Math.pow(10, Math.floor(Math.log10(raw)));
  const step = [1, 2, 2.5, 5, 10].map((m) => m * power).find((s) => s >= raw);
  const found = [];
  for (let value = Math.ceil(low / step) * step + 0; value <= high; value += step) found.push(value);
  return found;
}

const HOUR = 60 * MINUTE, DAY = 24 * HOUR;
const TIME_STEPS = [5 * MINUTE, 15 * MINUTE, HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY];
const MONTH_STEPS = [1, 2, 3, 6, 12, 24, 60];

// Instants to mark on the time axis, and how to write them.
function timeMarks(start, end, count) {
  const raw = (end - start) / count;
  const step = TIME_STEPS.find((s) => s >= raw);
  const found = [];
  if (step) {
    for (let at = Math.ceil(start / step) * step; at <= end; at += step) {
      const date = new Date(at);
      const midnight = at % DAY === 0;
      found.push([at, midnight ? date.toLocaleDateString("en-GB", { day: "numeric", month: "short", timeZone: "UTC" }) : date.toISOString().slice(11, 16), midnight]);
    }
    return found;
  }
  const months = MONTH_STEPS.find((m) => m * 30 * DAY >= raw) || 120;
  const first = new Date(start);
  for (let index = Math.ceil((first.getUTCFullYear() * 12 + first.getUTCMonth()) / months) * months; ; index += months) {
    const at = Date.UTC(Math.floor(index / 12), index % 12, 1);
    if (at > end) return found;
    const january = index % 12 === 0;
    if (at >= start) found.push([at, january ? String(Math.floor(index / 12)) : new Date(at).toLocaleDateString("en-GB", { month: "short", timeZone: "UTC" }), january]);
  }
}

class Pane {
  constructor(id, view, withTimes) {
    this.canvas = document.querySelector("#" + id + " canvas");
    this.tip = document.querySelector("#" + id + " .tip");
    this.view = view;
    this.withTimes = withTimes;
    this.context = this.canvas.getContext("2d");
    this.low = 0;
    this.high = 1;
    this.gestures();
    view.onChange(() => this.draw());
    new ResizeObserver(() => view.redraw()).observe(this.canvas);
  }

  x(instant) { return ((instant - this.view.start) / (this.view.end - this.view.start)) * this.width; }
  y(value) { return this.height - ((value - this.low) / (this.high - this.low)) * this.height; }
  instant(x) { return this.view.start + (x / this.width) * (this.view.end - this.view.start); }

  gestures() {
    let held = null;
    const canvas = this.canvas;
    canvas.addEventListener("pointerdown", (event) => { held = event.clientX; canvas.setPointerCapture(event.pointerId); });
    for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => { held = null; });
    canvas.addEventListener("pointermove", (event) => {
      if (held !== null) {
        this.view.move((held - event.clientX) / this.width * (this.view.end - this.view.start));
        held = event.clientX;
      }
      const box = canvas.getBoundingClientRect();
      this.pointer = { x: event.clientX - box.left, y: event.clientY - box.top };
      this.view.point(this.instant(this.pointer.x));
    });
    canvas.addEventListener("pointerleave", () => { this.pointer = null; this.view.point(null); });
    canvas.addEventListener("wheel", (event) => {
      event.preventDefault();
      const box = canvas.getBoundingClientRect();
      if (Math.abs(event.deltaX) > Math.abs(event.deltaY)) this.view.move(event.deltaX / this.width * (this.view.end - this.view.start));
      else this.view.zoom(Math.exp(event.deltaY * 0.0015), this.instant(event.clientX - box.left));
    }, { passive: false });
    canvas.addEventListener("dblclick", () => this.view.set(this.view.first, this.view.last));
  }

  draw() {
    const ratio = window.devicePixelRatio || 1;
    const { clientWidth, clientHeight } = this.canvas;
    if (this.canvas.width !== Math.round(clientWidth * ratio)) this.canvas.width = Math.round(clientWidth * ratio);
    if (this.canvas.height !== Math.round(clientHeight * ratio)) this.canvas.height = Math.round(clientHeight * ratio);
    this.width = clientWidth - GUTTER;
    this.height = clientHeight - (this.withTimes ? FOOT : 6);
    this.ink = colours();
    const context = this.context;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, clientWidth, clientHeight);
    context.font = "11px system-ui, sans-serif";
    this.fit();
    this.axes();
    context.save();
    context.beginPath();
    context.rect(0, 0, this.width, this.height);
    context.clip();
    this.content();
    context.restore();
    this.crosshair();
  }

  axes() {
    const context = this.context;
    context.textBaseline = "middle";
    context.lineWidth = 1;
    for (const value of niceSteps(this.low, this.high, Math.max(2, this.height / 60))) {
      const y = Math.round(this.y(value)) + 0.5;
      if (y < 6 || y > this.height - 4) continue;
      context.strokeStyle = this.ink.grid;
      context.beginPath(); context.moveTo(0, y); context.lineTo(this.width, y); context.stroke();
      context.fillStyle = this.ink.soft;
      context.fillText(this.label(value), this.width + 8, y);
    }
    context.textAlign = "center";
    for (const [at, text, strong] of timeMarks(this.view.start, this.view.end, Math.max(2, this.width / 90))) {
      const x = Math.round(this.x(at)) + 0.5;
      context.strokeStyle = strong ? this.ink.line : this.ink.grid;
      context.beginPath(); context.moveTo(x, 0); context.lineTo(x, this.height); context.stroke();
      if (!this.withTimes) continue;
      context.fillStyle = strong ? this.ink.ink : this.ink.soft;
      if (x > 16 && x < this.width - 16) context.fillText(text, x, this.height + 13);
    }
    context.textAlign = "left";
  }

  crosshair() {
    const context = this.context;
    const cursor = this.view.cursor;
    if (cursor === null || cursor < this.view.start || cursor > this.view.end) { this.tip.style.display = "none"; return; }
    const x = Math.round(this.x(cursor)) + 0.5;
    context.strokeStyle = this.ink.soft;
    context.setLineDash([3, 3]);
    context.beginPath(); context.moveTo(x, 0); context.lineTo(x, this.height); context.stroke();
    if (this.pointer) { context.beginPath(); context.moveTo(0, this.pointer.y); context.lineTo(this.width, this.pointer.y); context.stroke(); }
    context.setLineDash([]);
    if (!this.pointer || this.pointer.y > this.height) { this.tip.style.display = "none"; return; }
    this.mark(this.pointer.y);
    this.tell(cursor);
  }

  // The value under the pointer, written on the axis.
  mark(y) {
    const text = this.label(this.low + (1 - y / this.height) * (this.high - this.low));
    this.context.fillStyle = this.ink.ink;
    this.context.fillRect(this.width + 2, y - 9, GUTTER - 4, 18);
    this.context.fillStyle = this.ink.panel;
    this.context.fillText(text, this.width + 8, y);
  }

  show(lines) {
    this.tip.replaceChildren(...lines.map(([text, kind]) => {
      const line = document.createElement(kind === "title" ? "b" : "div");
      line.textContent = text;
      if (kind && kind !== "title") line.className = kind;
      return line;
    }));
    this.tip.style.display = "block";
    const right = this.pointer.x > this.width / 2;
    this.tip.style.left = right ? "" : this.pointer.x + 16 + "px";
    this.tip.style.right = right ? this.canvas.clientWidth - this.pointer.x + 16 + "px" : "";
    this.tip.style.top = Math.max(0, Math.min(this.pointer.y - 20, this.height - this.tip.offsetHeight)) + "px";
  }
}
