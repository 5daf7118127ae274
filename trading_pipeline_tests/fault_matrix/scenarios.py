"""What strikes where, a line each."""

from collections.abc import Mapping

from trading_pipeline_tests.fault_matrix.servers import Server
from trading_pipeline_tests.fault_matrix.story import Company, Kill, Scenario, Step

CREATE, CANCEL, STOP = "/v5/order/create", "/v5/order/cancel", "/v5/position/trading-stop"
OPEN_ORDERS, POSITIONS, FILLS = "/v5/order/realtime", "/v5/position/list", "/v5/execution/list"
WALLET, LEVERAGE = "/v5/account/wallet-balance", "/v5/position/set-leverage"
LONG = 40
"""More often than anything asks within a step."""


OF_ALL_SYMBOLS = (FILLS, WALLET)
"""Asked without a symbol, so that a fault of one would never strike."""


def fault(kind: str, path: str = "", **details: object) -> Mapping[str, object]:
    """As the exchange takes it."""
    everything = {"symbol": ""} if path in OF_ALL_SYMBOLS else {}
    return {"kind": kind, **({"path": path} if path else {}), **everything, **details}


def at(step: Step, name: str, *faults: Mapping[str, object], **expected: object) -> Scenario:
    """A scenario of faults alone."""
    return Scenario(name, step, faults, **expected)  # type: ignore[arg-type]


E, R, H, T, S = Step.ENTRY, Step.RESTING, Step.HELD, Step.TARGET, Step.STOPPED

