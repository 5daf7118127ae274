"""What a real venue does not have: stepping the clock, looking inside, and faults on demand."""

from trading_pipeline.domain.model.timeframes import from_ms
from trading_pipeline.exchange_simulator.clock import LockStepClock
from trading_pipeline.exchange_simulator.exchange import Payload
from trading_pipeline.exchange_simulator.faults import IMMEDIATE, Fault
from trading_pipeline.exchange_simulator.parameters import Parameters
from trading_pipeline.exchange_simulator.request_faults import happen_now
from trading_pipeline.exchange_simulator.routes.endpoint import Endpoint
from trading_pipeline.exchange_simulator.venue import Venue


def _standing(venue: Venue) -> Payload:
    """Virtual time and how much has happened."""
    accounts = venue.exchange.accounts
    return {
        "now": from_ms(venue.exchange.now_ms).isoformat(),
        "executions": sum(len(account.executions) for account in accounts),
        "orders": sum(len(account.orders) for account in accounts),
    }


def advance(venue: Venue, _: Parameters) -> Payload:
    """``POST /simulator/advance``: to the next close, or to an account event before it; ``at`` says which."""
    stand = venue.step()
    return {**_standing(venue), "at": stand.value}


def status(venue: Venue, _: Parameters) -> Payload:
    """``GET /simulator/status``; in free mode virtual = virtual_start + (wall - wall_start) x speed.

    Private connections count once they have subscribed to something.
    """
    venue.catch_up()
    clock = venue.clock
    lock_step = clock.timeframe.value if isinstance(clock, LockStepClock) else None
    return {
        **_standing(venue),
        "wall_now": clock.wall().isoformat(),
        "mode": clock.mode,
        "speed": clock.speed,
        "lock_step": lock_step,
        "virtual_start": clock.virtual_start.isoformat(),
        "wall_start": clock.wall_start.isoformat(),
        "bars_end": from_ms(venue.end_ms).isoformat(),
        "public_connections": len(venue.public.connections),
        "private_connections": sum(bool(connection.topics) for connection in venue.private.connections),
        "private_topics": sorted({topic for seat in venue.seats.values() for topic in seat.listeners.topics()}),
        "public_topics": sorted(venue.public.topics()),
        "kline_subscriptions": sum(topic.startswith("kline.") for topic in venue.public.topics()),
        "account_id": venue.credentials.account_id,
        "accounts": [seat.credentials.account_id for seat in venue.seats.values()],
        "symbols": list(venue.exchange.markets),
    }


def faults(venue: Venue, request: Parameters) -> Payload:
    """``POST /simulator/faults``: arm a fault; what waits for no request happens at once."""
    fault = Fault.of(request)
    if fault.kind in IMMEDIATE and not fault.path:
        happen_now(venue, fault)
        venue.flush_private()
    else:
        venue.faults.arm(fault)
    return {"kind": fault.kind.value, "path": fault.path, "count": fault.remaining}


def clear_faults(venue: Venue, _: Parameters) -> Payload:
    """``POST /simulator/faults/clear``: forget what is armed, and set the clock right."""
    venue.faults.disarm()
    venue.skew_ms = 0
    return {}


ENDPOINTS = (
    Endpoint("POST", "/simulator/advance", advance),
    Endpoint("GET", "/simulator/status", status),
    Endpoint("POST", "/simulator/faults", faults),
    Endpoint("POST", "/simulator/faults/clear", clear_faults),
)
