"""A feed that dies tells the operator, who may have no terminal open that says so."""

import json

import dagster as dg

from trading_pipeline.defs.market_data.partitions import UNIVERSE
from trading_pipeline.resources.alerts import Alerts
from trading_pipeline.resources.beside import SENSORS
from trading_pipeline.resources.stores import Stores
from trading_pipeline.resources.venue import Markets
from trading_pipeline.services.operations.find_dead_feeds import find_dead_feeds
from trading_pipeline.services.operations.tell_dead_feeds import Known, tell_dead_feeds


@dg.sensor(
    minimum_interval_seconds=15,
    default_status=SENSORS,
    description="Tells the operator when the feed stops, loses the venue or brings no bars, and when it is back.",
)
def dead_feed_sensor(
    context: dg.SensorEvaluationContext, stores: Stores, markets: Markets, alerts: Alerts
) -> dg.SensorResult:
    """Look at heartbeats and at the newest close heard; two looks in a row have to agree."""
    found = find_dead_feeds(
        heartbeats=stores.operations.heartbeats, waves=stores.waves, clock=markets.clock(), finest=UNIVERSE.finest
    )
    before = {name: frozenset(values) for name, values in json.loads(context.cursor or "{}").items()}
    known = tell_dead_feeds(notifier=alerts.notifier(), found=found, known=Known(**before))
    # In the cursor and not in memory: the code server that evaluates this may be another process each time.
    cursor = {"suspected": sorted(known.suspected), "told": sorted(known.told)}
    return dg.SensorResult(skip_reason="; ".join(found.values()) or "every feed lives", cursor=json.dumps(cursor))
