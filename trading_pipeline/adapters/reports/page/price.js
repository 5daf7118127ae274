// Bars as candles, or as the range of each pixel where they are too many, with the trades above them.
const FEW = 12;

class PricePane extends Pane {
  constructor(view) {
    super("price", view, true);
    this.symbol = 0;
    this.chosen = null;
  }

  get bars() { return allBars[this.symbol]; }

  visible() {
    const { time, length } = this.bars;
    return [Math.max(0, lowerBound(time, this.view.start - length)), Math.min(time.length, lowerBound(time, this.view.end) + 1)];
  }

  fit() {
    const [from, to] = this.visible();
    let low = Infinity, high = -Infinity;
    for (let i = from; i < to; i++) {
      if (this.bars.low[i] < low) low = this.bars.low[i];
      if (this.bars.high[i] > high) high = this.bars.high[i];
    }
    for (const level of this.levels()) { low = Math.min(low, level); high = Math.max(high, level); }
    if (!(high > low)) { low = Number.isFinite(low) ? low * 0.99 : 0; high = low > 0 ? low * 1.02 : 1; }
    const room = (high - low) * 0.06;
    this.low = low - room;
    this.high = high + room;
  }

  // Stops and take profits of a few trades have to be seen; those of many would flatten the bars.
  levels() {
    const shown = this.shownTrades();
    return shown.length > FEW ? [] : shown.flatMap((t) => (t.stop === null ? t.targets : [t.stop, ...t.targets]));
  }

  // As many digits as tell two neighbouring lines apart.
  label(value) {
    const digits = Math.max(0, Math.min(8, Math.ceil(-Math.log10((this.high - this.low) / 100))));
    return value.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  }

  content() {
    const [from, to] = this.visible();
    const width = this.x(this.view.start + this.bars.length);
    if (width >= 2.5) this.candles(from, to, width); else this.ranges(from, to);
    const taken = new Set();
    for (const trade of this.shownTrades()) if (this.hasRoom(trade, taken)) this.trade(trade);
  }

  // Of trades too short to be seen one by one, a single mark per place is drawn.
  hasRoom(trade, taken) {
    const x = this.x(trade.entryTime);
    if (trade === this.chosen || this.x(trade.exitTime) - x > 3) return true;
    const place = trade.side + ":" + Math.round(x / 7) + ":" + Math.round(this.y(trade.entryPrice) / 7);
    if (taken.has(place)) return false;
    taken.add(place);
    return true;
  }

  candles(from, to, width) {
    const { time, open, high, low, close, length } = this.bars;
    const body = Math.max(1, Math.min(width * 0.7, 18));
    for (let i = from; i < to; i++) {
      const x = this.x(time[i] + length / 2);
      const colour = close[i] >= open[i] ? this.ink.gain : this.ink.loss;
      this.context.strokeStyle = this.context.fillStyle = colour;
      this.context.globalAlpha = 0.75;
      this.context.lineWidth = 1;
      this.context.beginPath(); this.context.moveTo(x, this.y(high[i])); this.context.lineTo(x, this.y(low[i])); this.context.stroke();
      const top = this.y(Math.max(open[i], close[i]));
      this.context.fillRect(x - body / 2, top, body, Math.max(1, this.y(Math.min(open[i], close[i])) - top));
    }
    this.context.globalAlpha = 1;
  }

  ranges(from, to) {
    const { time, high, low, close } = this.bars;
    const context = this.context;
    const line = [];
    let pixel = -1, top = 0, bottom = 0, last = 0;
    context.strokeStyle = this.ink.soft;
    context.globalAlpha = 0.45;
    context.lineWidth = 1;
    context.beginPath();
    const flush = () => {
      if (pixel < 0) return;
      context.moveTo(pixel + 0.5, this.y(top)); context.lineTo(pixel + 0.5, this.y(bottom) + 0.5);
      line.push([pixel + 0.5, this.y(last)]);
    };
    for (let i = from; i < to; i++) {
      const x = Math.floor(this.x(time[i]));
      if (x !== pixel) { flush(); pixel = x; top = high[i]; bottom = low[i]; }
      if (high[i] > top) top = high[i];
      if (low[i] < bottom) bottom = low[i];
      last = close[i];
    }
    flush();
    context.stroke();
    context.globalAlpha = 1;
    context.strokeStyle = this.ink.accent;
    context.lineWidth = 1.1;
    context.beginPath();
    line.forEach(([x, y], place) => { if (place) context.lineTo(x, y); else context.moveTo(x, y); });
    context.stroke();
  }

  shownTrades() {
    return drawnTrades.filter((t) => t.symbol === this.symbol && t.exitTime >= this.view.start && t.entryTime <= this.view.end);
  }

