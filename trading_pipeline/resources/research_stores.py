"""What research keeps, and the history of trades that it is held against."""

from dataclasses import dataclass

from sqlalchemy import Engine

from trading_pipeline.adapters.stores.research.backtest_store import PostgresBacktestStore
from trading_pipeline.adapters.stores.research.calibration_store import PostgresCalibrationStore
from trading_pipeline.adapters.stores.research.trade_history import PostgresTradeHistory


@dataclass(frozen=True, slots=True)
class ResearchStores:
    """The stores of research on the connection pool of a run."""

    engine: Engine

    @property
    def backtests(self) -> PostgresBacktestStore:
        """Finished backtests."""
        return PostgresBacktestStore(self.engine)

    @property
    def history(self) -> PostgresTradeHistory:
        """What was traded, for comparison."""
        return PostgresTradeHistory(self.engine)

    @property
    def calibrations(self) -> PostgresCalibrationStore:
        """Calibrations of AVI-5."""
        return PostgresCalibrationStore(self.engine)