_ENTRY = (
    at(E, "nothing"),
    at(E, "entry: answer lost after it was accepted", fault("drop_response", CREATE, accepted=True)),
    at(E, "entry: request lost before it was accepted", fault("drop_request", CREATE), reason="failed"),
    at(E, "entry: 10000 although accepted", fault("ret_code_10000", CREATE, accepted=True)),
    at(E, "entry: 10000 and not accepted", fault("ret_code_10000", CREATE), reason="failed"),
    at(E, "entry: 10016 although accepted", fault("ret_code_10016", CREATE, accepted=True)),
    at(E, "entry: 10016 and not accepted", fault("ret_code_10016", CREATE), reason="failed"),
    at(E, "entry: 10006 with reset headers", fault("rate_limited", CREATE)),
    at(E, "entry: 403 of the edge", fault("http_403", CREATE), told="not sent"),
    at(E, "entry: HTML in place of JSON", fault("html", CREATE), reason="failed"),
    at(E, "entry: HTML although accepted", fault("html", CREATE, accepted=True)),
    at(E, "entry: 500", fault("http_500", CREATE), reason="failed"),
    at(E, "entry: connection half open", fault("half_open", CREATE), reason="failed"),
    at(E, "entry: half open after it was accepted", fault("half_open", CREATE, accepted=True)),
    at(E, "entry: answer later than anybody waits", fault("slow", CREATE, seconds=0.8)),
    at(
        E,
        "entry: refused for want of money (110007)",
        fault("reject", CREATE, ret_code=110007),
        reason="rejected",
        told="rejected",
    ),
    at(
        E, "entry: its id is taken (110072) as it was accepted", fault("reject", CREATE, ret_code=110072, accepted=True)
    ),
    at(E, "entry: refused, the time is off (10002)", fault("reject", CREATE, ret_code=10002)),
    at(
        E,
        "entry: the key may not trade (10005)",
        fault("reject", CREATE, ret_code=10005, count=LONG),
        reason="rejected",
        told="halted",
        halted=True,
    ),
    at(E, "entry: an unknown code", fault("reject", CREATE, ret_code=987654), reason="failed"),
    at(E, "entry: accepted without its stop", fault("without_stop", CREATE), told="stop repaired"),
    at(
        E,
        "entry: without its stop, and the stop is refused twice",
        fault("without_stop", CREATE),
        fault("reject", STOP, ret_code=10001, count=2),
        reason="protection_failed",
        told="no stop",
    ),
    at(
        E,
        "entry: without its stop, which no one may set (10005)",
        fault("without_stop", CREATE),
        fault("reject", STOP, ret_code=10005, count=3),
        told="no stop",
        halted=True,
    ),
    at(
        E,
        "entry: without its stop, answers about it lost",
        fault("without_stop", CREATE),
        fault("drop_response", STOP, accepted=True, count=2),
        told="stop repaired",
    ),
    at(E, "entry: fills in part", fault("partial_fill", fraction=0.4, seconds=1), told="entry goes on"),
    at(E, "entry: fill told before the acknowledgement", fault("stream_first", CREATE)),
    at(E, "entry: leverage refused", fault("reject", LEVERAGE, ret_code=10001), told="not sent"),
    at(E, "entry: leverage not answered", fault("drop_response", LEVERAGE, count=2), told="not sent"),
    at(E, "entry: symbol suspended", fault("suspend"), reason="rejected", told="rejected"),
    at(
        E,
        "entry: answer lost, and lookups are empty at first",
        fault("drop_response", CREATE, accepted=True),
        fault("empty_list", OPEN_ORDERS, count=1),
    ),
    at(
        E,
        "entry: answer lost, and lookups answer 10016",
        fault("drop_response", CREATE, accepted=True),
        fault("ret_code_10016", OPEN_ORDERS, count=4),
    ),
    at(E, "entry: positions are an empty list at first", fault("empty_list", POSITIONS, count=2)),
    at(E, "entry: executions are not answered", fault("drop_response", FILLS, count=3)),
    at(E, "entry: the wallet is not answered", fault("html", WALLET, count=3)),
    at(E, "entry: the venue's clock is 2 s ahead", fault("clock_skew", seconds=2)),
    at(
        E,
        "entry: a state that nobody has heard of",
        fault("alter", OPEN_ORDERS, field="orderStatus", value="Surprised", count=2),
    ),
    at(E, "entry: a field that nobody has heard of", fault("alter", OPEN_ORDERS, field="surprise", value="1", count=4)),
    at(
        E,
        "entry: a kind of execution that nobody has heard of",
        fault("alter", FILLS, field="execType", value="Surprise", count=2),
        told="external fill",
    ),
)
_RESTING = (
    at(R, "limit: overdue", told="entry goes on"),
    at(R, "limit: cancel, answer lost", fault("drop_response", CANCEL, accepted=True), told="entry goes on"),
    at(R, "limit: cancel, request lost", fault("drop_request", CANCEL, count=2), told="entry goes on"),
    at(R, "limit: cancel, 10016", fault("ret_code_10016", CANCEL, count=2), told="entry goes on"),
    at(R, "limit: cancel, 10000 although accepted", fault("ret_code_10000", CANCEL, accepted=True), told="goes on"),
    at(R, "limit: cancel, HTML", fault("html", CANCEL), told="entry goes on"),
    at(R, "limit: fills before the cancel comes", fault("fill_before_cancel", CANCEL)),
    at(R, "limit: orders are not answered", fault("html", OPEN_ORDERS, count=3), told="entry goes on"),
)
_HELD = (
    at(H, "held: the venue cancels the stop", fault("cancel_stop"), told="stop repaired"),
    at(
        H,
        "held: the venue cancels the stop, a new one is refused at first",
        fault("cancel_stop"),
        fault("reject", STOP, ret_code=10001, count=2),
        reason="protection_failed",
        told="no stop",
    ),
    at(
        H, "held: closed by hand", fault("trade_by_hand", side="Sell", qty="5"), reason="external", told="external fill"
    ),
    at(H, "held: half of it sold by hand", fault("trade_by_hand", side="Sell", qty="2"), told="external fill"),
    at(H, "held: more of it bought by hand", fault("trade_by_hand", side="Buy", qty="2"), told="halted", halted=True),
    at(H, "held: ADL takes half", fault("adl", fraction=0.4), told="external fill"),
    at(H, "held: ADL takes all", fault("adl", fraction=1), reason="external", told="external fill"),
    at(H, "held: liquidated", fault("liquidation"), reason="external", told="external fill"),
    at(H, "held: symbol suspended", fault("suspend"), reason="executed", told="cannot follow"),
    at(H, "held: positions are an empty list for a minute", fault("empty_list", POSITIONS, count=3)),
    at(H, "held: open orders are an empty list for a minute", fault("empty_list", OPEN_ORDERS, count=3)),
    at(
        H,
        "held: nothing answers for a minute",
        fault("http_500", "*", symbol="", count=12),
        told="questions unanswered",
    ),
    at(H, "held: HTML for a minute", fault("html", "*", symbol="", count=12), told="questions unanswered"),
)
_TARGET = (
    at(
        T,
        "target: moving the stop, answer lost after it was accepted",
        fault("drop_response", STOP, accepted=True),
        told="cannot follow",
    ),
    at(T, "target: moving the stop, request lost", fault("drop_request", STOP), told="cannot follow"),
    at(T, "target: moving the stop, 10000", fault("ret_code_10000", STOP, count=2), told="cannot follow"),
    at(T, "target: moving the stop, 10006", fault("rate_limited", STOP), told="cannot follow"),
    at(T, "target: moving the stop, HTML", fault("html", STOP, count=2), told="cannot follow"),
    at(
        T,
        "target: moving the stop is refused (10001)",
        fault("reject", STOP, ret_code=10001, count=2),
        told="cannot follow",
    ),
    at(
        T,
        "target: moving the stop is refused, the key is out of permission (10005)",
        fault("reject", STOP, ret_code=10005, count=2),
        told="cannot follow",
    ),
    at(T, "target: executions are an empty list", fault("empty_list", FILLS, count=2)),
    at(T, "target: executions are not answered", fault("drop_response", FILLS, count=3)),
    at(T, "target: positions are not answered", fault("drop_response", POSITIONS, count=4)),
    at(
        T,
        "target: positions show no stop",
        fault("alter", POSITIONS, field="stopLoss", value="", count=2),
        told="stop repaired",
    ),
    at(T, "target: the stop is gone as well", fault("cancel_stop"), told="stop repaired"),
    at(T, "target: the venue's clock is 2 s behind", fault("clock_skew", seconds=-2)),
    at(
        T,
        "target: the stop fills in part, the rest of it is cancelled",
        fault("partial_fill", fraction=0.4),
        reason="protection_failed",
        told="no stop",
    ),
    at(T, "target: symbol suspended", fault("suspend"), reason="executed", told="cannot follow"),
    at(T, "target: everything is slow", fault("slow", "*", symbol="", seconds=0.3, count=8)),
)
_STOPPED = (
    at(S, "stopped: executions are an empty list", fault("empty_list", FILLS, count=3)),
    at(S, "stopped: orders are not answered", fault("html", OPEN_ORDERS, count=3)),
)


