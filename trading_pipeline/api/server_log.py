"""How the server writes what it does: as ever, without the tickets that addresses of sockets carry."""

import logging
import re
from copy import deepcopy
from typing import Any

from uvicorn.config import LOGGING_CONFIG

_TICKET = re.compile(r"(ticket=)[^&\s\"']+")


class HiddenTickets(logging.Filter):
    """Writes dots for every ticket: good once or not, a log is read by more people than may look on."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Change the finished sentence; its parts may be objects that become text only there."""
        said = record.getMessage()
        if "ticket=" in said:
            record.msg, record.args = _TICKET.sub(r"\1…", said), None
        return True


def server_log() -> dict[str, Any]:
    """Uvicorn's own configuration of its log, with tickets hidden on every way out."""
    config = deepcopy(LOGGING_CONFIG)
    config["filters"] = {"tickets": {"()": HiddenTickets}}
    for handler in config["handlers"].values():
        handler["filters"] = ["tickets"]
    return config
