// The page's data and how numbers and times are written.
const data = JSON.parse(document.getElementById("data").textContent);
const MINUTE = 60000;

function unpack(text, kind) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return new kind(bytes.buffer);
}

function unpackBars(packed) {
  const minutes = unpack(packed.minutes, Int32Array);
  const bars = { merged: packed.merged, time: Float64Array.from(minutes, (m) => m * MINUTE) };
  for (const name of ["open", "high", "low", "close"]) bars[name] = unpack(packed[name], Float32Array);
  // The usual distance of two bars is the length of one; holes are longer.
  const steps = [];
  for (let i = 1; i < Math.min(bars.time.length, 200); i++) steps.push(bars.time[i] - bars.time[i - 1]);
  bars.length = steps.length ? steps.sort((a, b) => a - b)[steps.length >> 1] : MINUTE;
  return bars;
}

function unpackEquity(packed) {
  const minutes = unpack(packed.minutes, Int32Array);
  return {
    merged: packed.merged,
    time: Float64Array.from(minutes, (m) => m * MINUTE),
    equity: unpack(packed.equity, Float32Array),
    drawdown: unpack(packed.drawdown, Float32Array),
  };
}

function namedTrade(row, number) {
  const [symbol, side, entryTime, entryPrice, exitTime, exitPrice, quantity, pnl, r, grossR, fees, funding, reason, stop, entries, legs, targets] = row;
  return { number, symbol, side, entryTime, entryPrice, exitTime, exitPrice, quantity, pnl, r, grossR, fees, funding, reason, stop, entries, legs, targets };
}

const allBars = data.bars.map(unpackBars);
const curve = unpackEquity(data.equity);
const trades = data.trades.map((row, place) => namedTrade(row, place + 1));
// What is still open is drawn to the end of the chart, and is in no table of results.
const openTrades = data.open.map((row) => ({ ...namedTrade(row, 0), exitTime: curve.time[curve.time.length - 1], open: true }));
const drawnTrades = trades.concat(openTrades);

// Position of the first time that is not before `instant`.
function lowerBound(times, instant) {
  let low = 0, high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (times[middle] < instant) low = middle + 1; else high = middle;
  }
  return low;
}

function digitsFor(size) {
  return size <= 0 ? 2 : Math.max(0, Math.min(8, 5 - Math.floor(Math.log10(size))));
}

function priceText(value) {
  return value.toLocaleString("en-US", { maximumFractionDigits: digitsFor(Math.abs(value)), minimumFractionDigits: Math.min(2, digitsFor(Math.abs(value))) });
}

function signed(value, digits) {
  const text = Math.abs(value).toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return (value < 0 ? "\u2212" : "+") + text;
}

function timeText(instant) {
  return new Date(instant).toISOString().slice(0, 16).replace("T", " ");
}

function words(name) {
  return name.replaceAll("_", " ");
}

function durationText(span) {
  const hours = span / 3600000;
  if (hours < 1) return Math.round(span / MINUTE) + " min";
  return hours < 48 ? hours.toFixed(hours < 10 ? 1 : 0) + " h" : (hours / 24).toFixed(1) + " d";
}
