"""Client order ids that every venue takes."""

import re

import pytest

from trading_pipeline.domain.model.orders import Purpose, order_link_id
from trading_pipeline.domain.model.plans import plan_id_of

NEW = plan_id_of("0123456789abcdef" * 4)
OLD = "0123456789abcdef01234567"


@pytest.mark.parametrize("purpose", Purpose)
@pytest.mark.parametrize("attempt", [0, 1, 99])
@pytest.mark.parametrize("layer", [1, 2, 20])
def test_a_link_id_suits_every_venue(purpose: Purpose, attempt: int, layer: int) -> None:
    assert re.fullmatch(r"[0-9A-Za-z_-]{1,28}", order_link_id(NEW, purpose, attempt, layer))


def test_orders_with_older_link_ids_are_found() -> None:
    assert order_link_id(OLD, Purpose.TAKE_PROFIT_1, 2) == f"{OLD}_TP12"
