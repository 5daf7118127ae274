"""From what was typed to a backtest that can be run; names before files, so that a slip is told at once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from trading_pipeline.adapters.files.code_version import deciding_code_version
from trading_pipeline.adapters.files.funding_files import read_funding_file
from trading_pipeline.adapters.parameters.universe import load_universe
from trading_pipeline.cli.bar_sources import TypedBars, require_place_for
from trading_pipeline.cli.rules import Rules, TypedRules, read_rules
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.holes import HolePolicy
from trading_pipeline.domain.model.identity import InstrumentId
from trading_pipeline.domain.model.orders import OrderType
from trading_pipeline.domain.model.plans import TrailAt
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.services.research.backtest_request import BacktestRequest, StrategyRun
from trading_pipeline.services.research.research_window import Window
from trading_pipeline.settings import Settings

if TYPE_CHECKING:
    import pandas as pd

    from trading_pipeline.adapters.files.bar_files import ReadBars


@dataclass(frozen=True, slots=True)
class TypedBacktest:
    """What was typed.

    :param timeframes: empty for those of each strategy's file that the bars can be made into.
    :param funding: path, in which ``{symbol}`` stands for the instrument; likewise ``magnifier``.
    """

    bars: TypedBars
    instrument_ids: tuple[InstrumentId, ...]
    strategies: tuple[str, ...]
    timeframes: tuple[Timeframe, ...]
    rules: TypedRules
    window: Window
    funding: str = ""
    magnifier: str = ""


def request_of(typed: TypedBacktest) -> BacktestRequest:
    """Everything read and checked.

    :raises ConfigurationError: a name or a value that does not exist, or a file that cannot be read.
    :raises DataError: bars, funding or finer bars that cannot be used.
    """
    for source in (typed.bars.source, typed.funding, typed.magnifier):
        if source:
            require_place_for(source, typed.instrument_ids)
    # at which closes `trail_at: finest` moves stops is all that bars decide about rules, so names can be read before
    rules = read_rules(Settings().config_dir, typed.strategies, typed.rules, Timeframe.M1)
    base = {instrument_id: typed.bars.timeframe(instrument_id) for instrument_id in typed.instrument_ids}
    finest = max(base.values(), key=_length)
    chosen = [typed.timeframes or _of_file(rules, place, finest) for place in range(len(rules.plans))]
    shortest = min((one for several in chosen for one in several), key=_length)
    live, holes = _as_the_pipeline()
    trailed = min(max(Timeframe.M1 if typed.magnifier else finest, live, key=_length), shortest, key=_length)
    # Once more, now that it is known which closes there will be.
    rules = read_rules(Settings().config_dir, typed.strategies, typed.rules, trailed)
    late = _trailed_late(rules, trailed, live)
    read = {
        (one, instrument_id): typed.bars.read(instrument_id, one)
        for one in dict.fromkeys(one for several in chosen for one in several)
        for instrument_id in typed.instrument_ids
    }
    return BacktestRequest(
        runs=[
            StrategyRun(
                plan.strategy,
                one,
                {instrument_id: read[one, instrument_id].frame for instrument_id in typed.instrument_ids},
                config,
            )
            for plan, config, several in zip(rules.plans, rules.configs, chosen, strict=True)
            for one in several
        ],
        code_version=deciding_code_version(),
        rules=replace(
            rules.used,
            differs=(*rules.used.differs, *_beyond_files(typed, rules, chosen)),
            assumed=(*rules.used.assumed, *_assumed(typed, rules, chosen), *late),
        ),
        window=typed.window,
        steps=dict.fromkeys(typed.instrument_ids, rules.steps),
        funding={
            one: read_funding_file(_of_symbol(typed.funding, one)) for one in typed.instrument_ids if typed.funding
        },
        path=_path(typed, read, shortest),
        holes=holes,
        notes=tuple(bars.note for bars in read.values() if bars.note),
    )


def _length(timeframe: Timeframe) -> int:
    return timeframe.ms


def _as_the_pipeline() -> tuple[Timeframe, HolePolicy]:
    """The shortest timeframe that the pipeline hears closes of, and what a hole means to it.

    Where no universe says so the shortest there is, and what is done with holes where nothing is said.
    """
    folder = Settings().config_dir
    if not (folder / "universe.yaml").exists():
        return Timeframe.M1, HolePolicy.COMPUTE_OVER
    universe = load_universe(folder)
    return universe.finest, universe.holes.policy


def _trailed_late(rules: Rules, trailed: Timeframe, live: Timeframe) -> Iterator[str]:
    """Stops that the pipeline would move more often than these bars let them move."""
    if trailed.ms > live.ms and any(plan.lifecycle.runner.trail_at is TrailAt.FINEST for plan in rules.plans):
        yield f"stops trail at {trailed} closes, as no {live} bars were given"


def _of_file(rules: Rules, place: int, finest: Timeframe) -> tuple[Timeframe, ...]:
    """The timeframes of a strategy's file that can be made of the bars."""
    plan = rules.plans[place]
    made = tuple(one for one in plan.timeframes if one.ms >= finest.ms)
    if not made:
        raise ConfigurationError(
            f"{plan.strategy.name} runs on {', '.join(plan.timeframes)}, which {finest} bars cannot be made into; "
            "give finer bars or --timeframe"
        )
    return made


