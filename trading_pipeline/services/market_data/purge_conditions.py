"""Remove what stood between bars and is older than anybody wants it."""

from datetime import timedelta

from trading_pipeline.domain.model.market_feeds import MarketFeeds
from trading_pipeline.ports.stores.market_data.condition_retention import ConditionRetention


def purge_conditions(retention: ConditionRetention, feeds: MarketFeeds) -> dict[str, int]:
    """Rows removed, by kind; a kind that is kept for ever is left out."""
    return {kind: retention.remove_older(kind, keep) for kind, keep in feeds.kept.items() if keep > timedelta()}
