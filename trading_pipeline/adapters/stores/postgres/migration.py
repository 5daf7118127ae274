"""The schema of the database ``trading``, brought to its newest revision.

Apart from ``database`` because Alembic costs every process that only connects 10 MB.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy.exc import OperationalError

from trading_pipeline.adapters.stores.postgres.database import connect, unreachable

_MIGRATIONS = Path(__file__).parents[1] / "migrations"


def migrate(url: str) -> None:
    """Bring the schema to its newest revision; running it twice changes nothing.

    :raises ConfigurationError: the server cannot be reached.
    """
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["engine"] = engine = connect(url)
    try:
        command.upgrade(config, "head")
    except OperationalError as error:
        raise unreachable(url, error) from error
    finally:
        engine.dispose()
