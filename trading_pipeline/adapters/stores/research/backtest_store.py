"""Finished backtests in PostgreSQL."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal

import numpy as np
from sqlalchemy import Connection, Engine, Row, delete, select
from sqlalchemy.dialects.postgresql import insert

from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.adapters.stores.postgres.research_tables import backtest_runs, backtest_trades
from trading_pipeline.domain.model.backtest_runs import EquityCurve, LegRecord, RunRecord, RunSummary, TradeRecord
from trading_pipeline.domain.model.errors import DataError
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.ports.stores.research.backtest_store import BacktestStore

_AMOUNTS = ("entry_price", "exit_price", "quantity", "pnl_usdt", "fees_usdt", "funding_usdt")
_OPTIONAL_AMOUNTS = ("pnl_r", "gross_pnl_r", "stop_price", "mfe_usdt", "mae_usdt")
_AS_THEY_ARE = ("instrument_id", "entry_time", "exit_time", "exit_reason")


class PostgresBacktestStore(BacktestStore):
    """``backtest_runs`` and ``backtest_trades``; a run and its trades in one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def save(self, run: RunRecord) -> bool:
        """Replace the rows of the run in one transaction."""
        with self._engine.begin() as connection:
            # The same run stored by two processes at once: the second waits at the key and replaces the first.
            known = connection.execute(
                insert(backtest_runs)
                .values(**_run_row(run))
                .on_conflict_do_nothing(index_elements=["run_id"])
                .returning(backtest_runs.c.run_id)
            ).first()
            if known is None:
                connection.execute(
                    backtest_runs.update().where(backtest_runs.c.run_id == run.run_id).values(**_run_row(run))
                )
                connection.execute(delete(backtest_trades).where(backtest_trades.c.run_id == run.run_id))
            _insert_trades(connection, run)
        return known is not None

    def load(self, run_id: str) -> RunRecord:
        """Read the run with its trades."""
        with reading(self._engine) as connection:
            row = self._run(connection, run_id)
            trades = connection.execute(
                select(backtest_trades)
                .where(backtest_trades.c.run_id == row.run_id)
                .order_by(backtest_trades.c.position)
            )
            return RunRecord(
                run_id=row.run_id,
                params=row.params,
                metrics=row.metrics,
                trades=tuple(_trade(trade) for trade in trades),
                curve=EquityCurve(np.array(row.equity_close_ms, np.int64), np.array(row.equity, np.float64)),
            )

    def delete(self, run_id: str) -> bool:
        """Delete the run; its trades go with it."""
        with self._engine.begin() as connection:
            gone = connection.execute(delete(backtest_runs).where(backtest_runs.c.run_id == run_id))
            return gone.rowcount == 1

    def newest(self, limit: int) -> Sequence[RunSummary]:
        """Read summaries alone, not the trades."""
        runs = backtest_runs.c
        columns = (runs.run_id, runs.strategy, runs.instrument_ids, runs.timeframe, runs.metrics, runs.written_at)
        with reading(self._engine) as connection:
            rows = connection.execute(select(*columns).order_by(runs.written_at.desc(), runs.run_id).limit(limit))
            return [
                RunSummary(
                    run_id=row.run_id,
                    strategy=row.strategy,
                    instrument_ids=tuple(map(InstrumentId, row.instrument_ids)),
                    timeframe=row.timeframe,
                    trades=int(row.metrics["trades"]),
                    written_at=row.written_at,
                )
                for row in rows
            ]

    def _run(self, connection: Connection, run_id: str) -> Row[tuple[object, ...]]:
        """The row that an id or the beginning of one means."""
        found = backtest_runs.c.run_id
        # Before any beginning: an id that begins another one has to stay reachable.
        exact = connection.execute(select(backtest_runs).where(found == run_id)).first()
        if exact is not None:
            return exact
        # Two would do to tell that it is ambiguous; a third shows the reader that there are more.
        begins = select(backtest_runs).where(found.startswith(run_id, autoescape=True)).order_by(found).limit(3)
        rows = connection.execute(begins).all()
        if len(rows) == 1:
            return rows[0]
        several = f"several runs begin with it, such as {', '.join(row.run_id for row in rows)}"
        raise DataError(f"backtest {run_id!r}: {several if rows else 'no such run is stored'}")


def trade_id(run_id: str, position: int) -> str:
    """Name of a run's trade: SHA-256 of run and position, so that two runs never share one."""
    return hashlib.sha256(f"{run_id}|{position}".encode()).hexdigest()


def _run_row(run: RunRecord) -> dict[str, object]:
    params = run.params
    return {
        "run_id": run.run_id,
        **{
            name: params[name]
            for name in ("strategy", "strategy_version", "instrument_ids", "timeframe", "code_version")
        },
        "params": params,
        "metrics": dict(run.metrics),
        "equity_close_ms": run.curve.close_ms.tolist(),
        "equity": run.curve.equity.tolist(),
    }


def _insert_trades(connection: Connection, run: RunRecord) -> None:
    rows = [_trade_row(run.run_id, position, trade) for position, trade in enumerate(run.trades)]
    if rows:
        connection.execute(insert(backtest_trades), rows)


def _trade_row(run_id: str, position: int, trade: TradeRecord) -> dict[str, object]:
    return {
        "trade_id": trade_id(run_id, position),
        "run_id": run_id,
        "position": position,
        "side": trade.side.value,
        **{name: getattr(trade, name) for name in _AS_THEY_ARE},
        **{name: _decimal(getattr(trade, name)) for name in (*_AMOUNTS, *_OPTIONAL_AMOUNTS)},
        "legs": [_leg_document(leg) for leg in trade.legs],
        "entries": [_leg_document(leg) for leg in trade.entries],
    }


def _decimal(value: float | None) -> Decimal | None:
    """The shortest decimal that reads back as the same float."""
    return None if value is None else Decimal(repr(value))


def _trade(row: Row[tuple[object, ...]]) -> TradeRecord:
    values = row._mapping
    numbers = {name: None if values[name] is None else float(values[name]) for name in (*_AMOUNTS, *_OPTIONAL_AMOUNTS)}
    return TradeRecord(
        side=Bias(values["side"]),
        **{name: values[name] for name in _AS_THEY_ARE},
        **numbers,  # type: ignore[arg-type]
        legs=tuple(_leg(leg) for leg in values["legs"]),
        entries=tuple(_leg(leg) for leg in values["entries"]),
    )


def _leg_document(leg: LegRecord) -> dict[str, object]:
    return {**asdict(leg), "time": leg.time.isoformat()}


def _leg(document: Mapping[str, object]) -> LegRecord:
    values = {**document, "time": datetime.fromisoformat(str(document["time"]))}
    return LegRecord(**values)  # type: ignore[arg-type]
