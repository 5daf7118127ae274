"""A person changes limits while everything runs."""

from collections.abc import Callable, Mapping, Sequence

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.limit_changes import LimitChange
from trading_pipeline.domain.risk.changeable import require_changeable
from trading_pipeline.ports.notifications import Notifier, Severity
from trading_pipeline.ports.stores.operations.limit_changes import LimitChanges

Limits = Callable[[Mapping[str, object]], Mapping[str, object]]
"""Every limit in force, by key, under changes that lie over the files; raises ``ConfigurationError``."""


def change_limits(
    *,
    changes: LimitChanges,
    limits: Limits,
    notifier: Notifier,
    wanted: Mapping[str, object],
    actor: str,
    reason: str,
    request_id: str,
) -> Sequence[LimitChange]:
    """Put values in the place of those of the files; runs that begin from now on decide by them.

    They are judged together with everything else that is in force, stored together, and told the operator.

    :param wanted: value by key; ``None`` lets the files decide again.
    :returns: what changed; what lies over the files already, or never did, does not.
    :raises ConfigurationError: no reason is given, a limit is unknown or fixed, a value breaks a rule.
    :raises DataError: somebody else changed a limit at the same moment.
    """
    if not reason.strip():
        raise ConfigurationError("say why: a reason is kept with every change")
    after, standing = changes.newest(), {one.change.key: one.change.after for one in changes.standing()}
    before = limits(standing)
    for key in wanted:
        require_changeable(key, before)
    kept = {key: value for key, value in standing.items() if key not in wanted}
    now = limits({**kept, **{key: value for key, value in wanted.items() if value is not None}})
    made = [
        LimitChange(key, before[key], now[key], value is not None, actor, reason, request_id)
        for key, value in wanted.items()
        if (key in standing if value is None else key not in standing or now[key] != before[key])
    ]
    if made:
        changes.append(made, after)
        _tell(notifier, made)
    return made


def _tell(notifier: Notifier, made: Sequence[LimitChange]) -> None:
    """Whoever trades hears of it from somebody else than the one who did it."""
    said = (f"{one.key}: {one.before} -> {one.after}" + ("" if one.stands else ", as the file has it") for one in made)
    subject = f"limits changed by {made[0].actor}"
    notifier.notify(Severity.WARNING, subject, f"{'; '.join(said)}. {made[0].reason}")
