"""How long what an account asks for is on its way to the market.

The venue acknowledges a request as soon as it has read it; what becomes of the order is decided a little later, at the
price of then. The delay is drawn by the seed and the number of the request, so that the same requests meet the same
market.
"""

from typing import TypeVar

import numpy as np

from trading_pipeline.exchange_simulator.exchange import Exchange

Step = TypeVar("Step")


def send(exchange: Exchange, way: list[tuple[int, Step]], step: Step) -> bool:
    """Put a step on its way; ``False`` where everything takes effect at once.

    :param way: what of the same thing, an order or the account's positions, is under way already. A step never
        overtakes the one before it; a change of positions overtakes nothing, and nothing overtakes it.
    """
    mean_ms = exchange.terms.latency_ms
    if not mean_ms:
        return False
    account = exchange.account
    arrives_ms = exchange.now_ms + _delay_ms(mean_ms, exchange.terms.seed, account.sent)
    account.sent += 1
    # Nothing is told before it arrives, and yet it was accepted and has to be kept.
    exchange.changes += 1
    ahead = [instant for instant, _ in (*way[-1:], *account.on_the_way[-1:])]
    if way is account.on_the_way:
        # A millisecond later: at one instant changes of positions come before orders.
        ahead += [1 + order.on_the_way[-1][0] for order in exchange.orders.active() if order.on_the_way]
    way.append((max([arrives_ms, *ahead]), step))
    exchange.arrives_ms = max(exchange.arrives_ms, way[-1][0])
    return True


def _delay_ms(mean_ms: int, seed: int, number: int) -> int:
    """Half of the mean always and the other half by chance, exponential, in whole milliseconds and at least one."""
    jitter = np.random.default_rng([seed, number]).exponential(mean_ms / 2)
    return max(1, round(mean_ms / 2 + jitter))
