"""The command that runs the feed."""


def feed() -> None:
    """Keep bars, orders and fills coming: the venue's WebSockets into PostgreSQL and Redis, until Ctrl-C."""
    from trading_pipeline.runtime.feed.process import run_feed
    from trading_pipeline.settings import Settings

    run_feed(Settings())
