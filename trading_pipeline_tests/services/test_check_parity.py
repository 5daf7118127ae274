"""What the engine is asked to decide itself, and what it is given."""

from dataclasses import replace
from datetime import datetime

import pytest
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.signal_store import PostgresSignalStore
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.portfolio.sizing import SizingModel, SizingRule
from trading_pipeline.ports.trade_history import AccountTerms, TradeHistory, TradeRow
from trading_pipeline.services.check_parity import check_parity
from trading_pipeline.services.parity_question import ParityQuestion
from trading_pipeline_tests.domain.strategies.bars import random_bars
from trading_pipeline_tests.testkit.bare_replay import strategy_plan
from trading_pipeline_tests.testkit.trading_desk import LIMITS, instrument


class NothingTraded(TradeHistory):
    """An account that the strategy has to itself and in which nothing happened."""

    def trades(self, *_: object) -> list[TradeRow]:
        """None."""
        return []

    def terms(self, *_: object) -> AccountTerms:
        """Ten thousand, alone."""
        return AccountTerms(10_000.0, None, None, {}, alone=True)

    def live_span(self, timeframe: Timeframe) -> tuple[datetime, datetime] | None:
        """Never."""
        return None


@pytest.mark.parametrize(
    ("sizing", "engine_decides"), [(None, True), (SizingRule(SizingModel.FIXED), False)], ids=["by risk", "fixed"]
)
def test_the_engine_decides_entries_and_sizes_only_where_it_has_the_sizing_model(
    database: Engine, sizing: SizingRule | None, engine_decides: bool
) -> None:
    bars = random_bars(200, timeframe="1h")
    question = ParityQuestion(
        plan=strategy_plan("ema_atr", Timeframe.H1, fast_period=3, slow_period=8),
        timeframe=Timeframe.H1,
        bars={"BTCUSDT": bars},
        start=bars["open_time"].iloc[0].to_pydatetime(),
        end=bars["close_time"].iloc[-1].to_pydatetime(),
        limits=replace(LIMITS, sizing=sizing),
        instruments={"BTCUSDT": instrument()},
    )
    report = check_parity(question, PostgresSignalStore(database), NothingTraded())
    assert report.whole_account is engine_decides
    assert any(one.kind == "trade" for one in report.differences) is engine_decides
