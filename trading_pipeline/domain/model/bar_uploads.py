"""Files of bars that people bring to a running system."""

from collections.abc import Sequence
from dataclasses import dataclass

from trading_pipeline.domain.model.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class BarUpload:
    """A file that waits for somebody to take its bars.

    :param upload_id: SHA-256 of name and content, so that a file that comes twice is one.
    :param symbol: as the file or its name says, empty where neither does.
    :param recognised: what was recognised in it, in lines for people.
    """

    upload_id: str
    filename: str
    content: bytes
    symbol: str
    timeframe: str
    bars: int
    recognised: Sequence[str]
    actor: str

    @property
    def named_symbol(self) -> str:
        """Whose bars the file says it holds.

        :raises ConfigurationError: it does not say.
        """
        if not self.symbol:
            raise ConfigurationError(f"{self.filename} does not say whose bars it holds; give instrument_id")
        return self.symbol
