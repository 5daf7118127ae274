"""What a position earned, lot by lot."""

from datetime import datetime
from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, Field

from trading_pipeline.api.context import Context
from trading_pipeline.api.doors import needs
from trading_pipeline.api.routing import Router
from trading_pipeline.api.shapes import Key, Money
from trading_pipeline.domain.model.access import Permission
from trading_pipeline.domain.portfolio.position_sums import net_pnl, unrealised_pnl

router = Router(tags=["execution"])


class ShownLot(BaseModel):
    """A quantity that one fill entered and one left, or that is still held."""

    entry_id: str
    exit_id: str | None = Field(description="null while it is held")
    opened_at: datetime
    closed_at: datetime | None
    quantity: Money
    entry_price: Money
    exit_price: Money | None
    realised_pnl: Money = Field(description="before fees and funding")
    fees: Money
    funding: Money = Field(description="negative when more was received than paid")
    net_pnl: Money
    unrealised_pnl: Money | None = Field(description="at the mark price, before the fees of leaving")


class ShownLots(BaseModel):
    """A position as a whole, and the lots that add up to it: what was entered first left first."""

    position_id: str
    settlement_currency: str
    realised_pnl: Money = Field(description="by average cost, as the venue books it, before fees and funding")
    fees: Money
    funding: Money
    net_pnl: Money
    mark_price: Money | None = Field(description="the newest that is stored, null where none is")
    unrealised_pnl: Money | None
    lots: list[ShownLot]


@router.get("/execution/positions/{position_id}/lots", openapi_extra=needs(Permission.READ))
def lots(context: Context, position_id: Annotated[Key, Path()]) -> ShownLots:
    """What each part of a position earned, first in, first out, with its share of fees and funding."""
    seen = context.ledger.lots(position_id)
    position, mark = seen.position, seen.mark_price
    names = ShownLot.model_fields.keys() - {"unrealised_pnl"}
    shown = [
        ShownLot(
            **{name: getattr(lot, name) for name in names},
            unrealised_pnl=None if mark is None else lot.unrealised_pnl(mark),
        )
        for lot in seen.lots
    ]
    return ShownLots(
        position_id=position.position_id,
        settlement_currency=position.settlement_currency,
        realised_pnl=position.realised_pnl,
        fees=position.fees,
        funding=position.funding,
        net_pnl=net_pnl(position),
        mark_price=mark,
        unrealised_pnl=None if mark is None else unrealised_pnl(position, mark),
        lots=shown,
    )
