"""How a strategy is run: its parameters, the bars it looks at, the lifecycle of its trades."""

from collections.abc import Iterable
from dataclasses import dataclass

from trading_pipeline.domain.lifecycle.lifecycle import Lifecycle
from trading_pipeline.domain.model.guards import EntryGuards
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.domain.strategies.framework.base import Strategy


@dataclass(frozen=True, slots=True)
class StrategyConfig:
    """One enabled strategy of the configuration.

    :param timeframes: those it trades.
    :param instrument_ids: empty means every instrument of the universe.
    :param guards: what has to be true of the moment of an entry; ``None`` asks nothing.
    :param watched: timeframes on which it gives signals that nothing is planned from.
    """

    strategy: Strategy
    timeframes: tuple[Timeframe, ...]
    instrument_ids: tuple[InstrumentId, ...]
    lifecycle: Lifecycle
    guards: EntryGuards | None = None
    watched: tuple[Timeframe, ...] = ()

    def covers(self, instrument_id: InstrumentId, timeframe: Timeframe) -> bool:
        """Whether the strategy trades these bars."""
        return timeframe in self.timeframes and self._follows(instrument_id)

    def watches(self, instrument_id: InstrumentId, timeframe: Timeframe) -> bool:
        """Whether the strategy gives signals at these bars and trades none of them."""
        return timeframe in self.watched and self._follows(instrument_id)

    def looks_at(self, instrument_id: InstrumentId, timeframe: Timeframe) -> bool:
        """Whether the strategy gives signals at these bars."""
        return self.covers(instrument_id, timeframe) or self.watches(instrument_id, timeframe)

    def _follows(self, instrument_id: InstrumentId) -> bool:
        return not self.instrument_ids or instrument_id in self.instrument_ids


def only_watched(
    configs: Iterable[StrategyConfig], strategy: str, instrument_id: InstrumentId, timeframe: Timeframe
) -> bool:
    """Whether nothing is planned from what the strategy says of these bars."""
    return any(one.strategy.name == strategy and one.watches(instrument_id, timeframe) for one in configs)


def running(plans: Iterable[StrategyConfig]) -> list[tuple[str, Timeframe]]:
    """Every strategy and timeframe that runs, each once: one strategy may have a file for some instruments each."""
    # A dict keeps the order in which files were read, and each pair once.
    return list(dict.fromkeys((plan.strategy.name, timeframe) for plan in plans for timeframe in plan.timeframes))
