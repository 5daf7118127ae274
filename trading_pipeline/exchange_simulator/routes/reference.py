"""Public data that follows from prices, volumes and contracts: reference prices, limits, tiers, open interest."""

from collections.abc import Sequence
from decimal import Decimal
from functools import partial
from typing import cast

import numpy as np

from trading_pipeline.exchange_simulator import parameters
from trading_pipeline.exchange_simulator.bars import shown
from trading_pipeline.exchange_simulator.exchange import Market, Payload
from trading_pipeline.exchange_simulator.intervals import DAY_MS, INTERVALS, Interval
from trading_pipeline.exchange_simulator.parameters import Parameters
from trading_pipeline.exchange_simulator.payloads.market import price_limits
from trading_pipeline.exchange_simulator.payloads.numbers import plain
from trading_pipeline.exchange_simulator.rejections import bad_parameter
from trading_pipeline.exchange_simulator.risk_tiers import RiskTier
from trading_pipeline.exchange_simulator.routes.endpoint import Endpoint
from trading_pipeline.exchange_simulator.routes.market import kline
from trading_pipeline.exchange_simulator.venue import Venue

_PERIODS = {
    "5min": 300_000,
    "15min": 900_000,
    "30min": 1_800_000,
    "1h": 3_600_000,
    "4h": 14_400_000,
    "1d": DAY_MS,
}


def reference_kline(venue: Venue, request: Parameters, kind: str) -> Payload:
    """``/v5/market/mark-price-kline`` and ``index-price-kline``: the last price's bars at their distance from it."""
    answer = kline(venue, request)
    market, interval = venue.exchange.market(str(answer["symbol"])), INTERVALS[parameters.required(request, "interval")]
    made = [
        _moved(market, interval, kind, row, venue.exchange.now_ms) for row in cast("list[list[str]]", answer["list"])
    ]
    return {**answer, "list": made}


def _moved(market: Market, interval: Interval, kind: str, row: list[str], now_ms: int) -> list[str]:
    """Start, open, high, low and close: nothing is traded at these prices. The extremes reach to open and close."""
    if kind not in market.basis:
        return row[:5]
    begin = int(row[0])
    first, last = (1 + market.basis[kind](at_ms) for at_ms in (begin, min(interval.close_of(begin), now_ms)))
    factors = (first, first, first, last)
    prices = [market.instrument.round_price(Decimal(price) * by) for price, by in zip(row[1:5], factors, strict=True)]
    opening, high, low, close = prices
    return [row[0], *(plain(price) for price in (opening, max(high, close), min(low, close), close))]


def premium_kline(venue: Venue, request: Parameters) -> Payload:
    """``/v5/market/premium-index-price-kline``: how far the last price lies above the index price, as a fraction."""
    answer = kline(venue, request)
    market, interval = venue.exchange.market(str(answer["symbol"])), INTERVALS[parameters.required(request, "interval")]
    made = [
        _premium(market, interval, row[0], venue.exchange.now_ms) for row in cast("list[list[str]]", answer["list"])
    ]
    return {**answer, "list": made}


def _premium(market: Market, interval: Interval, start: str, now_ms: int) -> list[str]:
    """Start, open, high, low and close of the premium, as it was at both ends of the bar."""
    if "index" not in market.basis:
        return [start, *["0"] * 4]
    begin = int(start)
    opening, close = (-market.basis["index"](at_ms) for at_ms in (begin, min(interval.close_of(begin), now_ms)))
    return [start, *(plain(one) for one in (opening, max(opening, close), min(opening, close), close))]


def price_limit(venue: Venue, request: Parameters) -> Payload:
    """``/v5/market/price-limit``."""
    parameters.linear({**request, "category": parameters.text(request, "category", "linear")})
    now_ms = venue.now_ms()
    market = venue.exchange.market(parameters.required(request, "symbol"))
    return {**price_limits(market), "ts": str(now_ms)}


def risk_limit(venue: Venue, request: Parameters) -> Payload:
    """``/v5/market/risk-limit`` of one symbol or, fifteen symbols a page, of all."""
    parameters.linear(request)
    symbol = parameters.text(request, "symbol")
    markets = [venue.exchange.market(symbol)] if symbol else list(venue.exchange.markets.values())
    first = parameters.integer(request, "cursor", 0)
    page = markets[first : first + 15]
    rows = [_tier_row(market, tier) for market in page for tier in market.tiers]
    following = str(first + 15) if first + 15 < len(markets) else ""
    return {"category": "linear", "list": rows, "nextPageCursor": following}


