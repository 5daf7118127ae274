"""Tell the operator of feeds that died: once when one stays dead, once when all are back."""

from collections.abc import Mapping
from dataclasses import dataclass

from trading_pipeline.ports.notifications import Notifier, Severity

_MEANWHILE = (
    "Meanwhile nothing is decided on bars that do not come, and fills are booked when reconciliation asks for them, "
    "every minute; stops and targets rest at the venue. Look: `trading-pipeline status`, then the log of the feed; "
    "ways out: docs/operations.md, Alerts. It is not repeated while this lasts."
)


@dataclass(frozen=True, slots=True)
class Known:
    """What was seen before.

    :param suspected: names found dead by the look before; what is seen once may be on its way.
    :param told: names the operator was told of since all feeds lived.
    """

    suspected: frozenset[str] = frozenset()
    told: frozenset[str] = frozenset()


def tell_dead_feeds(*, notifier: Notifier, found: Mapping[str, str], known: Known) -> Known:
    """Tell of what two looks in a row found dead, and when nothing is dead any more.

    :param found: what is dead by now, with a sentence.
    :returns: what to remember.
    """
    dead = frozenset(found)
    # Dead at two looks: a connection that is lost is back within seconds nearly always.
    new = (dead & known.suspected) - known.told
    for name in sorted(new):
        notifier.notify(Severity.CRITICAL, f"dead feed: {name}", f"{found[name]}. {_MEANWHILE}")
    if known.told and not dead:
        back = ", ".join(sorted(known.told))
        notifier.notify(Severity.INFO, f"feed is back: {back}", "What was missed is asked for over REST.")
    # Told until all are back: one that comes and goes beside a dead one is not told of each time.
    return Known(dead, known.told | new if dead else frozenset())
