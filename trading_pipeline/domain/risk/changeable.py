"""Which limits may be changed while everything runs: those that are asked anew at each entry and nowhere else."""

from collections.abc import Collection, Mapping

from trading_pipeline.domain.model.backfills import require_known
from trading_pipeline.domain.model.errors import ConfigurationError

CHANGEABLE = frozenset(
    {
        "max_open_positions",
        "max_daily_loss",
        "cooldown_bars",
        "max_wallet_age_s",
        "entries_by",
        "warn_at",
        "circuit",
        "losses",
        "activity",
        "cooldowns",
        "portfolio",
        "market",
        "orders",
        "pause",
        "lag",
    }
)
"""Keys and sections of ``risk.yaml``."""

_PLANNED = "it stands in stored plans, which a rerun has to write again as they are"
FIXED: Mapping[str, str] = {
    "profile": "it is many limits at once, which somebody has to review",
    "risk_per_trade": _PLANNED,
    "sizing": _PLANNED,
    "plan_ttl_bars": _PLANNED,
    "max_leverage": "the venue keeps it for positions that are open",
    "reconciliation": "it decides what is booked out of the ledger while nobody looks",
}
"""The others, each with the reason."""


def fixed_because(key: str) -> str:
    """Why a limit cannot be changed while everything runs; empty where it can."""
    name = key.partition(".")[0]
    return "" if name in CHANGEABLE else FIXED.get(name, "nobody has said that it can")


def require_changeable(key: str, known: Collection[str]) -> None:
    """Let through what may be changed.

    :param known: every key there is.
    :raises ConfigurationError: there is no such limit, or it is changed in the file alone; the message says why.
    """
    require_known(key, known, "limit")
    if reason := fixed_because(key):
        raise ConfigurationError(f"{key} is not changed while everything runs: {reason}; change config/risk.yaml")
