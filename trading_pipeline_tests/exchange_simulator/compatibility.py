"""The table of ``docs/exchange_simulator.md``: what the venue documents, asked of a running exchange.

``python -m trading_pipeline_tests.exchange_simulator.compatibility`` writes it.
"""

import json
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import requests
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect

from trading_pipeline.exchange_simulator.server import Addresses, running_exchange
from trading_pipeline.exchange_simulator.trade_stream import TRADE_PATH
from trading_pipeline.exchange_simulator.venue_tiers import USUAL, VENUE_TIERS
from trading_pipeline_tests.exchange_simulator.comparisons import COMMANDS, PAGES, PRIVATE_TOPICS, PUBLIC_TOPICS
from trading_pipeline_tests.exchange_simulator.conftest import LOCK_STEP
from trading_pipeline_tests.exchange_simulator.test_streams import ask, auth

PAGE = Path(__file__).resolve().parents[2] / "docs" / "exchange_simulator.md"
_HEADING = "## Compatibility\n"
_SURFACE = Path(__file__).resolve().parents[1] / "samples" / "bybit_documented_surface.json"
# A command that is known complains about its arguments.
_UNKNOWN_COMMAND = 10404
_TESTS = {
    "test_every_answer_carries_every_documented_field_in_its_type": [
        f"{method} {path}" for _, method, path, _ in PAGES
    ],
    "test_public_messages_carry_every_documented_field": list(PUBLIC_TOPICS),
    "test_private_pushes_carry_every_documented_field": list(PRIVATE_TOPICS),
    "test_answers_carry_every_documented_field": [operation for operation, *_ in COMMANDS],
}
COMPARED_BY = {name: test for test, names in _TESTS.items() for name in names}
"""The test that holds the form of a request, topic or command against the venue's page."""


def table_of(told: Addresses) -> str:
    """The section of the page, asked of a running exchange."""
    surface = json.loads(_SURFACE.read_text())
    groups = [(folder, _served_requests(told, asked), asked) for folder, asked in surface["requests"].items()]
    groups += [(path, _served_topics(told, path, topics), topics) for path, topics in surface["streams"].items()]
    rows = [row for name, served, documented in groups if served for row in _rows(name, served, documented)]
    elsewhere = [f"{name} ({len(documented)})" for name, served, documented in groups if not served]
    return f"""{_HEADING}
What the venue documents, asked of a running exchange by
`python -m trading_pipeline_tests.exchange_simulator.compatibility`, which writes this section; a test fails when it is
out of date. The last column is the test that holds every field's name and type against the example on the venue's page.
Of pages of which something is served, the last row says what is not.

| pages | served | its form is held against the page by |
|---|---|---|
{"".join(rows)}
Not served at all, with the number of what is documented there: {", ".join(elsewhere)}.

The numbers of `risk-limit` are the venue's for {", ".join(sorted(VENUE_TIERS))}, and with `--live` for
every contract. Nobody published those of others where we could find them: they have the ones of {USUAL}
([0129](decisions/0129-tiers-of-contracts-that-nobody-published.md)).
"""


def section_of(page: str) -> str:
    """The section as it stands on the page."""
    return _HEADING + page.split(_HEADING)[1].split("\n## ")[0]


def _rows(name: str, served: list[str], documented: list[str]) -> Iterator[str]:
    """A row for everything that is served, and one for the rest."""
    for one in served:
        test = COMPARED_BY.get(one)
        yield f"| {name} | `{one}` | {f'`{test}`' if test else 'no example on the page'} |\n"
    absent = [f"`{one}`" for one in documented if one not in served]
    if absent:
        yield f"| {name} | not: {', '.join(absent)} | |\n"


def _served_requests(told: Addresses, documented: list[str]) -> list[str]:
    """Requests that there is a route for, whatever it says to one without parameters and signature."""
    served = []
    for one in documented:
        method, path = one.split()
        answer = requests.request(method, told.rest_url + path, json={} if method == "POST" else None, timeout=5)
        if answer.status_code != requests.codes.not_found:
            served.append(one)
    return served


def _served_topics(told: Addresses, path: str, documented: list[str]) -> list[str]:
    """Topics that can be subscribed to, or commands that are known."""
    with suppress(InvalidStatus), connect(told.rest_url.replace("http", "ws", 1) + path) as socket:
        if not path.startswith("/v5/public"):
            ask(socket, auth(told))
        return [one for one in documented if _is_served(socket, path, one)]
    # There is no such socket.
    return []


def _is_served(socket: ClientConnection, path: str, one: str) -> bool:
    """Whether the topic or command is known."""
    if path == TRADE_PATH:
        return ask(socket, {"op": one})["retCode"] != _UNKNOWN_COMMAND
    answer = ask(socket, {"op": "subscribe", "args": [one]})
    # Snapshots of topics before it lie between.
    while "success" not in answer:
        answer = json.loads(socket.recv(timeout=5))
    return answer["success"] is True


def main() -> int:
    """Ask, and write the section."""
    with running_exchange(LOCK_STEP) as told:
        page = PAGE.read_text()
        PAGE.write_text(page.replace(section_of(page), table_of(told)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
