"""Every resource key, bound once."""

import dagster as dg

from trading_pipeline.resources.alerts import Alerts
from trading_pipeline.resources.beside import join_running_system
from trading_pipeline.resources.comparison import Comparison
from trading_pipeline.resources.events import Events
from trading_pipeline.resources.marts import Marts
from trading_pipeline.resources.parameters import Parameters
from trading_pipeline.resources.stores import Stores
from trading_pipeline.resources.venue import ExecutionResource, Markets
from trading_pipeline.settings import Settings

join_running_system()
_settings = Settings()
_stores = Stores(database_url=dg.EnvVar("DATABASE_URL"))
_parameters = Parameters(config_dir=str(_settings.config_dir))

_execution = ExecutionResource(stores=_stores, parameters=_parameters)

RESOURCES: dict[str, object] = {
    # values pass from op to op in memory: what matters is in the database, and a run begins at its first op
    "io_manager": dg.mem_io_manager,
    "stores": _stores,
    "markets": Markets(parameters=_parameters),
    "parameters": _parameters,
    "alerts": Alerts(stores=_stores),
    "events": Events(redis_url=dg.EnvVar("REDIS_URL")),
    "marts": Marts(
        project_dir=str(_settings.dbt_project_dir),
        target_dir=str(_settings.state_dir / "dbt"),
        database_url=dg.EnvVar("DATABASE_URL"),
    ),
    "execution": _execution,
    "comparison": Comparison(account=_execution),
}
