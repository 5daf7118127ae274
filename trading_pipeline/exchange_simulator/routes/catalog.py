"""Every request that the exchange answers as the venue does."""

from trading_pipeline.exchange_simulator.routes import (
    account,
    batches,
    disconnection,
    market,
    orders,
    positions,
    reference,
    transaction_log,
)
from trading_pipeline.exchange_simulator.routes.endpoint import Endpoint, SignedEndpoint

_PUBLIC = (*market.ENDPOINTS, *reference.ENDPOINTS)
_SIGNED = (
    *orders.ENDPOINTS,
    *batches.ENDPOINTS,
    *account.ENDPOINTS,
    *disconnection.ENDPOINTS,
    *transaction_log.ENDPOINTS,
    *positions.ENDPOINTS,
)
SIGNED: dict[tuple[str, str], SignedEndpoint] = {(one.method, one.path): one for one in _SIGNED}
"""What accounts ask, by method and path."""
PUBLIC: dict[tuple[str, str], Endpoint] = {(one.method, one.path): one for one in _PUBLIC}
"""What everybody may ask."""
