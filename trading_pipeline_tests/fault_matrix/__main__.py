"""Tell every scenario and write the page."""

import shutil
import sys
import tempfile
from pathlib import Path

from trading_pipeline.adapters.stores.postgres.database import connect, ensure_database
from trading_pipeline.adapters.stores.postgres.migration import migrate
from trading_pipeline.runtime.supervision.embedded import EmbeddedPostgres, EmbeddedRedis
from trading_pipeline_tests.fault_matrix.page import PAGE, page_of
from trading_pipeline_tests.fault_matrix.scenarios import SCENARIOS
from trading_pipeline_tests.fault_matrix.story import tell


def main() -> int:
    """How many scenarios end with something wrong."""
    folder = Path(tempfile.mkdtemp(prefix="trading-matrix-"))
    folder.chmod(0o755)
    server = EmbeddedPostgres(folder / "postgres")
    server.start()
    redis = EmbeddedRedis(folder / "redis")
    redis.start()
    try:
        address = server.url("matrix", "psycopg")
        ensure_database(address)
        migrate(address)
        database = connect(address)
        told = [(scenario, tell(database, redis, scenario)) for scenario in SCENARIOS]
        database.dispose()
    finally:
        redis.stop()
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
    PAGE.write_text(page_of(told))
    wrong = [scenario.name for scenario, outcome in told if outcome.wrong]
    sys.stdout.write(f"{len(told)} scenarios, {len(wrong)} wrong {wrong}; written to {PAGE.name}\n")
    return len(wrong)


if __name__ == "__main__":
    sys.exit(main())
