"""The one entry point: the definitions of every context, and what holds for all of them."""

import dagster as dg

from trading_pipeline.defs.accounting import definitions as accounting
from trading_pipeline.defs.execution import definitions as execution
from trading_pipeline.defs.market_data import definitions as market_data
from trading_pipeline.defs.operations import definitions as operations
from trading_pipeline.defs.research import definitions as research
from trading_pipeline.defs.resources import RESOURCES
from trading_pipeline.defs.strategy import definitions as strategy

# One object of this kind may stand in an entry point, so that those of the contexts stay in their modules.
defs = dg.Definitions.merge(
    market_data.defs,
    strategy.defs,
    execution.defs,
    accounting.defs,
    research.defs,
    operations.defs,
    # the multiprocess default starts an interpreter per step, 1.6 s each
    dg.Definitions(resources=RESOURCES, executor=dg.in_process_executor),
)
