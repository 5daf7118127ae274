"""The weather at the exchange."""

from fastapi import APIRouter

from trading_pipeline.api.doors import needs
from trading_pipeline.domain.model.access import Permission

router = APIRouter(prefix="/weather", tags=["weather"])


@router.get("", openapi_extra=needs(Permission.READ))
def weather() -> dict[str, str]:
    """How it is."""
    return {"sky": "clear"}
