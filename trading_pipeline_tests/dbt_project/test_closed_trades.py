"""The mart of closed trades: its numbers, and that its tests catch a ledger that does not add up."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from sqlalchemy import Engine, text

from trading_pipeline_tests.dbt_project.conftest import Dbt

COLUMNS = (
    "instrument_id, bias, strategy, net_pnl, pnl_r, gross_pnl_r, exit_reason, layer_count, order_count, fill_count"
)

DAMAGE = (
    "UPDATE trading.positions SET realised_pnl = realised_pnl + 1 WHERE instrument_id = 'SOLUSDT.BYBIT'",
    "UPDATE trading.positions SET fees = fees + funding, funding = 0 WHERE instrument_id = 'BTCUSDT.BYBIT'",
    "DELETE FROM trading.fills WHERE kind = 'stop_loss' AND instrument_id = 'BTCUSDT.BYBIT'",
    "UPDATE trading.positions SET exit_reason = 'luck' WHERE instrument_id = 'SOLUSDT.BYBIT'",
    "UPDATE trading.positions SET closed_at = '2025-10-31Z' WHERE instrument_id = 'SOLUSDT.BYBIT'",
)
ROWS_CAUGHT = {
    "assert_pnl_and_costs_equal_the_sum_over_fills": 2,
    "assert_closed_positions_are_flat": 1,
    "accepted_values_fct_closed_trades_exit_reason": 1,
    "assert_trades_end_after_they_begin": 1,
}


def test_every_closed_position_is_one_trade(dbt: Dbt, address: dict[str, str], ledger: Engine) -> None:
    built = dbt("build", **address)
    assert built.returncode == 0, built.stdout
    with ledger.connect() as connection:
        rows = connection.execute(text(f"SELECT {COLUMNS} FROM marts.fct_closed_trades ORDER BY instrument_id")).all()
    # 118 - 2.2 fees - 0.3 funding over 10 x 10 at risk; -6.3 - 0.2 over 2 x 3 at risk
    assert [tuple(row) for row in rows] == [
        (
            "BTCUSDT.BYBIT",
            "long",
            "ema_atr",
            Decimal("115.5"),
            Decimal("1.155"),
            Decimal("1.18"),
            "trailing_stop",
            2,
            4,
            5,
        ),
        (
            *("SOLUSDT.BYBIT", "short", "ema_atr", Decimal("-6.5"), pytest.approx(Decimal("-6.5") / 6)),
            *(Decimal("-1.05"), "stop_loss", 1, 2, 3),
        ),
    ]


def test_a_wrong_sum_fails_the_build_by_name(dbt: Dbt, address: dict[str, str], ledger: Engine, tmp_path: Path) -> None:
    with ledger.begin() as connection:
        for statement in DAMAGE:
            connection.execute(text(statement))
    built = dbt("build", **address)
    assert built.returncode == 1
    verdicts = json.loads((tmp_path / "target" / "run_results.json").read_text())["results"]
    # unique ids read test.trading_marts.<name>[__<accepted values>].<hash>
    failed = {one["unique_id"].split(".")[2]: one["failures"] for one in verdicts if one["status"] == "fail"}
    assert {name.split("__")[0]: rows for name, rows in failed.items()} == ROWS_CAUGHT
