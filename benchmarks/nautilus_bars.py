"""The shared rules of ``backtest_engine.py`` in NautilusTrader's bar mode, as a process of its own.

NautilusTrader pins an older pandas than this project needs, so it lives in an environment of its own and
is handed the bars and signals in a file: ``python nautilus_bars.py IN.npz OUT.npz``. Only its run is timed, not
the preparation of its bars.
"""

import sys
import time
from decimal import Decimal

import numpy as np
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig
from nautilus_trader.model.currencies import USDT
from nautilus_trader.model.data import Bar, BarType
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import Venue
from nautilus_trader.model.instruments import Instrument
from nautilus_trader.model.objects import Money, Quantity
from nautilus_trader.test_kit.providers import TestInstrumentProvider
from nautilus_trader.trading.strategy import Strategy

STOP, TARGET = 0.01, 0.02


class Crosses(Strategy):
    """Enter at the close of a bar with a signal while flat, with a stop and a target at the venue."""

    def __init__(self, instrument: Instrument, bar_type: BarType, side: np.ndarray) -> None:
        super().__init__()
        self.instrument, self.bar_type, self.side, self.count = instrument, bar_type, side, -1

    def on_start(self) -> None:
        """Ask for the bars."""
        self.subscribe_bars(self.bar_type)

    def on_bar(self, bar: Bar) -> None:
        """One decision per bar."""
        self.count += 1
        wanted = self.side[self.count]
        if wanted == 0 or not self.portfolio.is_flat(self.instrument.id):
            return
        price = float(bar.close)
        orders = self.order_factory.bracket(
            instrument_id=self.instrument.id,
            order_side=OrderSide.BUY if wanted > 0 else OrderSide.SELL,
            quantity=Quantity.from_str("1.000"),
            sl_trigger_price=self.instrument.make_price(price * (1 - wanted * STOP)),
            tp_price=self.instrument.make_price(price * (1 + wanted * TARGET)),
        )
        self.submit_order_list(orders)


def main() -> None:
    """Run once, and write seconds and closed positions."""
    given = np.load(sys.argv[1])
    instrument = TestInstrumentProvider.btcusdt_perp_binance()
    bar_type = BarType.from_str(f"{instrument.id}-1-MINUTE-LAST-EXTERNAL")
    volume = Quantity.from_str("1000.000")
    rows = zip(*(given[name] for name in ("close_ms", "open", "high", "low", "close")), strict=True)
    bars = [
        Bar(
            bar_type,
            *(instrument.make_price(price) for price in prices),
            volume,
            int(close) * 10**6,
            int(close) * 10**6,
        )
        for close, *prices in rows
    ]
    engine = BacktestEngine(BacktestEngineConfig(logging=LoggingConfig(bypass_logging=True)))
    engine.add_venue(
        Venue("BINANCE"), OmsType.NETTING, AccountType.MARGIN, [Money(10_000_000, USDT)], default_leverage=Decimal(100)
    )
    engine.add_instrument(instrument)
    engine.add_data(bars)
    engine.add_strategy(Crosses(instrument, bar_type, given["side"]))
    start = time.process_time()
    engine.run()
    seconds = time.process_time() - start
    positions = sorted(
        (p for p in (*engine.cache.position_snapshots(), *engine.cache.positions_closed())), key=lambda p: p.ts_opened
    )
    np.savez(
        sys.argv[2],
        seconds=seconds,
        entry_ms=np.array([p.ts_opened // 10**6 for p in positions]),
        exit_ms=np.array([p.ts_closed // 10**6 for p in positions]),
        entry_price=np.array([p.avg_px_open for p in positions]),
        exit_price=np.array([p.avg_px_close for p in positions]),
    )
    engine.dispose()


if __name__ == "__main__":
    main()
