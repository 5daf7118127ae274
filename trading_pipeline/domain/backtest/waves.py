"""In which wave a bar of the paths closes."""

from trading_pipeline.domain.backtest.compiled import compiled
from trading_pipeline.domain.backtest.records import Integers


@compiled
def wave_of(waves: Integers, bar: int) -> int:
    """The wave of a bar by ``Market.wave``, which is empty where there is one path: its bars are the waves."""
    return waves[bar] if len(waves) > 0 else bar
