"""The marts: what finished trading amounts to, for people and reports."""

import dagster as dg

from trading_pipeline.resources.marts import Marts

_TESTS = "dbt_data_tests"


@dg.asset(
    key="fct_closed_trades",
    group_name="marts",
    kinds={"dbt", "postgres"},
    check_specs=[
        dg.AssetCheckSpec(_TESTS, asset="fct_closed_trades", description="Every data test of the dbt project.")
    ],
    description="One row per closed position with its money in USDT and R, built and tested by dbt.",
)
def closed_trades(marts: Marts) -> dg.MaterializeResult:  # type: ignore[type-arg]
    """Build the dbt project."""
    report = marts.build()
    failed = {name: status for name, status in report.built.items() if status != "success"}
    if failed:
        raise dg.Failure("dbt models were not built", metadata={"models": failed})
    return dg.MaterializeResult(
        metadata={"models": report.built},
        check_results=[
            dg.AssetCheckResult(
                check_name=_TESTS, passed=not report.failed_tests, metadata={"failed": report.failed_tests}
            )
        ],
    )
