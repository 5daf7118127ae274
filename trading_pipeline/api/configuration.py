"""The configuration as it is in force, and its change while everything runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from sqlalchemy import Engine

from trading_pipeline.adapters.parameters.risk import risk_values
from trading_pipeline.adapters.stores.operations.limit_changes import PostgresLimitChanges
from trading_pipeline.api.asker import Asker
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.limit_changes import LimitChange, StandingChange
from trading_pipeline.domain.risk.changeable import fixed_because
from trading_pipeline.resources.operator_alerts import kept_notifier
from trading_pipeline.services.operations.change_limits import change_limits
from trading_pipeline.settings import Settings

_CIRCUIT = ("circuit.soft", "circuit.hard")
_ELSEWHERE: Mapping[str, str] = {
    "universe": "partitions and streams are made of it at the start; change config/universe.yaml and start anew",
    "strategies": "signals are stored with their parameters; change config/strategies and start anew",
    "costs": "backtests and the simulated exchange read it at their start; change config/costs.yaml",
    "settings": "they are the environment of each process; set the variable and start anew",
}
"""What cannot be changed here at all."""


@dataclass(frozen=True, slots=True)
class LimitShown:
    """A limit in force.

    :param fixed: why it is changed in the file alone; empty where it can be changed here.
    :param changed: what lies over the file, if anything does.
    """

    key: str
    value: object
    in_file: object
    fixed: str
    changed: StandingChange | None


@dataclass(frozen=True, slots=True)
class Configuration:
    """Reads the files and the database anew at each question."""

    settings: Settings
    engine: Engine

    def limits(self) -> Sequence[LimitShown]:
        """Every limit.

        :raises ConfigurationError: a file is wrong, or does not go with what was changed.
        """
        standing = {one.change.key: one for one in PostgresLimitChanges(self.engine).standing()}
        in_file = risk_values(self.settings.config_dir)
        in_force = risk_values(self.settings.config_dir, {key: one.change.after for key, one in standing.items()})
        return [
            LimitShown(key, value, in_file[key], fixed_because(key), standing.get(key))
            for key, value in in_force.items()
        ]

    def change(self, asker: Asker, wanted: Mapping[str, object], reason: str) -> Sequence[LimitChange]:
        """Change limits, named ``risk.<key>``; whoever enters asks them anew, from the next run on.

        :raises ConfigurationError: something of it is unknown, fixed or breaks a rule; nothing is changed then.
        :raises DataError: somebody else changed a limit at the same moment.
        """
        return change_limits(
            changes=PostgresLimitChanges(self.engine),
            limits=partial(risk_values, self.settings.config_dir),
            notifier=kept_notifier(self.engine),
            wanted={_limit(name): value for name, value in wanted.items()},
            actor=asker.principal.name,
            reason=reason,
            request_id=asker.request_id,
        )

    def circuit_enabled(self) -> bool:
        """Whether the account's circuit breaker opens at all."""
        return any(float(str(one.value)) for one in self.limits() if one.key in _CIRCUIT)

    def switch_circuit(self, asker: Asker, *, enabled: bool) -> None:
        """Off, or as the file has it.

        :raises ConfigurationError: it is to be switched on, and the file has no number at which it opens.
        """
        in_file = [one.in_file for one in self.limits() if one.key in _CIRCUIT]
        if enabled and not any(float(str(value)) for value in in_file):
            raise ConfigurationError(
                f"{' and '.join(_CIRCUIT)} are 0 in risk.yaml; set risk.circuit.soft or risk.circuit.hard at "
                "PATCH /api/v1/admin/configuration"
            )
        wanted = {f"risk.{key}": None if enabled else "0" for key in _CIRCUIT}
        self.change(asker, wanted, f"circuit breaker switched {'on' if enabled else 'off'}")


def _limit(name: str) -> str:
    """The key in ``risk.yaml``.

    :raises ConfigurationError: it is no limit.
    """
    section, _, key = name.partition(".")
    if section == "risk" and key:
        return key
    why = _ELSEWHERE.get(section, "limits alone are, by their keys in risk.yaml: risk.max_open_positions")
    raise ConfigurationError(f"{name[:100]} is not changed here: {why}")
