"""Files of bars over HTTP: looked at when they come, taken when somebody says so."""

import re
from dataclasses import dataclass
from hashlib import sha256
from uuid import uuid4

from sqlalchemy import Engine

from trading_pipeline.adapters.stores.market_data.upload_store import PostgresUploadStore
from trading_pipeline.api.asker import Asker
from trading_pipeline.domain.model.bar_uploads import BarUpload
from trading_pipeline.domain.model.errors import ConfigurationError, DataError, UnknownName
from trading_pipeline.domain.model.identity import InstrumentId

_MOST_UNPACKED = 8_000_000
"""Bytes: eighty thousand bars, and little enough for a process that answers others meanwhile."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_COLUMNAR = (".parquet", ".feather")


@dataclass(frozen=True, slots=True)
class Uploads:
    """What waits is in the database; its bars go where those of ``bars import`` go."""

    engine: Engine

    def keep(self, asker: Asker, filename: str, content: bytes) -> BarUpload:
        """Recognise the bars of a file and keep it until they are taken.

        :raises ConfigurationError: the name is none of a file, or the file holds no sound bars; the message says why.
        """
        # pandas is a third of the process: loaded by whoever brings a file
        from trading_pipeline.domain.model.archives import opened
        from trading_pipeline.domain.model.recognised_bars import recognised_bars

        if not _NAME.fullmatch(filename):
            raise ConfigurationError(f"{filename[:100]!r} is no name of a file: up to 100 letters, digits, . _ - alone")
        try:
            columnar = opened(content, filename, _MOST_UNPACKED).name.lower().endswith(_COLUMNAR)
            found = None if columnar else recognised_bars(content, filename, most_bytes=_MOST_UNPACKED)
        except DataError as error:
            raise ConfigurationError(str(error)) from error
        if found is None:
            # few bytes of it may be billions of rows, which shows only in memory
            raise ConfigurationError(f"{filename}: bring a CSV; `trading-pipeline bars import` takes columnar files")
        upload_id = sha256(f"{filename}\n".encode() + content).hexdigest()
        recognised, bars = found.described(), len(found.frame)
        who = asker.principal.name
        upload = BarUpload(upload_id, filename, content, found.symbol, found.timeframe, bars, recognised, who)
        PostgresUploadStore(self.engine).keep(upload)
        asker.record(self.engine, "upload.keep", upload_id, after={"filename": filename, "bars": bars})
        return upload

    def waiting(self, upload_id: str) -> BarUpload:
        """The file of an id.

        :raises UnknownName: none waits.
        """
        found = PostgresUploadStore(self.engine).waiting(upload_id)
        if found is None:
            raise UnknownName(f"no upload {upload_id[:100]!r} waits; ids stand in the list of uploads")
        return found

    def ingest(self, asker: Asker, upload: BarUpload, instrument_id: InstrumentId, reason: str) -> tuple[str, int]:
        """Take the bars of a file; what stream or venue told about a bar goes before it.

        :returns: the run of the row in ``backfill_runs``, and how many bars no file had told before.
        :raises ConfigurationError: the file says that its bars are another instrument's.
        """
        from trading_pipeline.domain.model.recognised_bars import recognised_bars
        from trading_pipeline.resources.bar_imports import import_by_operator

        found = recognised_bars(upload.content, upload.filename, most_bytes=_MOST_UNPACKED)
        params = {"file": upload.filename, "sha256": sha256(upload.content).hexdigest(), "reason": reason}
        run_id = str(uuid4())
        new = import_by_operator(self.engine, found, instrument_id, run_id, asker.principal.name, params)
        PostgresUploadStore(self.engine).forget(upload.upload_id)
        asker.record(self.engine, "upload.ingest", upload.upload_id, after={**params, "run_id": run_id, "new": new})
        return run_id, new

    def drop(self, asker: Asker, upload_id: str) -> None:
        """Forget a file whose bars nobody wants.

        :raises UnknownName: none of the id waits.
        """
        upload = self.waiting(upload_id)
        PostgresUploadStore(self.engine).forget(upload_id)
        asker.record(self.engine, "upload.drop", upload_id, before={"filename": upload.filename, "bars": upload.bars})
