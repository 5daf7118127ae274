"""The marts: what finished trading amounts to, for people and reports. Every model of the dbt project is an asset."""

from collections.abc import Iterator

import dagster as dg

from trading_pipeline.adapters.marts import MartsReport
from trading_pipeline.adapters.marts_manifest import MartModel, MartTest, load_manifest
from trading_pipeline.defs.catalogue import CATALOGUE, OWNERS, context_tags
from trading_pipeline.defs.market_data.partitions import UNIVERSE
from trading_pipeline.domain.model.stages import STAGES
from trading_pipeline.resources.marts import Marts
from trading_pipeline.settings import Settings

_MANIFEST = load_manifest(Settings().dbt_project_dir)


def _assets_of(table: str) -> list[str]:
    """The assets that a table of the schema ``trading`` is made of."""
    # A table that two assets write, or none, would make lineage
    # a guess, so anything but one fails when definitions load.
    (name,) = (name for name, entry in CATALOGUE.items() if entry.table is not None and entry.table.name == table)
    return [f"{name}_{timeframe}" for timeframe in UNIVERSE.timeframes] if name in STAGES else [name]


def _spec(model: MartModel) -> dg.AssetSpec:
    columns = [dg.TableColumn(one.name, one.data_type, one.description) for one in model.columns]
    return dg.AssetSpec(
        model.name,
        deps=[*model.reads_models, *(asset for table in model.reads_tables for asset in _assets_of(table))],
        group_name="marts",
        description=model.description,
        owners=OWNERS,
        tags=context_tags("accounting"),
        kinds={"dbt", "postgres", model.materialized},
        metadata={"dagster/table_name": model.table, "dagster/column_schema": dg.TableSchema(columns=columns)},
    )


def _check(test: MartTest) -> dg.AssetCheckSpec:
    return dg.AssetCheckSpec(test.name, asset=test.model, description=test.description)


@dg.multi_asset(
    name="marts",
    specs=[_spec(model) for model in _MANIFEST.models],
    check_specs=[_check(test) for test in _MANIFEST.tests],
    can_subset=True,
)
def mart_assets(
    context: dg.AssetExecutionContext, marts: Marts
) -> Iterator[dg.MaterializeResult | dg.AssetCheckResult]:  # type: ignore[type-arg]
    """Build the selected models and ask the selected tests, with dbt."""
    models = [key.to_user_string() for key in context.selected_asset_keys]
    report = marts.build([*models, *(key.name for key in context.selected_asset_check_keys)])
    yield from _built(report)
    yield from _verdicts(report)
    failed = {name: f"{one.status}: {one.message}" for name, one in report.models.items() if not one.good}
    # Raised last, so that the models that were built and the tests that ran are told of all the same.
    if failed:
        raise dg.Failure(f"dbt did not build {', '.join(sorted(failed))}", metadata={"models": failed})


def _built(report: MartsReport) -> Iterator[dg.MaterializeResult[None]]:
    for name, one in report.models.items():
        if one.good:
            rows = {} if one.rows is None else {"dagster/row_count": one.rows}
            yield dg.MaterializeResult(asset_key=name, metadata={"dbt": one.message or one.status, **rows})


def _verdicts(report: MartsReport) -> Iterator[dg.AssetCheckResult]:
    """A test that could not run has not passed, and says so."""
    beside = {test.name: test.model for test in _MANIFEST.tests}
    for name, one in report.tests.items():
        yield dg.AssetCheckResult(
            asset_key=beside[name],
            check_name=name,
            passed=one.good,
            description=one.message or one.status,
            metadata={"status": one.status, "rows_found": one.rows or 0},
        )