  trade(trade) {
    const context = this.context;
    const colour = trade.open ? this.ink.accent : trade.pnl >= 0 ? this.ink.gain : this.ink.loss;
    const [left, right] = [this.x(trade.entryTime), this.x(trade.exitTime)];
    const chosen = trade === this.chosen;
    if (right - left > 3) {
      if (trade.stop !== null) this.risk(trade, left, right, chosen);
      for (const target of trade.targets) this.level(this.y(target), left, right, this.ink.gain);
      context.strokeStyle = colour;
      context.lineWidth = chosen ? 2.2 : 1.4;
      context.beginPath();
      context.moveTo(left, this.y(trade.entryPrice));
      for (const [time, price] of trade.legs) context.lineTo(this.x(time), this.y(price));
      context.stroke();
    }
    const size = chosen ? 9 : right - left > 3 ? 7 : 5;
    for (const [time, price] of trade.entries) this.arrow(this.x(time), this.y(price), trade.side, size);
    if (right - left > 3) for (const [time, price, , kind] of trade.legs) this.dot(this.x(time), this.y(price), kind);
  }

  // What was at risk: the band between entry and stop, and the stop itself.
  risk(trade, left, right, chosen) {
    const context = this.context;
    const [entry, stop] = [this.y(trade.entryPrice), this.y(trade.stop)];
    context.fillStyle = this.ink.loss;
    context.globalAlpha = chosen ? 0.14 : 0.07;
    context.fillRect(left, Math.min(entry, stop), right - left, Math.abs(stop - entry));
    context.globalAlpha = 1;
    this.level(stop, left, right, this.ink.stop);
  }

  // A price that an order waited at while the trade was open.
  level(y, left, right, colour) {
    const context = this.context;
    context.strokeStyle = colour;
    context.lineWidth = 1.4;
    context.setLineDash([5, 4]);
    context.beginPath(); context.moveTo(left, y); context.lineTo(Math.max(right, left + 10), y); context.stroke();
    context.setLineDash([]);
  }

  arrow(x, y, side, size) {
    const context = this.context;
    context.fillStyle = side > 0 ? this.ink.gain : this.ink.loss;
    context.strokeStyle = this.ink.panel;
    context.lineWidth = 1.5;
    context.beginPath();
    context.moveTo(x, y + side * 2);
    context.lineTo(x - size * 0.75, y + side * (2 + size * 1.4));
    context.lineTo(x + size * 0.75, y + side * (2 + size * 1.4));
    context.closePath();
    context.stroke();
    context.fill();
  }

  dot(x, y, kind) {
    const context = this.context;
    context.fillStyle = this.ink.panel;
    context.strokeStyle = kind === "take_profit" ? this.ink.gain : kind === "stop_loss" || kind === "liquidation" ? this.ink.loss : this.ink.accent;
    context.lineWidth = 2;
    context.beginPath(); context.arc(x, y, 4, 0, 7); context.fill(); context.stroke();
  }

  nearest() {
    const { x, y } = this.pointer;
    let best = null, distance = 14;
    for (const trade of this.shownTrades()) {
      for (const [time, price] of [...trade.entries, ...trade.legs]) {
        const away = Math.hypot(this.x(time) - x, this.y(price) - y);
        if (away < distance) { distance = away; best = trade; }
      }
    }
    return best;
  }

  tell(cursor) {
    const trade = this.nearest();
    if (trade) { this.show(tradeLines(trade)); return; }
    const { time, open, high, low, close } = this.bars;
    const at = lowerBound(time, cursor + 1) - 1;
    if (at < 0) { this.tip.style.display = "none"; return; }
    const change = (close[at] / open[at] - 1) * 100;
    this.show([
      [timeText(time[at]) + " UTC", "title"],
      ["open " + priceText(open[at]) + "  high " + priceText(high[at])],
      ["low " + priceText(low[at]) + "  close " + priceText(close[at])],
      [signed(change, 2) + " %", change >= 0 ? "gain" : "loss"],
    ]);
  }
}

function tradeLines(trade) {
  const lines = [
    [(trade.open ? "open " : "#" + trade.number + " ") + (trade.side > 0 ? "long" : "short") + " " + data.instrument_ids[trade.symbol], "title"],
    ["entry " + timeText(trade.entryTime) + " at " + priceText(trade.entryPrice)],
  ];
  if (trade.stop !== null) lines.push(["stop " + priceText(trade.stop)]);
  if (trade.targets.length) lines.push(["take profit " + trade.targets.map(priceText).join(", ")]);
  for (const [time, price, fraction, kind] of trade.legs) {
    lines.push([words(kind) + " " + timeText(time) + " at " + priceText(price) + " · " + Math.round(fraction * 100) + " %"]);
  }
  if (!trade.open) lines.push([signed(trade.pnl, 2) + " USDT" + (trade.r === null ? "" : " · " + signed(trade.r, 2) + " R"), trade.pnl >= 0 ? "gain" : "loss"]);
  return lines;
}
