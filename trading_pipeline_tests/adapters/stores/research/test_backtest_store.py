"""Finished backtests in PostgreSQL."""

import numpy as np
import pytest
from sqlalchemy import Engine, text

from trading_pipeline.adapters.stores.research.backtest_store import PostgresBacktestStore
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline_tests.testkit.research import a_run, a_trade


@pytest.fixture
def store(database: Engine) -> PostgresBacktestStore:
    return PostgresBacktestStore(database)


def test_what_is_stored_comes_back_to_the_last_digit(store: PostgresBacktestStore) -> None:
    run = a_run(max_drawdown_pct=0.1 + 0.2, tail_ratio=None)
    assert store.save(run)
    loaded = store.load("abc123")
    assert loaded == run
    assert np.array_equal(loaded.curve.equity, run.curve.equity)
    assert np.array_equal(loaded.curve.close_ms, run.curve.close_ms)


def test_storing_a_run_again_replaces_it(store: PostgresBacktestStore) -> None:
    store.save(a_run())
    assert not store.save(a_run(trades=(a_trade(3),)))
    assert store.load("abc123").trades == (a_trade(3),)


def test_a_run_without_trades_is_a_run(store: PostgresBacktestStore) -> None:
    store.save(a_run(trades=()))
    assert store.load("abc123").trades == ()


def test_the_beginning_of_an_id_is_enough_while_it_is_alone(store: PostgresBacktestStore) -> None:
    for run_id in ("abc1", "abd2", "abd"):
        store.save(a_run(run_id))
    assert store.load("abc").run_id == "abc1"
    assert store.load("abd").run_id == "abd"
    with pytest.raises(DataError, match="several runs begin with it"):
        store.load("ab")
    with pytest.raises(DataError, match="no such run"):
        store.load("a%")


def test_the_newest_runs_come_first(store: PostgresBacktestStore) -> None:
    for run_id in ("one", "two", "three"):
        store.save(a_run(run_id))
    newest = store.newest(2)
    assert [summary.run_id for summary in newest] == ["three", "two"]
    assert (newest[0].instrument_ids, newest[0].trades) == (("BTCUSDT.BYBIT",), 2)


def test_two_runs_never_share_a_trade_id(store: PostgresBacktestStore, database: Engine) -> None:
    store.save(a_run("one"))
    store.save(a_run("two"))
    with database.connect() as connection:
        ids = connection.execute(text("SELECT trade_id FROM trading.backtest_trades")).scalars().all()
    assert len(set(ids)) == 4
