"""Files of bars that wait."""

from abc import ABC, abstractmethod

from trading_pipeline.domain.model.bar_uploads import BarUpload


class UploadStore(ABC):
    """Keeps a file until its bars were taken, or for a week."""

    @abstractmethod
    def keep(self, upload: BarUpload) -> None:
        """Keep it; one that is there already stays as it is."""

    @abstractmethod
    def waiting(self, upload_id: str) -> BarUpload | None:
        """The file of an id."""

    @abstractmethod
    def forget(self, upload_id: str) -> bool:
        """Remove it; false where there was none."""