def _killed(step: Step, before: str, nth: int = 1, **expected: object) -> tuple[Scenario, ...]:
    """Gone, and terminated, before the same call."""
    call = before.split(".")[1]
    which = f"{call} ({nth})" if nth > 1 else call
    return (
        Scenario(f"{step}: killed before {which}", step, kill=Kill(before, nth), **expected),  # type: ignore[arg-type]
        Scenario(f"{step}: terminated before {which}", step, kill=Kill(before, nth, terminated=True), **expected),  # type: ignore[arg-type]
    )


def _cut_short(before: str) -> tuple[Scenario, ...]:
    """Gone before a call of the job that finds a part of the position taken."""
    name = f"{H}: ADL takes half, killed before {before.split('.')[1]}"
    return (Scenario(name, H, (fault("adl", fraction=0.4),), kill=Kill(before), told="external fill"),)


_KILLED = (
    *_killed(E, "BybitTrading.set_leverage"),
    *_killed(E, "BybitTrading.submit", reason="failed"),
    *_killed(E, "PostgresLedger.apply_report"),
    *_killed(E, "BybitTrading.submit", 2),
    *_killed(E, "BybitTrading.submit", 3),
    *_killed(T, "BybitTrading.set_stop_loss"),
    *_killed(R, "BybitTrading.cancel", told="entry goes on"),
    *_killed(R, "BybitTrading.submit", reason="failed", told="entry goes on"),
    *_killed(S, "BybitTrading.order"),
    *_killed(H, "BybitTrading.positions"),
    *_killed(H, "BybitTrading.open_orders"),
    # While targets are cut down to what deleveraging has left.
    *_cut_short("PostgresLedger.write_intent"),
    *_cut_short("BybitTrading.cancel"),
    *_cut_short("BybitTrading.submit"),
)


