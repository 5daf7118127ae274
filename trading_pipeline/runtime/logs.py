"""How our own processes write their logs: a line each, with level and UTC time, in colour on a terminal alone."""

import logging
import sys

import structlog


def configure_logs(level: str) -> None:
    """Set it up for this process.

    :param level: name of the least level that is written; one that there is not counts as ``info``, because settings
        refuse it by name.
    """
    least = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="%Y-%m-%d %H:%M:%SZ", utc=True),
            structlog.processors.StackInfoRenderer(),
            structlog.processors.format_exc_info,
            structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty()),
        ],
        # standard output is for what a command answers, which a program may read
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(least),
    )
