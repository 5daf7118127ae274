import json

from sqlalchemy import Engine, event

from trading_pipeline.adapters.stores.market_data.wave_store import PostgresWaveStore

_YEARS = """
INSERT INTO trading.waves (close_time, timeframe, computed_at)
SELECT closes, '5m', closes FROM generate_series(timestamptz '2020-01-01', '2020-04-01', interval '5 minutes') AS closes
"""


def test_waves_of_years_are_not_read_to_find_the_one_that_waits(database: Engine) -> None:
    with database.begin() as connection:
        connection.exec_driver_sql(_YEARS)
        connection.exec_driver_sql("INSERT INTO trading.waves (close_time, timeframe) VALUES ('2020-04-02', '5m')")
        connection.exec_driver_sql("ANALYZE trading.waves")
    asked = list[str]()

    def note(_: object, __: object, statement: str, *___: object) -> None:
        asked.append(statement)

    event.listen(database, "before_cursor_execute", note)
    (waiting,) = PostgresWaveStore(database).pending()
    event.remove(database, "before_cursor_execute", note)
    with database.connect() as connection:
        plan = json.dumps(connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {asked[-1]}").scalar_one())
    assert waiting.close_time.isoformat() == "2020-04-02T00:00:00+00:00"
    assert '"waves_pending"' in plan
