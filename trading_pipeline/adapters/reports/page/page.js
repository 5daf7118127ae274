// What is on the page, and how its parts know of each other.
const first = curve.time.length ? Math.min(curve.time[0], ...allBars.map((bars) => bars.time[0])) : 0;
const last = curve.time.length ? curve.time[curve.time.length - 1] : 1;
const view = new View(first, last);
const price = new PricePane(view);
const panes = [price, new LinePane("equity", view, curve.equity, "equity", false), new LinePane("drawdown", view, curve.drawdown, "drawdown", true)];

function goTo(trade) {
  price.symbol = trade.symbol;
  document.getElementById("symbol").value = String(trade.symbol);
  price.chosen = trade;
  const bar = allBars[trade.symbol].length;
  const room = Math.max((trade.exitTime - trade.entryTime) * 0.8, 25 * bar);
  view.set(trade.entryTime - room, trade.exitTime + room);
}

const table = new TradeTable((trade) => {
  goTo(trade);
  document.getElementById("price").scrollIntoView({ behavior: "smooth", block: "center" });
});

function step(direction) {
  if (!trades.length) return;
  const middle = (view.start + view.end) / 2;
  const ordered = trades.filter((trade) => trade.symbol === price.symbol);
  const at = ordered.indexOf(price.chosen);
  const next = at >= 0 ? ordered[at + direction] : direction > 0 ? ordered.find((t) => t.entryTime > middle) || ordered[0] : ordered.findLast((t) => t.entryTime < middle) || ordered[ordered.length - 1];
  if (next) { goTo(next); table.mark(next); }
}

document.getElementById("previous").addEventListener("click", () => step(-1));
document.getElementById("next").addEventListener("click", () => step(1));
for (const button of document.querySelectorAll("#ranges button")) {
  button.hidden = Number(button.dataset.days) * DAY >= last - first;
  button.addEventListener("click", () => {
    const days = Number(button.dataset.days);
    if (!days) { view.set(first, last); return; }
    const middle = view.end - view.start < (last - first) * 0.98 ? (view.start + view.end) / 2 : last - days * DAY / 2;
    view.set(middle - days * DAY / 2, middle + days * DAY / 2);
  });
}
// The first symbol that was traded is more to look at than the first by name.
if (drawnTrades.length) price.symbol = Math.min(...drawnTrades.slice(0, 1000).map((trade) => trade.symbol));
const symbols = document.getElementById("symbol");
symbols.style.display = data.instrument_ids.length > 1 ? "" : "none";
symbols.value = String(price.symbol);
symbols.addEventListener("change", () => { price.symbol = Number(symbols.value); price.chosen = null; view.redraw(); });
price.canvas.addEventListener("click", () => {
  const trade = price.pointer && price.nearest();
  if (trade) { price.chosen = trade; table.mark(trade); view.redraw(); }
});
price.canvas.addEventListener("keydown", (event) => {
  const span = view.end - view.start;
  const act = { ArrowLeft: () => view.move(-span / 8), ArrowRight: () => view.move(span / 8), "+": () => view.zoom(0.7, (view.start + view.end) / 2), "-": () => view.zoom(1.4, (view.start + view.end) / 2) }[event.key];
  if (act) { event.preventDefault(); act(); }
});
const merged = Math.max(curve.merged, ...allBars.map((bars) => bars.merged));
if (merged > 1) document.getElementById("merged").textContent = "For display " + merged + " bars are drawn as one; figures come from all of them.";
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => view.redraw());
view.redraw();
