"""Steps of runs that touch orders are tried again, and end where somebody ends them.

Dagster's own retry policy repeats a step also when its run is being terminated, and the run goes on. See
docs/decisions/0101.
"""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import dagster as dg
from sqlalchemy.exc import SQLAlchemyError

from trading_pipeline.domain.model.errors import OrderDenied, TradingError, UnknownName

_RETRIES = 2
_PAUSE_S = 1

P = ParamSpec("P")
T = TypeVar("T")


def asked_again(compute: Callable[P, T]) -> Callable[P, T]:
    """A step that is repeated twice, a second apart, when the venue or the database fails it.

    A repetition asks the ledger first and never sends an order twice, so it is safe here. What is no failure of others
    is a defect, and fails at once.
    """

    @wraps(compute)
    def attempt(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return compute(*args, **kwargs)
        # Our own answer, which is the same a second later.
        except (OrderDenied, UnknownName):
            raise
        except (TradingError, SQLAlchemyError) as error:
            raise dg.RetryRequested(max_retries=_RETRIES, seconds_to_wait=_PAUSE_S) from error

    return attempt
