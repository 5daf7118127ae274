"""Pages of private lists: a period of at most seven days, and a cursor that names the last row of a page."""

from collections.abc import Callable, Iterable
from typing import TypeVar

from trading_pipeline.exchange_simulator import parameters
from trading_pipeline.exchange_simulator.exchange import Payload
from trading_pipeline.exchange_simulator.parameters import Parameters
from trading_pipeline.exchange_simulator.rejections import bad_parameter
from trading_pipeline.exchange_simulator.seat import Seat

WEEK_MS = 7 * 86_400_000
Item = TypeVar("Item")


def period(seat: Seat, request: Parameters) -> tuple[int, int]:
    """Start and end in ms: as asked, or the seven days beside the one that is given, or the last seven.

    :raises Rejection: 10001, longer than seven days or the wrong way round.
    """
    begin = parameters.optional_integer(request, "startTime")
    end = parameters.optional_integer(request, "endTime")
    now_ms = seat.now_ms()
    if end is None:
        end = now_ms if begin is None else begin + WEEK_MS
    if begin is None:
        begin = end - WEEK_MS
    if not 0 <= end - begin <= WEEK_MS:
        raise bad_parameter("The time range between startTime and endTime cannot exceed 7 days")
    return begin, end


def page(
    found: Iterable[tuple[int, Item]],
    request: Parameters,
    shown: Callable[[Item], Payload],
    *,
    default: int,
    most: int,
) -> Payload:
    """One page of rows, newest first; the cursor is the number of its last row.

    A row that arrives between two pages moves no other row to another page, because the next page
    begins behind the last row that was shown and not behind so many rows.

    :param found: rows with numbers that fall from row to row and stay theirs.
    :param default: rows without a ``limit``; ``most`` is the largest one.
    :raises Rejection: 10001, the limit or the cursor is none.
    """
    count = parameters.limit(request, default, most)
    behind = parameters.optional_integer(request, "cursor")
    rows = [one for one in found if behind is None or one[0] < behind]
    chosen = rows[:count]
    following = str(chosen[-1][0]) if len(rows) > count else ""
    return {"nextPageCursor": following, "category": "linear", "list": [shown(item) for _, item in chosen]}
