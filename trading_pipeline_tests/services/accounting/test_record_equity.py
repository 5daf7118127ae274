"""Readings of the account's money."""

from datetime import timedelta
from decimal import Decimal

from sqlalchemy import Engine

from trading_pipeline.domain.model.timeframes import day_of
from trading_pipeline.services.accounting.record_equity import ensure_day_start, record_equity
from trading_pipeline_tests.testkit.execution_lab import WAVE, Lab


def test_the_first_reading_of_the_day_stays_the_days_start(database: Engine) -> None:
    lab = Lab(database)
    first = ensure_day_start(trading=lab.venue, equity=lab.equity, now=WAVE)
    lab.clock.advance(timedelta(hours=1))
    lab.venue.equity = Decimal(9_000)
    record_equity(trading=lab.venue, equity=lab.equity)
    assert ensure_day_start(trading=lab.venue, equity=lab.equity, now=lab.clock.now()) == first


def test_yesterdays_readings_do_not_count(database: Engine) -> None:
    lab = Lab(database)
    ensure_day_start(trading=lab.venue, equity=lab.equity, now=WAVE)
    midnight = day_of(WAVE) + timedelta(days=1)
    lab.clock.set(midnight)
    lab.venue.equity = Decimal(9_000)
    start = ensure_day_start(trading=lab.venue, equity=lab.equity, now=midnight)
    assert (start.balances["USDT"].equity, start.read_at) == (Decimal(9_000), midnight)


def test_a_reading_of_the_same_instant_is_kept_once(database: Engine) -> None:
    lab = Lab(database)
    wallet = record_equity(trading=lab.venue, equity=lab.equity)
    record_equity(trading=lab.venue, equity=lab.equity)
    assert lab.equity.first_since(WAVE) == wallet
