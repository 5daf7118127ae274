"""Every row that a run wrote leads back to it, and a rerun that changes nothing leaves it to the run that wrote it."""

from trading_pipeline_tests.defs.pipeline_stage import PipelineStage

COMPUTED = ("raw_bars", "bars", "data_checks", "indicator_snapshots", "signals", "trade_plans")


def test_a_runs_rows_carry_its_id_through_reruns(stage: PipelineStage) -> None:
    first = stage.materialize()
    stage.materialize()
    written_by = {table: stage.rows(f"SELECT DISTINCT run_id FROM {table}") for table in COMPUTED}
    assert written_by == {table: [(first.run_id,)] for table in COMPUTED}


def test_a_row_that_a_rerun_corrects_is_the_reruns(stage: PipelineStage) -> None:
    first = stage.materialize()
    stage.rows("UPDATE bars SET close = close + 1 WHERE open_time = (SELECT min(open_time) FROM bars) RETURNING 1")
    second = stage.materialize()
    written = {row[0] for row in stage.rows("SELECT DISTINCT run_id FROM bars")}
    assert written == {first.run_id, second.run_id}
