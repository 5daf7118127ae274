"""CSV files from disk."""

from pathlib import Path

import pandas as pd

from trading_pipeline.domain.model.csv_tables import table_of
from trading_pipeline.domain.model.errors import ConfigurationError


def read_csv_file(path: Path, columns: tuple[str, ...]) -> pd.DataFrame:
    """The rows of a CSV file, plain or packed (see ``domain/model/archives``).

    :param columns: what the file should have, for the message.
    :raises ConfigurationError: it cannot be read.
    :raises DataError: it is no table.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise ConfigurationError(f"{path}: no such file; give a CSV or CSV.gz with {','.join(columns)}") from None
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror or error}") from error
    return table_of(content, str(path))
