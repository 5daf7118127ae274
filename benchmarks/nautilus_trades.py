"""What NautilusTrader does in ``nautilus_session.py``: a scripted strategy on a live node, in its own environment.

``python nautilus_trades.py ADDRESSES SECONDS OUT``: the exchange's JSON line, how long, and the file for what it has
noted at the end: fills, open orders and positions, and the money that they made.
"""

import json
import sys
from decimal import Decimal
from pathlib import Path

from nautilus_trader.adapters.bybit import factories
from nautilus_trader.adapters.bybit.common.enums import BybitProductType
from nautilus_trader.adapters.bybit.config import BybitDataClientConfig, BybitExecClientConfig
from nautilus_trader.config import (
    InstrumentProviderConfig,
    LiveExecEngineConfig,
    LoggingConfig,
    StrategyConfig,
    TradingNodeConfig,
)
from nautilus_trader.live.node import TradingNode
from nautilus_trader.model.enums import OrderSide, TimeInForce, TriggerType
from nautilus_trader.model.events import OrderFilled
from nautilus_trader.model.identifiers import InstrumentId, TraderId
from nautilus_trader.trading.strategy import Strategy

INSTRUMENTS = {"BTCUSDT-LINEAR.BYBIT": "0.02", "SOLUSDT-LINEAR.BYBIT": "8"}
STEP_S = 2.0
RECV_WINDOW_MS = 900_000
CONNECTION_S = 7_200.0
"""How old a request may be, and how long connecting may take, by the machine's clock, which may be a hurried one."""
STARTING_S = 60.0
"""In which the node has begun, or will not."""
ENDING_S = 12.0
"""Before the end nothing new is begun, and everything is closed."""


class Scripted(Strategy):
    """Enter, protect, amend, cancel, turn: one step of it every two seconds and instrument, until told to close."""

    def __init__(self) -> None:
        super().__init__(StrategyConfig(strategy_id="SCRIPTED-000"))
        self.steps = 0
        self.closing = False

    def on_start(self) -> None:
        """Ask for prices, and begin."""
        for name in INSTRUMENTS:
            self.subscribe_quote_ticks(InstrumentId.from_str(name))
        self.loop.call_later(STEP_S, self.step)

    def step(self) -> None:
        """The next thing in every instrument."""
        for name, size in INSTRUMENTS.items():
            identity = InstrumentId.from_str(name)
            if self.closing:
                self.cancel_all_orders(identity)
                self.close_all_positions(identity)
            elif self.cache.quote_tick(identity) is not None:
                self.act(identity, Decimal(size))
        self.steps += 1
        if not self.closing or self.cache.positions_open() or self.cache.orders_open():
            self.loop.call_later(STEP_S, self.step)

    def act(self, identity: InstrumentId, size: Decimal) -> None:
        """Buy, rest below, protect, move, cancel, sell twice as much, and the same from below."""
        instrument, quote = self.cache.instrument(identity), self.cache.quote_tick(identity)
        side = OrderSide.BUY if self.steps // 6 % 2 == 0 else OrderSide.SELL
        back = OrderSide.SELL if side is OrderSide.BUY else OrderSide.BUY
        away = Decimal("0.99") if side is OrderSide.BUY else Decimal("1.01")
        middle = (quote.bid_price.as_decimal() + quote.ask_price.as_decimal()) / 2
        quantity, far = instrument.make_qty(size), instrument.make_price(middle * away)
        make, turn = self.order_factory, self.steps % 6
        if turn in (0, 5):
            self.submit_order(make.market(identity, side if turn == 0 else back, quantity))
        elif turn == 1:
            self.submit_order(make.limit(identity, side, quantity, far, time_in_force=TimeInForce.GTC))
        elif turn == 2:
            trigger = instrument.make_price(middle * away * away)
            kind = {"trigger_type": TriggerType.LAST_PRICE, "reduce_only": True}
            self.submit_order(make.stop_market(identity, back, quantity, trigger, **kind))
        elif turn == 3:
            for order in self.cache.orders_open(instrument_id=identity):
                if order.has_price:
                    self.modify_order(order, price=instrument.make_price(far.as_decimal() * away))
        else:
            self.cancel_all_orders(identity)


def noted(node: TradingNode) -> dict[str, object]:
    """Fills, what is still open, and the money made by all fills after fees."""
    orders = node.cache.orders()
    fills = [event for order in orders for event in order.events if isinstance(event, OrderFilled)]
    made = Decimal(0)
    for fill in fills:
        value = fill.last_qty.as_decimal() * fill.last_px.as_decimal()
        made += (value if fill.order_side is OrderSide.SELL else -value) - fill.commission.as_decimal()
    return {
        "made": str(made),
        "fills": len(fills),
        "orders": len(orders),
        "open": len(node.cache.orders_open()) + len(node.cache.positions_open()),
        "states": sorted({order.status_string() for order in orders}),
    }


def main(told: dict[str, str], seconds: float, out: Path) -> None:
    """Trade."""
    factories.get_ws_base_url_public = lambda *_, **__: told["public_ws_url"]
    key = {
        "api_key": told["api_key"],
        "api_secret": told["api_secret"],
        "base_url_http": told["rest_url"],
        "product_types": (BybitProductType.LINEAR,),
        "recv_window_ms": RECV_WINDOW_MS,
        "instrument_provider": InstrumentProviderConfig(load_ids=frozenset(INSTRUMENTS)),
    }
    private = told["private_ws_url"]
    config = TradingNodeConfig(
        trader_id=TraderId("TESTER-001"),
        logging=LoggingConfig(log_level="INFO", log_colors=False),
        exec_engine=LiveExecEngineConfig(reconciliation=True),
        data_clients={"BYBIT": BybitDataClientConfig(**key)},
        exec_clients={"BYBIT": BybitExecClientConfig(**key, base_url_ws_private=private, use_ws_trade_api=False)},
        timeout_connection=CONNECTION_S,
        timeout_disconnection=5.0,
        timeout_post_stop=2.0,
    )
    node, strategy = TradingNode(config=config), Scripted()
    strategy.loop = node.get_event_loop()
    node.trader.add_strategy(strategy)
    node.add_data_client_factory("BYBIT", factories.BybitLiveDataClientFactory)
    node.add_exec_client_factory("BYBIT", factories.BybitLiveExecClientFactory)
    node.build()
    loop = node.get_event_loop()
    # A node that is not let in waits for ever; nobody has to wait for it.
    loop.call_later(STARTING_S, lambda: None if strategy.steps else node.stop())
    loop.call_later(seconds - ENDING_S, setattr, strategy, "closing", True)
    loop.call_later(seconds, node.stop)
    try:
        node.run()
        out.write_text(json.dumps(noted(node)))
    finally:
        node.dispose()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), float(sys.argv[2]), Path(sys.argv[3]))
