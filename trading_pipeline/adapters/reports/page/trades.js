// The table of trades: sorted by a click on a title, narrowed by buttons, shown in steps.
const STEP = 100;
const COLUMNS = [
  ["#", "number", (t) => t.number],
  ["Symbol", "symbol", (t) => data.instrument_ids[t.symbol]],
  ["Side", "side", (t) => t.side],
  ["Entry (UTC)", "entryTime", (t) => timeText(t.entryTime)],
  ["Price", "entryPrice", (t) => priceText(t.entryPrice)],
  ["Stop", "stop", (t) => (t.stop === null ? "" : priceText(t.stop))],
  ["Exit (UTC)", "exitTime", (t) => timeText(t.exitTime)],
  ["Price", "exitPrice", (t) => priceText(t.exitPrice)],
  ["Held", "held", (t) => durationText(t.exitTime - t.entryTime)],
  ["Quantity", "quantity", (t) => t.quantity.toLocaleString("en-US", { maximumSignificantDigits: 6 })],
  ["Ended by", "reason", (t) => words(t.reason)],
  ["Fees", "fees", (t) => t.fees.toFixed(2)],
  ["Funding", "funding", (t) => t.funding.toFixed(2)],
  ["Net USDT", "pnl", (t) => signed(t.pnl, 2)],
  ["Net R", "r", (t) => (t.r === null ? "" : signed(t.r, 2))],
  ["Gross R", "grossR", (t) => (t.grossR === null ? "" : signed(t.grossR, 2))],
];
const FILTERS = [["All", () => true], ["Long", (t) => t.side > 0], ["Short", (t) => t.side < 0], ["Wins", (t) => t.pnl > 0], ["Losses", (t) => t.pnl < 0]];

class TradeTable {
  constructor(choose) {
    this.choose = choose;
    this.key = "number";
    this.down = false;
    this.filter = FILTERS[0];
    this.limit = STEP;
    this.chosen = null;
    this.table = document.getElementById("trades");
    this.more = document.getElementById("more");
    this.more.addEventListener("click", () => { this.limit += 5 * STEP; this.draw(); });
    const filters = document.getElementById("filters");
    for (const filter of FILTERS) {
      const button = document.createElement("button");
      button.textContent = filter[0];
      button.addEventListener("click", () => { this.filter = filter; this.limit = STEP; this.draw(); });
      filters.append(button);
    }
    this.draw();
  }

  value(trade) { return this.key === "held" ? trade.exitTime - trade.entryTime : trade[this.key] ?? -Infinity; }

  rows() {
    const sign = this.down ? -1 : 1;
    return trades.filter(this.filter[1]).sort((a, b) => {
      const [one, other] = [this.value(a), this.value(b)];
      return one < other ? -sign : one > other ? sign : a.number - b.number;
    });
  }

  draw() {
    for (const button of document.querySelectorAll("#filters button")) button.classList.toggle("on", button.textContent === this.filter[0]);
    const rows = this.rows();
    const head = document.createElement("thead");
    head.append(document.createElement("tr"));
    for (const [title, key] of COLUMNS) head.firstChild.append(this.title(title, key));
    const body = document.createElement("tbody");
    for (const trade of rows.slice(0, this.limit)) body.append(this.row(trade));
    this.table.replaceChildren(head, body);
    this.more.hidden = rows.length <= this.limit;
    this.more.style.display = this.more.hidden ? "none" : "";
    document.getElementById("count").textContent = rows.length.toLocaleString("en-US") + " of " + trades.length.toLocaleString("en-US");
  }

  title(text, key) {
    const cell = document.createElement("th");
    cell.textContent = text;
    if (key === this.key) cell.className = this.down ? "down" : "up";
    cell.addEventListener("click", () => { this.down = key === this.key ? !this.down : false; this.key = key; this.draw(); });
    return cell;
  }

  row(trade) {
    const row = document.createElement("tr");
    row.classList.toggle("on", trade === this.chosen);
    for (const [, key, text] of COLUMNS) {
      const cell = document.createElement("td");
      if (key === "side") {
        const badge = document.createElement("span");
        badge.className = trade.side > 0 ? "side" : "side short";
        badge.textContent = trade.side > 0 ? "long" : "short";
        cell.append(badge);
      } else cell.textContent = text(trade);
      if (key === "pnl" || key === "r") cell.className = trade.pnl >= 0 ? "gain" : "loss";
      if (key === "grossR") cell.className = trade.grossR >= 0 ? "gain" : "loss";
      row.append(cell);
    }
    row.addEventListener("click", () => { this.mark(trade); this.choose(trade); });
    return row;
  }

  mark(trade) { this.chosen = trade; this.draw(); }
}