def _without(server: Server, step: Step, before: str, nth: int = 1, **expected: object) -> Scenario:
    """The server is gone from that call until the run has ended."""
    call = before.split(".")[1]
    beside = f"{expected['company']}, " if "company" in expected and server is not Server.FEED else ""
    name = f"{beside}{step}: {server} gone before {call if nth == 1 else f'{call} ({nth})'}"
    return Scenario(name, step, kill=Kill(before, nth, server=server), **expected)  # type: ignore[arg-type]


_SERVERS = (
    _without(Server.POSTGRES, E, "BybitTrading.set_leverage"),
    _without(Server.POSTGRES, E, "BybitTrading.submit"),
    _without(Server.POSTGRES, E, "PostgresLedger.apply_report"),
    _without(Server.POSTGRES, E, "PostgresLedger.apply_fill"),
    _without(Server.POSTGRES, E, "BybitTrading.submit", 2),
    _without(Server.POSTGRES, H, "BybitTrading.positions"),
    _without(Server.POSTGRES, T, "BybitTrading.set_stop_loss"),
    _without(Server.POSTGRES, R, "BybitTrading.cancel", told="entry goes on"),
    _without(Server.POSTGRES, R, "BybitTrading.submit", told="entry goes on"),
    _without(Server.POSTGRES, S, "BybitTrading.order"),
    _without(Server.REDIS, E, "BybitTrading.set_leverage"),
    _without(Server.REDIS, E, "BybitTrading.submit"),
    _without(Server.REDIS, T, "BybitTrading.set_stop_loss"),
    _without(Server.REDIS, R, "BybitTrading.cancel", told="entry goes on"),
)

_WITH_FEED = (
    # it dies, and is begun anew with nothing but what is stored
    _without(Server.FEED, E, "BybitTrading.set_leverage", company=Company.FEED),
    _without(Server.FEED, E, "BybitTrading.submit", company=Company.FEED),
    _without(Server.FEED, E, "BybitTrading.submit", 2, company=Company.FEED),
    _without(Server.FEED, E, "BybitTrading.submit", 3, company=Company.FEED),
    _without(Server.FEED, H, "BybitTrading.positions", company=Company.FEED),
    _without(Server.FEED, T, "BybitTrading.set_stop_loss", company=Company.FEED),
    _without(Server.FEED, R, "BybitTrading.cancel", told="entry goes on", company=Company.FEED),
    _without(Server.FEED, S, "PostgresLedger.mark_followed", company=Company.FEED),
    # it lives on, and waits for what is gone
    _without(Server.POSTGRES, E, "BybitTrading.submit", 2, company=Company.FEED),
    _without(Server.POSTGRES, T, "BybitTrading.set_stop_loss", company=Company.FEED),
    _without(Server.REDIS, E, "BybitTrading.submit", company=Company.FEED),
    _without(Server.REDIS, T, "BybitTrading.set_stop_loss", company=Company.FEED),
    _without(Server.CACHE, E, "BybitTrading.submit", company=Company.FEED),
)
_UNATTENDED = (
    _without(Server.DAEMON, E, "BybitTrading.set_leverage"),
    _without(Server.DAEMON, E, "BybitTrading.submit"),
    _without(Server.DAEMON, E, "BybitTrading.submit", 2),
    _without(Server.DAEMON, H, "BybitTrading.positions"),
    _without(Server.DAEMON, T, "BybitTrading.set_stop_loss"),
    _without(Server.DAEMON, R, "BybitTrading.cancel", told="entry goes on"),
    _without(Server.DAEMON, S, "PostgresLedger.mark_followed"),
    _without(Server.CACHE, E, "BybitTrading.set_leverage"),
    _without(Server.CACHE, E, "BybitTrading.submit"),
    _without(Server.CACHE, E, "BybitTrading.submit", 2),
    _without(Server.CACHE, T, "BybitTrading.set_stop_loss"),
    _without(Server.CACHE, R, "BybitTrading.cancel", told="entry goes on"),
)


