"""Which strategies have bars enough for a backtest to be held against them."""

from collections.abc import Sequence
from dataclasses import replace

import pandas as pd

from trading_pipeline.services.research.backtest_request import StrategyRun
from trading_pipeline.services.research.parity_question import ParityQuestion
from trading_pipeline.services.research.research_window import in_window


def comparable_runs(
    question: ParityQuestion, runs: Sequence[StrategyRun]
) -> tuple[tuple[StrategyRun, ...], tuple[str, ...]]:
    """The runs with the instruments on which a backtest can decide anything, and what is left out, in words.

    A young system has not a year of daily bars yet, and a day holds one of them: what is compared of it is the rest.
    A trade of what is left out is a difference all the same, as no backtest knows it. Where nothing is left, all runs
    are given back, so that the backtest says what is missing.
    """
    kept, lacking = [], []
    for run in runs:
        bars = {name: frame for name, frame in run.bars.items() if _enough(question, run, frame)}
        if bars:
            kept.append(replace(run, bars=bars))
        if missing := [name for name in run.bars if name not in bars]:
            lacking.append(
                f"no {run.strategy.name} {run.timeframe} of {', '.join(missing)}, which has fewer than "
                f"{run.strategy.warmup_bars} bars or fewer than two in this time"
            )
    return (tuple(kept), tuple(lacking)) if kept else (tuple(runs), ())


def _enough(question: ParityQuestion, run: StrategyRun, bars: pd.DataFrame) -> bool:
    return len(bars) >= run.strategy.warmup_bars and int(in_window(bars, question.window).sum()) > 1
