"""A replay in the words of a backtest, so that one kind of report shows both."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from trading_pipeline.adapters.parameters.strategies import load_strategies
from trading_pipeline.adapters.stores.research.replay_facts import ReplayFacts
from trading_pipeline.adapters.stores.research.sent_orders import refused_plans, sent_orders
from trading_pipeline.adapters.stores.research.trade_history import PostgresTradeHistory
from trading_pipeline.domain.analysis.metrics import equity_metrics, r_metrics, result_metrics
from trading_pipeline.domain.model.backtest_runs import EquityCurve, LegRecord, RunRecord, TradeRecord
from trading_pipeline.domain.model.pipeline_runs import PipelineRecord
from trading_pipeline.domain.model.signals import Bias
from trading_pipeline.domain.model.timeframes import Timeframe, to_ms
from trading_pipeline.domain.model.trade_history import TradeRow
from trading_pipeline.domain.strategies.framework.plan import running
from trading_pipeline.runtime.replay.replay_plan import ReplayPlan
from trading_pipeline.runtime.replay.replaying import Replayed

_DIGITS = 9
"""Decimal places of USDT that figures tell apart."""


def traded(plan: ReplayPlan, done: Replayed) -> list[TradeRow]:
    """Every position in the order of signals, open ones too."""
    history = PostgresTradeHistory(done.engine)
    rows = [
        row
        for name, timeframe in running(load_strategies(plan.config_dir))
        for row in history.trades(name, timeframe, plan.since, plan.end)
    ]
    return sorted(rows, key=lambda row: (row.signalled_at, row.instrument_id))


def pipeline_record(plan: ReplayPlan, done: Replayed, rows: Sequence[TradeRow]) -> PipelineRecord:
    """What a backtest has not.

    :param rows: every position, see ``traded``.
    """
    return PipelineRecord(
        source=plan.source,
        waves=done.facts.counts["waves"],
        orders=sent_orders(done.engine, plan.since, plan.end),
        refused=refused_plans(done.engine, plan.since, plan.end),
        open_positions=tuple(row for row in rows if not row.exit_reason),
        plan_latency=done.facts.plan_latency,
        order_latency=done.facts.order_latency,
    )


def run_record(run_id: str, plan: ReplayPlan, done: Replayed, rows: Sequence[TradeRow]) -> RunRecord:
    """Closed trades with their legs, the equity at every close, and figures about both.

    :param rows: every position, see ``traded``.
    """
    strategies = load_strategies(plan.config_dir)
    trades = tuple(trade_record(row) for row in rows if row.exit_reason)
    step = done.universe.finest
    curve = equity_curve(plan, done.facts, step)
    initial = float(curve.equity[0])
    return RunRecord(
        run_id=run_id,
        params={
            "strategy": ", ".join(sorted({one.strategy.name for one in strategies})),
            "strategy_version": ", ".join(sorted({one.strategy.version for one in strategies})),
            "instrument_ids": sorted(plan.instrument_ids),
            "timeframe": step.value,
            "timeframes": [timeframe.value for timeframe in done.universe.timeframes],
            "source": plan.source,
            "initial_capital": initial,
            "rules": {"line": "rules live: what the pipeline did"},
            "config": {},
        },
        metrics=replay_metrics(trades, curve, initial, step, done.facts.signal_outcomes),
        trades=trades,
        curve=curve,
    )


def equity_curve(plan: ReplayPlan, facts: ReplayFacts, step: Timeframe) -> EquityCurve:
    """The newest reading of the account (quote currency) at every close; before the first reading that reading."""
    closes = np.arange(to_ms(plan.start), to_ms(plan.end) + 1, step.ms, dtype=np.int64)
    read_ms = np.array([to_ms(at) for at, _ in facts.equity], np.int64)
    equity = np.array([float(value) for _, value in facts.equity])
    newest = np.searchsorted(read_ms, closes, side="right") - 1
    # -1 is a close before the first reading.
    return EquityCurve(closes, equity[np.maximum(newest, 0)])


def trade_record(row: TradeRow) -> TradeRecord:
    """A closed position as backtests keep trades: money in USDT, results in R as well."""
    closed = sum(leg.quantity for leg in row.legs)
    # One R: from the average entry to the tightest of the entries' stops, as everywhere.
    risk = abs(row.entry_price - row.stop_price) * row.quantity
    net = row.pnl - row.fees - row.funding
    return TradeRecord(
        instrument_id=row.instrument_id,
        side=Bias(row.bias),
        entry_time=row.signalled_at,
        entry_price=row.entry_price,
        exit_time=row.legs[-1].time,
        exit_price=sum(leg.price * leg.quantity for leg in row.legs) / closed,
        quantity=row.quantity,
        pnl_usdt=net,
        pnl_r=net / risk if risk else None,
        gross_pnl_r=row.pnl / risk if risk else None,
        fees_usdt=row.fees,
        funding_usdt=row.funding,
        exit_reason=row.exit_reason,
        legs=tuple(LegRecord(leg.time, leg.price, leg.quantity / row.quantity, leg.kind) for leg in row.legs),
        entries=tuple(LegRecord(leg.time, leg.price, leg.quantity / row.quantity, leg.kind) for leg in row.entries),
        stop_price=row.stop_price,
        targets=row.targets,
    )


def replay_metrics(
    trades: Sequence[TradeRecord],
    curve: EquityCurve,
    initial: float,
    step: Timeframe,
    signal_outcomes: Mapping[str, int],
) -> Mapping[str, float | None]:
    """Figures about the account, its closed trades and its signals; ``None`` where there is nothing to measure.

    :param initial: equity at the first close, USDT.
    :param signal_outcomes: how many entry signals met which outcome.
    """

    def column(name: str) -> npt.NDArray[np.float64]:
        return np.array([getattr(trade, name) for trade in trades], np.float64)

    figures: dict[str, float] = {"trades": float(len(trades))}
    if len(curve.equity) > 1:
        figures |= equity_metrics(curve.equity, curve.close_ms, initial, step.ms)
    if trades:
        pnl, fees, funding = column("pnl_usdt"), column("fees_usdt"), column("funding_usdt")
        # the dust of float64 would make a winner of a trade that left where it entered
        figures |= result_metrics(pnl, np.round(pnl + fees + funding, _DIGITS), fees, funding, initial)
        figures |= r_metrics(column("pnl_r"), column("gross_pnl_r"))
    figures["signals"] = float(sum(signal_outcomes.values()))
    figures |= {f"signals_{outcome}": float(count) for outcome, count in signal_outcomes.items()}
    return {name: float(value) if np.isfinite(value) else None for name, value in figures.items()}