def _beyond_files(typed: TypedBacktest, rules: Rules, chosen: list[tuple[Timeframe, ...]]) -> Iterator[str]:
    """Timeframes and instruments that the pipeline would not run a strategy on."""
    for plan, timeframes in zip(rules.plans, chosen, strict=True):
        name, instrument_ids = plan.strategy.name, plan.instrument_ids or typed.instrument_ids
        for asked, live in ((timeframes, plan.timeframes), (typed.instrument_ids, instrument_ids)):
            beyond = [one for one in asked if one not in live]
            if beyond:
                yield f"{name} on {', '.join(beyond)} (live: {', '.join(live)})"


def _assumed(typed: TypedBacktest, rules: Rules, chosen: list[tuple[Timeframe, ...]]) -> Iterator[str]:
    """What the live system knows and this input does not say."""
    costs = rules.configs[0].costs
    if not typed.funding and costs.funding_rate:
        yield f"funding {costs.funding_rate:.4%} every {costs.funding_hours} h, as no --funding was given"
    if not rules.steps.quantity_increment:
        yield "no ticks and lots, as no steps were given"
    for plan, timeframes in zip(rules.plans, chosen, strict=True):
        name = plan.strategy.name
        if plan.guards is not None:
            yield f"{name}: no entry is kept back by spread, depth or age of the book, which bars do not tell"
        if plan.lifecycle.entry_order.order_type is OrderType.LIMIT:
            yield f"{name}: limit entries fill whole at the deciding close, as bars do not tell who takes them"
        left = [one for one in plan.timeframes if one not in timeframes]
        if left and len(plan.timeframes) < len(Timeframe):
            yield f"{name}: nothing on {', '.join(left)}"


def _path(
    typed: TypedBacktest, read: Mapping[tuple[Timeframe, InstrumentId], "ReadBars"], shortest: Timeframe
) -> "dict[InstrumentId, pd.DataFrame]":
    """The finest bars there are by instrument, where they are finer than what is decided on."""
    if typed.magnifier:
        # The finer bars only say where the price went. A minute in which
        # nothing was traded is common, and no decision is taken from it.
        zero = replace(typed.bars, source=typed.magnifier, allow_zero_volume=True)
        return {instrument_id: zero.read(instrument_id, Timeframe.M1).frame for instrument_id in typed.instrument_ids}
    finest = {instrument_id: read[shortest, instrument_id].finest for instrument_id in typed.instrument_ids}
    return {instrument_id: frame for instrument_id, frame in finest.items() if frame is not None}


def _of_symbol(source: str, instrument_id: InstrumentId) -> Path:
    return Path(source.replace("{symbol}", instrument_id.symbol))
