"""Files of bars in PostgreSQL, where every process of the API finds them."""

from datetime import timedelta

from sqlalchemy import Engine, delete, func, select
from sqlalchemy.dialects.postgresql import insert

from trading_pipeline.adapters.stores.postgres.database import reading
from trading_pipeline.adapters.stores.postgres.operations_tables import bar_uploads
from trading_pipeline.domain.model.bar_uploads import BarUpload
from trading_pipeline.ports.stores.market_data.upload_store import UploadStore

_KEPT = timedelta(days=7)
_OF_UPLOAD = ("upload_id", "filename", "content", "symbol", "timeframe", "bars", "recognised", "actor")


class PostgresUploadStore(UploadStore):
    """``trading.bar_uploads``."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def keep(self, upload: BarUpload) -> None:
        """Those that nobody took within a week go at the same time: nothing else ends their number."""
        row = {name: getattr(upload, name) for name in _OF_UPLOAD} | {"recognised": list(upload.recognised)}
        old = bar_uploads.c.uploaded_at < func.now() - _KEPT
        with self._engine.begin() as connection:
            connection.execute(delete(bar_uploads).where(old))
            connection.execute(insert(bar_uploads).values(**row).on_conflict_do_nothing())

    def waiting(self, upload_id: str) -> BarUpload | None:
        """One row."""
        query = select(*(bar_uploads.c[name] for name in _OF_UPLOAD)).where(bar_uploads.c.upload_id == upload_id)
        with reading(self._engine) as connection:
            row = connection.execute(query).mappings().first()
        return None if row is None else BarUpload(**row)

    def forget(self, upload_id: str) -> bool:
        """Delete the row."""
        with self._engine.begin() as connection:
            gone = connection.execute(
                delete(bar_uploads).where(bar_uploads.c.upload_id == upload_id).returning(bar_uploads.c.upload_id)
            )
            return gone.first() is not None
