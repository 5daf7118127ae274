"""What a position earned: after fees and funding, each once."""

from decimal import Decimal

import pytest

from trading_pipeline.domain.model.positions import Position, PositionStatus
from trading_pipeline.domain.portfolio.position_sums import net_pnl, r_multiple
from trading_pipeline_tests.testkit.trading_desk import WAVE, trade_plan

PLAN = trade_plan()


def a_position(realised: str, fees: str, funding: str) -> Position:
    """5 bought at 1000 with the stop at 990: 50 at risk."""
    return Position(
        position_id=PLAN.plan_id,
        plan_id=PLAN.plan_id,
        symbol=PLAN.symbol,
        timeframe=PLAN.timeframe,
        bias=PLAN.bias,
        status=PositionStatus.CLOSED,
        quantity=Decimal(0),
        entry_quantity=Decimal(5),
        entry_price=Decimal(1000),
        initial_stop_price=Decimal(990),
        stop_price=Decimal(990),
        realised_pnl=Decimal(realised),
        fees=Decimal(fees),
        funding=Decimal(funding),
        opened_at=WAVE,
        closed_at=WAVE,
        exit_reason=None,
        managed_through=WAVE,
    )


@pytest.mark.parametrize(
    ("realised", "fees", "funding", "net", "in_r"),
    [("20", "5", "2.5", "12.5", "0.25"), ("5", "5", "2.5", "-2.5", "-0.05"), ("-50", "5", "-10", "-45", "-0.9")],
)
def test_a_result_is_net_of_fees_and_of_funding(realised: str, fees: str, funding: str, net: str, in_r: str) -> None:
    position = a_position(realised, fees, funding)
    assert (net_pnl(position), r_multiple(position)) == (Decimal(net), Decimal(in_r))
