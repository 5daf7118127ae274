"""The table of what is served, on the page."""

from trading_pipeline.exchange_simulator.routes.catalog import PUBLIC, SIGNED
from trading_pipeline.exchange_simulator.server import Addresses
from trading_pipeline_tests.exchange_simulator.compatibility import COMPARED_BY, PAGE, section_of, table_of


def test_the_table_says_what_a_running_exchange_serves(venue: Addresses) -> None:
    assert section_of(PAGE.read_text()) == table_of(venue)


def test_every_request_that_is_served_is_documented_and_compared() -> None:
    table = section_of(PAGE.read_text())
    routes = {f"{method} {path}" for method, path in (*PUBLIC, *SIGNED)}
    assert {one for one in routes if f"`{one}` | `{COMPARED_BY.get(one)}`" not in table} == set()
