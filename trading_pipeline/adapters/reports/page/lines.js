// The account beneath the price: equity as a line, drawdown as an area.
class LinePane extends Pane {
  constructor(id, view, values, kind, withTimes) {
    super(id, view, withTimes);
    this.values = values;
    this.kind = kind;
  }

  visible() {
    return [Math.max(0, lowerBound(curve.time, this.view.start) - 1), Math.min(curve.time.length, lowerBound(curve.time, this.view.end) + 1)];
  }

  fit() {
    const [from, to] = this.visible();
    let low = Infinity, high = -Infinity;
    for (let i = from; i < to; i++) {
      if (this.values[i] < low) low = this.values[i];
      if (this.values[i] > high) high = this.values[i];
    }
    if (!Number.isFinite(low)) { low = 0; high = 1; }
    if (this.kind === "drawdown") { this.high = 0; this.low = Math.min(low * 1.08, -0.01); return; }
    const room = Math.max((high - low) * 0.08, Math.abs(high) * 1e-5);
    this.low = low - room;
    this.high = high + room;
  }

  label(value) {
    return this.kind === "drawdown" ? value.toFixed(Math.abs(this.low) < 1 ? 2 : 1) + " %" : value.toLocaleString("en-US", { maximumFractionDigits: this.high - this.low < 5 ? 2 : 0 });
  }

  // One point per value, or the first, lowest, highest and last of each pixel.
  points() {
    const [from, to] = this.visible();
    const found = [];
    let pixel = null, low = 0, high = 0;
    for (let i = from; i < to; i++) {
      const x = this.x(curve.time[i]);
      const column = Math.floor(x);
      if (column !== pixel) { pixel = column; low = high = this.values[i]; found.push([x, this.y(low)]); continue; }
      if (this.values[i] < low) { low = this.values[i]; found.push([x, this.y(low)]); }
      else if (this.values[i] > high) { high = this.values[i]; found.push([x, this.y(high)]); }
      else if (i + 1 === to || Math.floor(this.x(curve.time[i + 1])) !== column) found.push([x, this.y(this.values[i])]);
    }
    return found;
  }

  content() {
    const context = this.context;
    const points = this.points();
    if (!points.length) return;
    const falling = this.kind === "drawdown";
    const colour = falling ? this.ink.loss : this.ink.accent;
    const base = falling ? this.y(0) : this.y(Math.min(Math.max(data.initial, this.low), this.high));
    if (!falling) this.initialLine(base);
    context.beginPath();
    context.moveTo(points[0][0], base);
    for (const [x, y] of points) context.lineTo(x, y);
    context.lineTo(points[points.length - 1][0], base);
    context.fillStyle = colour;
    context.globalAlpha = falling ? 0.22 : 0.1;
    context.fill();
    context.globalAlpha = 1;
    context.beginPath();
    points.forEach(([x, y], place) => { if (place) context.lineTo(x, y); else context.moveTo(x, y); });
    context.strokeStyle = colour;
    context.lineWidth = 1.4;
    context.stroke();
  }

  initialLine(y) {
    this.context.strokeStyle = this.ink.soft;
    this.context.globalAlpha = 0.6;
    this.context.setLineDash([2, 4]);
    this.context.beginPath(); this.context.moveTo(0, y); this.context.lineTo(this.width, y); this.context.stroke();
    this.context.setLineDash([]);
    this.context.globalAlpha = 1;
  }

  tell(cursor) {
    const at = lowerBound(curve.time, cursor + 1) - 1;
    if (at < 0) { this.tip.style.display = "none"; return; }
    const gain = (curve.equity[at] / data.initial - 1) * 100;
    this.show([
      [timeText(curve.time[at]) + " UTC", "title"],
      [curve.equity[at].toLocaleString("en-US", { maximumFractionDigits: 2 }) + " USDT"],
      [signed(gain, 2) + " %", gain >= 0 ? "gain" : "loss"],
      ["drawdown " + Math.abs(curve.drawdown[at]).toFixed(2) + " %"],
    ]);
  }
}
