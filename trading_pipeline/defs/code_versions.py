"""Which code and which parameters compute each stage, so that the UI shows as stale what another one computed.

Read when the definitions are loaded: a changed file of the configuration decides from the next run on, and shows here
when the code location is reloaded.
"""

from trading_pipeline.adapters.files.code_version import digest_of
from trading_pipeline.adapters.parameters.risk import load_risk
from trading_pipeline.adapters.parameters.strategies import load_strategies
from trading_pipeline.settings import Settings

_config_dir = Settings().config_dir
_strategies = [(plan, plan.strategy.version) for plan in load_strategies(_config_dir)]

CODE_VERSIONS = {
    "bars": digest_of("domain/model", "services/market_data", "adapters/stores/market_data"),
    "indicator_snapshots": digest_of("domain/model", "domain/indicators", "services/strategy"),
    "signals": digest_of("domain", "services/strategy", parameters=_strategies),
    "trade_plans": digest_of("domain", "services/strategy", parameters=(_strategies, load_risk(_config_dir))),
}
"""By stage."""