def _tier_row(market: Market, tier: RiskTier) -> Payload:
    """A row of risk limits; ``mmDeduction`` of the lowest tier is empty."""
    return {
        "id": tier.number,
        "symbol": market.instrument.symbol,
        "riskLimitValue": plain(tier.limit),
        "maintenanceMargin": plain(tier.maintenance_rate),
        "initialMargin": plain(tier.initial_rate),
        "isLowestRisk": int(tier.number == 1),
        "maxLeverage": f"{tier.max_leverage:.2f}",
        "mmDeduction": plain(tier.deduction) if tier.deduction else "",
    }


def open_interest(venue: Venue, request: Parameters) -> Payload:
    """``/v5/market/open-interest``: as in the ticker, what was traded in the day before."""
    parameters.linear(request)
    market = venue.exchange.market(parameters.required(request, "symbol"))
    step_ms = _PERIODS[parameters.one_of(request, "intervalTime", tuple(_PERIODS))]
    first_ms = market.walk.series.first_ms + DAY_MS
    instants, following = _page_of_instants(request, step_ms, (first_ms, venue.now_ms()), most=200)
    rows = [{"openInterest": _traded_in_day(market, at), "timestamp": str(at)} for at in instants]
    return {
        "symbol": market.instrument.symbol,
        "category": "linear",
        "list": [{**row, "singleOpenInterest": row["openInterest"]} for row in rows],
        "nextPageCursor": following,
    }


def _page_of_instants(
    request: Parameters, step_ms: int, known: tuple[int, int], most: int
) -> tuple[Sequence[int], str]:
    """Whole multiples of a step (UTC ms) that the request asks for, newest first, and the cursor of the page after.

    The cursor is the last instant of a page: time goes on meanwhile, and what is older stays where it is.

    :param known: first and last instant that there is anything to tell of.
    :param most: instants on a page.
    """
    end = min(known[1], parameters.integer(request, "endTime", known[1]))
    cursor = parameters.optional_integer(request, "cursor")
    # No page tells what has not happened, whatever cursor is made up.
    newest = end if cursor is None else min(end, cursor - step_ms)
    oldest = max(known[0], parameters.integer(request, "startTime", 0))
    instants, count = range(newest - newest % step_ms, oldest - 1, -step_ms), parameters.limit(request, 50, most)
    page = instants[:count]
    return page, str(page[-1]) if len(instants) > count else ""


def _traded_in_day(market: Market, at_ms: int) -> str:
    """Volume of the day before an instant, base currency."""
    series = market.walk.series.base_of(_PERIODS["5min"])
    day = slice(series.opened_before(at_ms - DAY_MS), series.closed_by(at_ms))
    return shown(int(series.volume[day].sum(dtype=np.int64)), series.volume_decimals)


def account_ratio(venue: Venue, request: Parameters) -> Payload:
    """``/v5/market/account-ratio``: buyers are the share of rising bars in the period."""
    parameters.linear(request)
    market = venue.exchange.market(parameters.required(request, "symbol"))
    step_ms = _PERIODS[parameters.one_of(request, "period", tuple(_PERIODS))]
    series = market.walk.series.base_of(step_ms)
    if step_ms < series.step_ms:
        raise bad_parameter(f"params error: period invalid; base bars here are {series.step_ms // 60_000}m")
    known = (series.first_ms + step_ms, venue.now_ms())
    instants, following = _page_of_instants(request, step_ms, known, most=500)
    rows = []
    for at in instants:
        part = series.part(series.opened_before(at - step_ms), series.closed_by(at))
        count = len(part.open_ms)
        # A hole in the bars tells nothing.
        if count:
            buyers = round(float((part.close[slice(None)] >= part.open[slice(None)]).sum()) / count, 4)
            rows.append(
                {
                    "symbol": market.instrument.symbol,
                    "buyRatio": f"{buyers:g}",
                    "sellRatio": f"{round(1 - buyers, 4):g}",
                    "timestamp": str(at),
                }
            )
    return {"list": rows, "nextPageCursor": following}


def system_status(_: Venue, __: Parameters) -> Payload:
    """``/v5/system/status``: no maintenance is planned."""
    return {"list": []}


ENDPOINTS = (
    Endpoint("GET", "/v5/market/mark-price-kline", partial(reference_kline, kind="mark")),
    Endpoint("GET", "/v5/market/index-price-kline", partial(reference_kline, kind="index")),
    Endpoint("GET", "/v5/market/premium-index-price-kline", premium_kline),
    Endpoint("GET", "/v5/market/price-limit", price_limit),
    Endpoint("GET", "/v5/market/risk-limit", risk_limit, lists=True),
    Endpoint("GET", "/v5/market/open-interest", open_interest),
    Endpoint("GET", "/v5/market/account-ratio", account_ratio),
    Endpoint("GET", "/v5/system/status", system_status),
)
