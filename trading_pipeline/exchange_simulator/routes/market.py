"""Public market data."""

from trading_pipeline.exchange_simulator import parameters
from trading_pipeline.exchange_simulator.exchange import Market, Payload
from trading_pipeline.exchange_simulator.intervals import INTERVALS, Interval
from trading_pipeline.exchange_simulator.market_feed import serves
from trading_pipeline.exchange_simulator.parameters import Parameters
from trading_pipeline.exchange_simulator.payloads.klines import forming_row
from trading_pipeline.exchange_simulator.payloads.market import book_payload, instrument_payload, ticker_payload
from trading_pipeline.exchange_simulator.payloads.numbers import plain
from trading_pipeline.exchange_simulator.rejections import bad_parameter
from trading_pipeline.exchange_simulator.routes.endpoint import Endpoint
from trading_pipeline.exchange_simulator.tape import recent_trades
from trading_pipeline.exchange_simulator.venue import Venue

KlinePage = tuple[int | None, int | None, int]


def server_time(venue: Venue, _: Parameters) -> Payload:
    """``/v5/market/time``: virtual time."""
    now_ms = venue.told_ms()
    return {"timeSecond": str(now_ms // 1000), "timeNano": str(now_ms * 1_000_000)}


def kline(venue: Venue, request: Parameters) -> Payload:
    """``/v5/market/kline``: newest first; the bar that is still forming comes first, its close the last price."""
    parameters.linear({**request, "category": parameters.text(request, "category", "linear")})
    now_ms = venue.now_ms()
    market = _market(venue, request)
    interval = parameters.required(request, "interval")
    if not serves(market, interval):
        raise bad_parameter(f"Invalid period: {interval}; base bars here are {market.walk.series.step_ms // 60_000}m")
    rows = _kline_rows(market, INTERVALS[interval], now_ms, _kline_page(request))
    return {"symbol": market.instrument.symbol, "category": "linear", "list": rows}


def _kline_page(request: Parameters) -> KlinePage:
    """Start, end and count as asked for."""
    start, end = (parameters.optional_integer(request, name) for name in ("start", "end"))
    return start, end, parameters.limit(request, 200, 1000)


def _kline_rows(market: Market, interval: Interval, now_ms: int, page: KlinePage) -> list[list[str]]:
    """At most ``count`` rows that open between start and end, both included, newest first, forming bar included.

    With a start alone the page goes forward from there, else it holds the newest bars before the end.
    """
    start, end, count = page
    series, forming_ms = market.series(interval), interval.open_of(now_ms)
    closed = series.opened_before(forming_ms)
    first = 0 if start is None else min(series.opened_before(start), closed)
    last = closed if end is None else min(series.opened_before(end + 1), closed)
    with_forming = (end is None or forming_ms <= end) and (start is None or forming_ms >= start)
    if start is not None and end is None:
        # The forming bar is the last one, which is reached only where the page has room for it.
        with_forming = with_forming and last - first < count
        last = min(last, first + count)
    else:
        first = max(first, last - (count - with_forming))
    rows = series.rows(first, max(first, last))[::-1]
    return [forming_row(market, interval, now_ms), *rows] if with_forming else rows


def _market(venue: Venue, request: Parameters) -> Market:
    """The market the request names."""
    return venue.exchange.market(parameters.required(request, "symbol"))


def instruments(venue: Venue, request: Parameters) -> Payload:
    """``/v5/market/instruments-info``, paged by position in the list of symbols."""
    parameters.linear(request)
    symbol = parameters.text(request, "symbol")
    listed = [venue.exchange.market(symbol)] if symbol else venue.exchange.markets.values()
    markets = [market for market in listed if parameters.of_coins(request, market.instrument)]
    # Nothing here waits to be listed or is being delivered.
    if parameters.text(request, "status", "Trading") != "Trading":
        markets = []
    count = parameters.limit(request, 500, 1000)
    first = parameters.integer(request, "cursor", 0)
    page = markets[first : first + count]
    following = str(first + count) if first + count < len(markets) else ""
    return {
        "category": "linear",
        "list": [_listed(venue, market) for market in page],
        "nextPageCursor": following,
    }


def _listed(venue: Venue, market: Market) -> Payload:
    """The instrument, closed where trading stands still."""
    row = instrument_payload(market, venue.exchange.funding[market.instrument.symbol])
    return {**row, "status": "Closed"} if market.instrument.symbol in venue.exchange.suspended else row


def tickers(venue: Venue, request: Parameters) -> Payload:
    """``/v5/market/tickers`` of one symbol or all."""
    parameters.linear(request)
    now_ms = venue.now_ms()
    symbol = parameters.text(request, "symbol")
    markets = [venue.exchange.market(symbol)] if symbol else venue.exchange.markets.values()
    return {
        "category": "linear",
        "list": [
            ticker_payload(
                market,
                venue.exchange.funding[market.instrument.symbol],
                now_ms,
                venue.exchange.terms.half_spread_ticks,
            )
            for market in markets
        ],
    }


def orderbook(venue: Venue, request: Parameters) -> Payload:
    """``/v5/market/orderbook`` with 1 to 500 levels a side."""
    parameters.linear(request)
    now_ms = venue.now_ms()
    depth = parameters.limit(request, 25, 500)
    exchange = venue.exchange
    book = book_payload(_market(venue, request), depth, now_ms, exchange.terms.half_spread_ticks)
    update = exchange.sequence + 1
    return {**book, "u": update, "seq": update, "ts": now_ms, "cts": now_ms}


def recent_trade(venue: Venue, request: Parameters) -> Payload:
    """``/v5/market/recent-trade``, newest first."""
    parameters.linear(request)
    now_ms = venue.now_ms()
    count = parameters.limit(request, 500, 1000)
    trades = list(recent_trades(_market(venue, request), now_ms, count))[:count]
    rows = [
        {
            "execId": trade.trade_id,
            "symbol": trade.symbol,
            "price": f"{trade.price:f}",
            "size": f"{trade.size:f}",
            "side": trade.side,
            "time": str(trade.at_ms),
            "isBlockTrade": False,
            "isRPITrade": False,
            "seq": str(trade.at_ms),
        }
        for trade in trades
    ]
    return {"category": "linear", "list": rows}


def funding_history(venue: Venue, request: Parameters) -> Payload:
    """``/v5/market/funding/history``, newest first, at most 200 rates."""
    parameters.linear(request)
    market = _market(venue, request)
    start = parameters.optional_integer(request, "startTime")
    end = parameters.optional_integer(request, "endTime")
    if start is not None and end is None:
        raise bad_parameter("params error: endTime is required with startTime")
    newest = min(venue.now_ms(), end if end is not None else venue.exchange.now_ms)
    # Before the first bar nothing was held that could have paid.
    oldest = max(market.walk.series.first_ms, start or 0)
    symbol = market.instrument.symbol
    schedule = venue.exchange.funding[symbol]
    instants = list(schedule.between(oldest - 1, newest))[::-1][: parameters.limit(request, 200, 200)]
    rows = [
        {"symbol": symbol, "fundingRate": plain(schedule.rate_at(at)), "fundingRateTimestamp": str(at)}
        for at in instants
    ]
    return {"category": "linear", "list": rows}


ENDPOINTS = (
    Endpoint("GET", "/v5/market/time", server_time),
    Endpoint("GET", "/v5/market/kline", kline),
    Endpoint("GET", "/v5/market/instruments-info", instruments, lists=True),
    Endpoint("GET", "/v5/market/tickers", tickers, lists=True),
    Endpoint("GET", "/v5/market/orderbook", orderbook),
    Endpoint("GET", "/v5/market/recent-trade", recent_trade),
    Endpoint("GET", "/v5/market/funding/history", funding_history),
)
