"""Tells whoever started a simulated system how to look into it."""

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.identity import TradingMode
from trading_pipeline.runtime.supervision.environment import SystemState
from trading_pipeline.runtime.supervision.stages import Say
from trading_pipeline.runtime.supervision.subprocess_tasks import OPERATOR, sign_in_link


def welcome(state: SystemState, say: Say) -> None:
    """Say where the API is; where nothing real is traded, with a link that signs in once."""
    settings = state.settings
    if settings.mode is not TradingMode.SIMULATED:
        say(f"API {settings.api_address}/docs; `trading-pipeline users add NAME --role admin` lets somebody in")
        return
    try:
        say(f"API and Dagster UI, signs you in once within ten minutes: {sign_in_link(state.variables)}")
        say(f"later: `trading-pipeline users link {OPERATOR}` makes another, `users add NAME` lets somebody in")
    # A system that trades does not end because nobody can be shown it.
    except ConfigurationError as error:
        say(f"API {settings.api_address}/docs; no sign-in link: {error}")
