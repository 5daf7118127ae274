"""Every request that the exchange answers as the venue does."""

from trading_pipeline.exchange_simulator.routes import (
    account,
    batches,
    market,
    orders,
    positions,
    reference,
    transaction_log,
)
from trading_pipeline.exchange_simulator.routes.endpoint import Endpoint

ENDPOINTS: dict[tuple[str, str], Endpoint] = {
    (endpoint.method, endpoint.path): endpoint
    for module in (market, reference, orders, batches, account, transaction_log, positions)
    for endpoint in module.ENDPOINTS
}
"""By method and path."""