def _heard(step: Step, name: str, *faults: Mapping[str, object], **expected: object) -> Scenario:
    """With the feed that hears the account at work beside the jobs."""
    return Scenario(f"feed, {step}: {name}", step, faults, company=Company.FEED, **expected)  # type: ignore[arg-type]


def _messages(step: Step) -> tuple[Scenario, ...]:
    """What private messages may suffer."""
    return (
        _heard(step, "executions dropped", fault("drop_message", topic="execution", count=LONG)),
        _heard(step, "orders dropped", fault("drop_message", topic="order", count=LONG)),
        _heard(step, "everything is told twice", fault("duplicate_message", "*", count=LONG)),
        _heard(step, "executions late", fault("delay_message", topic="execution", seconds=0.5, count=LONG)),
        _heard(step, "orders pass each other", fault("reorder_messages", topic="order", count=LONG)),
        _heard(step, "a frame that is no JSON", fault("malformed_frame", symbol="")),
        _heard(step, "disconnected", fault("disconnect", symbol="")),
        _heard(step, "nothing passes any more", fault("mute_streams", symbol="")),
        _heard(step, "heard alone, REST shows no fills", fault("empty_list", FILLS, count=3)),
    )


_FEED = (
    _heard(E, "nothing"),
    *_messages(E),
    *_messages(T),
    _heard(H, "the venue cancels the stop", fault("cancel_stop"), told="stop repaired"),
    _heard(H, "closed by hand", fault("trade_by_hand", side="Sell", qty="5"), reason="external", told="external fill"),
)


def _looked_at(step: Step, name: str, *faults: Mapping[str, object], **expected: object) -> Scenario:
    """The watchdog looks before every call of the run."""
    return Scenario(f"watchdog, {step}: {name}", step, faults, company=Company.WATCHDOG, **expected)  # type: ignore[arg-type]


_WATCHDOG = (
    _looked_at(E, "nothing"),
    _looked_at(E, "answer lost after it was accepted", fault("drop_response", CREATE, accepted=True)),
    _looked_at(E, "accepted without its stop", fault("without_stop", CREATE), told="stop"),
    _looked_at(H, "the venue cancels the stop", fault("cancel_stop"), told="stop"),
    _looked_at(H, "liquidated", fault("liquidation"), reason="external", told="external fill"),
    _looked_at(T, "moving the stop, 10000", fault("ret_code_10000", STOP, count=2), told="cannot follow"),
    _looked_at(T, "the stop is gone as well", fault("cancel_stop"), told="stop"),
)
_PARTS = (_ENTRY, _RESTING, _HELD, _TARGET, _STOPPED, _KILLED, _SERVERS, _WITH_FEED, _UNATTENDED, _FEED, _WATCHDOG)
SCENARIOS = tuple(scenario for part in _PARTS for scenario in part)
