"""What a person who ends the process must not cut in two: it is finished first, then the process ends."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_ENDINGS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def undivided() -> Iterator[None]:
    """Hold back SIGTERM and SIGINT until the block is over; what came is then answered as it would have been.

    A request and the row that says what came of it belong in one. Cut apart they are found again by the order's id, at
    the price of a lookup; a shutdown that nobody hurries need not pay it. The block has to end by itself, as requests
    do that have a time limit. A kill cannot be held back; other threads are interrupted by no signal anyway.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = {number: signal.signal(number, lambda number, _: came.append(number)) for number in _ENDINGS}
    try:
        yield
    finally:
        for number, handler in before.items():
            # None is a handler that was not set from Python, of which only the default can be set again
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        for signalled in dict.fromkeys(came):
            signal.raise_signal(signalled)
