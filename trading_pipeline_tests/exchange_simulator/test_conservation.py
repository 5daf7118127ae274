"""Money and volume are conserved, whatever is ordered, under either profile."""

import contextlib
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from itertools import accumulate

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading_pipeline.exchange_simulator.exchange import Exchange
from trading_pipeline.exchange_simulator.execution_profile import ExecutionProfile
from trading_pipeline.exchange_simulator.liquidity import PARTICIPATION
from trading_pipeline.exchange_simulator.market_model import generate
from trading_pipeline.exchange_simulator.rejections import Rejection
from trading_pipeline.exchange_simulator.walking import advance
from trading_pipeline_tests.exchange_simulator.builders import STEP_MS, Ohlc, an_exchange, order

BEFORE_FUNDING = datetime(2025, 6, 1, 7, 55, tzinfo=UTC)
"""One bar before a settlement."""
EXACT = Decimal("1e-15")
"""What 28 digits of Decimal leave of sums of this size."""


@st.composite
def bar(draw: Callable[[st.SearchStrategy[int]], int]) -> Ohlc:
    """Prices in tenths between 80 and 120."""
    first, second, third, fourth = sorted(draw(st.integers(800, 1200)) / 10 for _ in range(4))
    return (second, fourth, first, third) if draw(st.integers(0, 1)) else (third, fourth, first, second)


@st.composite
def request(draw: Callable[[st.SearchStrategy[object]], object]) -> dict[str, object]:
    """Any order that is well-formed, with the part of a bar that passes after it."""
    made: dict[str, object] = {
        "side": draw(st.sampled_from(["Buy", "Sell"])),
        "qty": str(draw(st.sampled_from(["0.05", "0.4", "1", "3", "9"]))),
        "reduceOnly": draw(st.booleans()),
    }
    price = draw(st.none() | st.integers(85, 115))
    if price is not None:
        made |= {"price": str(price), "timeInForce": draw(st.sampled_from(["GTC", "IOC", "FOK", "PostOnly"]))}
    elif draw(st.booleans()) and not made["reduceOnly"]:
        made |= {"stopLoss": "90" if made["side"] == "Buy" else "110"}
    return made


sessions = st.lists(st.tuples(bar(), st.lists(request(), max_size=3)), min_size=1, max_size=5)
profiles = st.sampled_from(ExecutionProfile)


def play(session: list[tuple[Ohlc, list[dict[str, object]]]], profile: ExecutionProfile) -> Exchange:
    """Each bar's orders at equal distances inside it; the venue refuses some."""
    bars = [one for one, _ in session]
    # Long enough that bars close and levels are met while an order is on its way.
    latency_ms = STEP_MS // 10 if profile is ExecutionProfile.REALISTIC else 0
    exchange = an_exchange(*bars, start=BEFORE_FUNDING, profile=profile, balance=Decimal(2_000), latency_ms=latency_ms)
    for number, (_, requests) in enumerate(session, 1):
        for made in requests:
            with contextlib.suppress(Rejection):
                order(exchange, str(made["side"]), str(made["qty"]), **_rest(made))
            advance(exchange, exchange.now_ms + STEP_MS // 4)
        advance(exchange, exchange.markets["BTCUSDT"].walk.series.first_ms + STEP_MS * (number + 1))
    return exchange


def _rest(made: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in made.items() if name not in ("side", "qty")}


@settings(max_examples=80, deadline=None)
@given(sessions, profiles)
def test_wallet_fees_funding_and_profit_add_up_to_what_was_there(
    session: list[tuple[Ohlc, list[dict[str, object]]]], profile: ExecutionProfile
) -> None:
    exchange = play(session, profile)
    account = exchange.account
    # a mean price has no last digit
    assert abs(account.wallet + account.fees + account.funding - account.realised - exchange.terms.balance) < EXACT
    # From the history alone: what was paid and received, and what is held at the last price.
    trades = [one for one in exchange.executions if one.kind != "Funding"]
    signed = [one.quantity * one.order.terms.sign for one in trades]
    cash = -sum((size * one.price for size, one in zip(signed, trades, strict=True)), Decimal(0))
    held = sum(signed, Decimal(0)) * exchange.markets["BTCUSDT"].last
    paid = sum((one.fee for one in exchange.executions), Decimal(0))
    assert abs(exchange.terms.balance + cash + held - paid - exchange.equity()) < EXACT
    assert all(one.filled <= one.terms.quantity for one in {id(e.order): e.order for e in trades}.values())


@settings(max_examples=80, deadline=None)
@given(sessions)
def test_what_is_filled_never_exceeds_what_was_traded_nor_entries_their_share(
    session: list[tuple[Ohlc, list[dict[str, object]]]],
) -> None:
    exchange = play(session, ExecutionProfile.REALISTIC)
    trades = [one for one in exchange.executions if one.kind == "Trade"]
    # Only who leaves at once may have more than the share.
    sharing = [one for one in trades if one.is_maker or not one.order.terms.reduce_only]
    series = exchange.markets["BTCUSDT"].walk.series
    traded = [Decimal(int(volume)).scaleb(-series.volume_decimals) for volume in series.volume]
    for fills, share in ((trades, Decimal(1)), (sharing, PARTICIPATION)):
        filled = [Decimal(0)] * len(traded)
        for one in fills:
            filled[int(np.searchsorted(series.open_ms, one.at_ms)) - 1] += one.quantity
        assert all(mine <= theirs * share for mine, theirs in zip(accumulate(filled), accumulate(traded), strict=True))


@pytest.mark.parametrize("symbol", ["BTCUSDT", "DOGEUSDT"])
def test_one_seed_gives_the_same_market_byte_for_byte_and_another_does_not(symbol: str) -> None:
    def told(seed: int) -> bytes:
        bars = generate(symbol, seed)
        count = len(bars.open_ms)
        series = bars.part(count - 60 * 1440, count)
        columns = (series.open, series.high, series.low, series.close, series.volume, series.turnover)
        return b"".join(np.asarray(column[:]).tobytes() for column in columns)

    assert told(7) == told(7)
    assert told(7) != told(8)
