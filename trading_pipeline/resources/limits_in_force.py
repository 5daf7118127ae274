"""The limits that entries are held against: those of the files, under what people changed while everything ran."""

from pathlib import Path

from sqlalchemy import Engine

from trading_pipeline.adapters.parameters.risk import load_risk
from trading_pipeline.adapters.stores.operations.limit_changes import PostgresLimitChanges
from trading_pipeline.domain.risk.limits import RiskLimits


def limits_in_force(engine: Engine, config_dir: Path) -> RiskLimits:
    """Read both anew.

    :raises ConfigurationError: a file is wrong, or does not go with what was changed; nothing is entered until it is.
    """
    return load_risk(config_dir, PostgresLimitChanges(engine).values())
