"""Instruments, tickers, books and trades as the venue shows them."""

import zlib
from decimal import ROUND_CEILING, Decimal
from itertools import islice

from trading_pipeline.exchange_simulator.bars import TURNOVER_DECIMALS, shown
from trading_pipeline.exchange_simulator.book import best_prices, levels, size_at
from trading_pipeline.exchange_simulator.exchange import Market, Payload
from trading_pipeline.exchange_simulator.funding_schedule import FundingSchedule
from trading_pipeline.exchange_simulator.intervals import DAY_MS
from trading_pipeline.exchange_simulator.order_entry import PRICE_BAND
from trading_pipeline.exchange_simulator.payloads.numbers import plain

FUNDING_CAP = Decimal("0.04")
"""Beyond this a rate is refused where it is configured or recorded."""


def instrument_payload(market: Market, funding: FundingSchedule) -> Payload:
    """An entry of ``/v5/market/instruments-info`` for linear contracts."""
    instrument = market.instrument
    tick = instrument.price_increment
    return {
        "symbol": instrument.symbol,
        # A number of its own for each name, the same in every run.
        "symbolId": zlib.crc32(instrument.symbol.encode()),
        "contractType": "LinearPerpetual",
        "status": "Trading",
        "baseCoin": instrument.base_currency,
        "quoteCoin": instrument.quote_currency,
        "settleCoin": instrument.quote_currency,
        "launchTime": str(market.walk.series.first_ms),
        "deliveryTime": "0",
        "deliveryFeeRate": "",
        "priceScale": str(max(0, -int(tick.as_tuple().exponent))),
        "leverageFilter": {"minLeverage": "1", "maxLeverage": f"{instrument.max_leverage:f}", "leverageStep": "0.01"},
        "priceFilter": {"minPrice": f"{tick:f}", "maxPrice": f"{tick * 19_999_998:f}", "tickSize": f"{tick:f}"},
        "lotSizeFilter": {
            "maxOrderQty": f"{instrument.max_quantity:f}",
            "minOrderQty": f"{instrument.min_quantity:f}",
            "qtyStep": f"{instrument.quantity_increment:f}",
            "postOnlyMaxOrderQty": f"{instrument.max_quantity:f}",
            "maxMktOrderQty": f"{instrument.max_market_quantity:f}",
            "minNotionalValue": f"{instrument.min_notional:f}",
        },
        "unifiedMarginTrade": True,
        "fundingInterval": funding.interval_hours * 60,
        "copyTrading": "both",
        "upperFundingRate": plain(FUNDING_CAP),
        "lowerFundingRate": plain(-FUNDING_CAP),
        "isPreListing": False,
        "preListingInfo": None,
        "riskParameters": {"priceLimitRatioX": plain(PRICE_BAND), "priceLimitRatioY": plain(PRICE_BAND)},
        "displayName": "",
        "fullName": instrument.base_currency,
        "marketRegion": "",
        "underlyingTicker": "",
        "forbidUplWithdrawal": False,
        "symbolType": "",
    }


def ticker_payload(market: Market, funding: FundingSchedule, now_ms: int, half_spread_ticks: int) -> Payload:
    """An entry of ``/v5/market/tickers`` and of the topic ``tickers``; day figures come from closed base bars."""
    series, last = market.walk.series, market.last
    bid, ask = best_prices(market, half_spread_ticks)
    end = series.closed_by(now_ms)
    # At least one bar, also right after the first.
    begin = min(series.closed_by(now_ms - DAY_MS), max(0, end - 1))
    day = slice(begin, max(end, begin + 1))
    before = series.price(int(series.open[begin]))
    hour = min(series.closed_by(now_ms - DAY_MS // 24), max(0, end - 1))
    volume = int(series.volume[day].sum())
    price = plain(last)
    return {
        "symbol": market.instrument.symbol,
        "lastPrice": price,
        "indexPrice": plain(market.index),
        "markPrice": plain(market.mark),
        "prevPrice24h": plain(before),
        "price24hPcnt": plain(round(last / before - 1, 6)),
        "highPrice24h": plain(max(last, series.price(int(series.high[day].max())))),
        "lowPrice24h": plain(min(last, series.price(int(series.low[day].min())))),
        "prevPrice1h": plain(series.price(int(series.open[hour]))),
        "openInterest": shown(volume, series.volume_decimals),
        "openInterestValue": plain(round(Decimal(volume).scaleb(-series.volume_decimals) * last, 2)),
        "turnover24h": shown(int(series.turnover[day].sum()), TURNOVER_DECIMALS),
        "volume24h": shown(volume, series.volume_decimals),
        "fundingRate": plain(funding.rate_at(funding.next_after(now_ms))),
        "nextFundingTime": str(funding.next_after(now_ms)),
        "predictedDeliveryPrice": "",
        "basisRate": "",
        "deliveryFeeRate": "",
        "deliveryTime": "0",
        "ask1Size": plain(size_at(market, ask, now_ms)),
        "bid1Price": plain(bid),
        "ask1Price": plain(ask),
        "bid1Size": plain(size_at(market, bid, now_ms)),
        "basis": "",
        "preOpenPrice": "",
        "preQty": "",
        "curPreListingPhase": "",
        "fundingIntervalHour": str(funding.interval_hours),
        "basisRateYear": "",
        "fundingCap": plain(FUNDING_CAP),
    }


def book_payload(market: Market, depth: int, now_ms: int, half_spread_ticks: int) -> Payload:
    """So many levels of the book on either side."""
    bids, asks = (islice(levels(market, sign, now_ms, half_spread_ticks), depth) for sign in (-1, 1))
    return {
        "s": market.instrument.symbol,
        "b": [[plain(price), plain(size)] for price, size in bids],
        "a": [[plain(price), plain(size)] for price, size in asks],
    }


def price_limits(market: Market) -> Payload:
    """The highest price of a buy order and the lowest of a sell order, as ``/v5/market/price-limit`` has them."""
    tick, band = market.instrument.price_increment, market.last * PRICE_BAND
    highest = (market.last + band) // tick * tick
    lowest = ((market.last - band) / tick).to_integral_value(ROUND_CEILING) * tick
    return {"symbol": market.instrument.symbol, "buyLmt": plain(highest), "sellLmt": plain(lowest)}
