"""Writing trade plans to PostgreSQL."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Engine

from trading_pipeline.adapters.stores.bulk_copy import merge, quoted
from trading_pipeline.adapters.stores.tables import trade_plans
from trading_pipeline.domain.model.plans import PlanStatus, TradePlan
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.ports.plan_store import PlanStore, PlansWritten

_COLUMNS = (
    "plan_id",
    "signal_id",
    "strategy",
    "strategy_version",
    "symbol",
    "timeframe",
    "close_time",
    "bias",
    "entry_price",
    "stop_price",
    "targets",
    "runner",
    "guards",
    "score",
    "valid_until",
    "status",
    "run_id",
)
_NULL = "\\N"
_EXECUTABLE = (
    "SELECT count(*) FROM trading.trade_plans"
    " WHERE status = 'new' AND timeframe = %(timeframe)s AND close_time = %(close_time)s"
)


class PostgresPlanStore(PlanStore):
    """One transaction per call."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def save(
        self, plans: Sequence[TradePlan], timeframe: Timeframe, executable_close: datetime | None, run_id: str
    ) -> PlansWritten:
        """See the port."""
        rows = (_row(plan, executable_close, run_id) for plan in plans)
        with self._engine.begin() as connection:
            changed = merge(
                connection,
                trade_plans,
                _COLUMNS,
                rows,
                unless="stored.status <> 'historical'",
                ignoring=("run_id",),
            )
            wave = {"timeframe": timeframe.value, "close_time": executable_close}
            executable = connection.exec_driver_sql(_EXECUTABLE, wave).scalar_one() if executable_close else 0
        return PlansWritten(changed, executable)


def _row(plan: TradePlan, executable_close: datetime | None, run_id: str) -> tuple[str, ...]:
    status = PlanStatus.NEW if plan.close_time == executable_close else PlanStatus.HISTORICAL
    targets = [{"r_multiple": str(target.r_multiple), "fraction": str(target.fraction)} for target in plan.targets]
    runner = {
        "fraction": str(plan.runner.fraction),
        "atr_multiple": str(plan.runner.atr_multiple),
        "atr_period": plan.runner.atr_period,
    }
    return (
        plan.plan_id,
        plan.signal_id,
        quoted(plan.strategy),
        plan.strategy_version,
        plan.symbol,
        plan.timeframe.value,
        plan.close_time.isoformat(),
        plan.bias.value,
        str(plan.entry_price),
        str(plan.stop_price),
        json.dumps(targets),
        json.dumps(runner),
        _NULL if plan.guards is None else json.dumps({name: str(value) for name, value in asdict(plan.guards).items()}),
        str(plan.score),
        plan.valid_until.isoformat(),
        status.value,
        quoted(run_id),
    )
