"""What the feed writes while it listens: no run computes it, everything else is computed from it."""

import dagster as dg

from trading_pipeline.defs.market_data.partitions import UNIVERSE

PUBLIC_STREAM = f"{UNIVERSE.venue}_public_stream"
PRIVATE_STREAM = f"{UNIVERSE.venue}_private_stream"

feed_assets = [
    dg.AssetSpec(
        PUBLIC_STREAM,
        group_name="market_data",
        kinds={UNIVERSE.venue},
        description="Klines, tickers and order books as the venue publishes them, on its public WebSocket and by REST.",
    ),
    dg.AssetSpec(
        PRIVATE_STREAM,
        group_name="execution",
        kinds={UNIVERSE.venue},
        description="What the venue tells of our own account: orders, executions, positions, wallet.",
    ),
    dg.AssetSpec(
        "raw_bars",
        deps=[PUBLIC_STREAM],
        group_name="market_data",
        kinds={"python", "postgres"},
        description="Every bar as its source told it last, by the feed and where gaps are filled; nothing is removed.",
    ),
    dg.AssetSpec(
        "book_samples",
        deps=[PUBLIC_STREAM],
        group_name="market_data",
        kinds={"python", "postgres"},
        description="What the order book said at closes, where an enabled strategy asks for it; written by the feed.",
    ),
    dg.AssetSpec(
        "tickers",
        deps=[PUBLIC_STREAM],
        group_name="market_data",
        kinds={"python", "postgres"},
        description="Best prices, mark, index, funding to come and open interest, once in `feeds.tickers.every_s`.",
    ),
    dg.AssetSpec(
        "book_snapshots",
        deps=[PUBLIC_STREAM],
        group_name="market_data",
        kinds={"python", "postgres"},
        description="Whole order books, where `feeds.book_snapshots` has a `depth`, one in `every_s`; for research.",
    ),
    dg.AssetSpec(
        "public_trades",
        deps=[PUBLIC_STREAM],
        group_name="market_data",
        kinds={"python", "postgres"},
        description="What others traded, each trade once; for research, where `feeds.public_trades.wanted` says so.",
    ),
]
