"""Limits are changed over HTTP while everything runs: whole, on record, and only where the next run asks them anew."""

import json

import pytest
from httpx import Response

from trading_pipeline.domain.model.access import Role
from trading_pipeline.domain.model.timeframes import Timeframe
from trading_pipeline.resources.limits_in_force import limits_in_force
from trading_pipeline_tests.testkit.api_lab import CONFIG, ApiLab

PATH = "/api/v1/admin/configuration"


def change(api: ApiLab, changes: dict[str, object], role: Role = Role.ADMIN, reason: str = "calmer") -> Response:
    return api.client.patch(PATH, json={"changes": changes, "reason": reason}, headers=api.as_(role))


def shown(api: ApiLab) -> dict[str, dict[str, object]]:
    return {one["key"]: one for one in api.get(PATH).json()["limits"]}


@pytest.fixture(autouse=True)
def nothing_is_changed(api: ApiLab) -> None:
    """Each test begins with the files alone."""
    standing = {key: None for key, one in shown(api).items() if one["changed_by"]}
    if standing:
        change(api, dict(standing))


def test_a_viewer_sees_every_limit_and_no_secret(api: ApiLab) -> None:
    told = api.get(PATH).json()
    assert told["settings"]["TRADING_MODE"] == "simulated"
    assert not [secret for secret in ("redis:", "postgresql", "api_secret") if secret in json.dumps(told).lower()]
    limits = shown(api)
    assert (limits["risk.max_open_positions"]["value"], limits["risk.max_open_positions"]["fixed"]) == (3, "")
    assert (limits["risk.circuit.soft"]["value"], limits["risk.circuit.soft"]["changed_by"]) == ("0", None)
    assert "stored plans" in str(limits["risk.risk_per_trade"]["fixed"])


def test_what_is_changed_is_in_force_for_the_next_run_shown_and_on_the_audit_trail(api: ApiLab) -> None:
    answer = change(api, {"risk.max_open_positions": 1, "risk.circuit.soft": "0.020"})
    assert answer.json()["items"] == [
        {"key": "risk.max_open_positions", "before": 3, "after": 1, "stands": True},
        {"key": "risk.circuit.soft", "before": "0", "after": "0.020", "stands": True},
    ]
    limits = limits_in_force(api.context.engine, CONFIG)
    assert (limits.max_open_positions, str(limits.circuit.soft), limits.max_daily_loss > 0) == (1, "0.020", True)
    now = shown(api)["risk.max_open_positions"]
    assert (now["value"], now["in_file"], now["changed_by"], now["reason"]) == (1, 3, "a-admin", "calmer")
    recorded = api.get("/api/v1/admin/audit", Role.ADMIN, action="limit.change", limit=2).json()["items"]
    assert [(one["subject"], one["before"], one["after"]) for one in recorded] == [
        ("circuit.soft", {"value": "0"}, {"value": "0.020"}),
        ("max_open_positions", {"value": 3}, {"value": 1}),
    ]
    assert {one["request_id"] for one in recorded} == {answer.headers["X-Request-ID"]}
    listed = api.get(f"{PATH}/changes", key="circuit.soft", limit=1).json()["items"]
    (told,) = api.get("/v1/notifications", limit=1).json()["items"]
    assert (told["severity"], told["subject"]) == ("warning", "limits changed by a-admin")
    assert told["body"] == "max_open_positions: 3 -> 1; circuit.soft: 0 -> 0.020. calmer"
    assert (listed[0]["after"], listed[0]["reason"], listed[0]["stands"]) == ("0.020", "calmer", True)


def test_limits_that_are_lists_and_tables_are_changed_as_a_whole(api: ApiLab) -> None:
    wanted = {"risk.cooldowns.bars": {"1h": 2}, "risk.market.news_windows": ["12:00-12:10"]}
    made = change(api, dict(wanted)).json()["items"]
    assert {one["key"]: one["after"] for one in made} == wanted
    limits = limits_in_force(api.context.engine, CONFIG)
    assert (limits.cooldown_of(Timeframe.H1), [str(one) for one in limits.market.news_windows]) == (2, ["12:00-12:10"])


def test_null_lets_the_file_decide_again_and_what_stands_already_is_no_change(api: ApiLab) -> None:
    change(api, {"risk.max_open_positions": 1})
    assert change(api, {"risk.max_open_positions": 1}).json()["items"] == []
    undone = change(api, {"risk.max_open_positions": None, "risk.warn_at": None})
    assert undone.json()["items"] == [{"key": "risk.max_open_positions", "before": 1, "after": 3, "stands": False}]
    assert limits_in_force(api.context.engine, CONFIG).max_open_positions == 3


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"risk.max_open_position": 1}, "did you mean max_open_positions?"),
        ({"risk.risk_per_trade": "0.01"}, "it stands in stored plans"),
        ({"risk.profile": "balanced"}, "somebody has to review"),
        ({"risk.max_leverage": 2}, "positions that are open"),
        ({"risk.reconciliation.autofix": []}, "booked out of the ledger"),
        ({"universe.symbols": ["BTCUSDT"]}, "config/universe.yaml"),
        ({"strategies.ema_atr": {}}, "config/strategies"),
        ({"anything": 1}, "risk.max_open_positions"),
        ({"risk.max_daily_loss": "2"}, "less than or equal to 1"),
        ({"risk.cooldown_bars": "many"}, "valid integer"),
        ({"risk.circuit.soft": "0.1", "risk.circuit.hard": "0.05"}, "must not exceed hard"),
        ({"risk.circuit": {"soft": "0.1"}}, "did you mean circuit."),
        ({"risk.warn_at": "NaN"}, "finite"),
        ({"risk.warn_at": {"a": [1]}}, "risk.yaml under what was changed since: warn_at"),
        ({"risk.": 1}, "risk.max_open_positions"),
        ({"risk.orders.max_stake": -1.0}, "greater than or equal to 0"),
    ],
)
def test_what_cannot_be_changed_is_refused_by_name_with_everything_beside_it(
    api: ApiLab, changes: dict[str, object], said: str
) -> None:
    answer = change(api, {"risk.cooldown_bars": 9, **changes})
    assert (answer.status_code, answer.json()["code"]) == (422, "refused")
    assert said in answer.json()["detail"]
    assert limits_in_force(api.context.engine, CONFIG).cooldown_bars == 1


def test_an_administrator_alone_changes_and_says_why(api: ApiLab) -> None:
    for role in (Role.VIEWER, Role.TRADER):
        assert change(api, {"risk.max_open_positions": 1}, role).status_code == 403
    assert change(api, {"risk.max_open_positions": 1}, reason=" ").status_code == 422
    assert limits_in_force(api.context.engine, CONFIG).max_open_positions == 3


def test_the_circuit_breaker_is_switched_by_the_path_of_the_divergence_bot(api: ApiLab) -> None:
    path, headers = "/v1/admin/risk-circuit", api.as_(Role.ADMIN)
    assert api.client.post(path, headers=headers).json() == {"risk_circuit_enabled": False}
    nothing = api.client.post(path, json={"enabled": True}, headers=headers)
    assert (nothing.status_code, "are 0 in risk.yaml" in nothing.json()["detail"]) == (422, True)
    change(api, {"risk.circuit.hard": "0.04"})
    assert api.client.post(path, headers=headers).json() == {"risk_circuit_enabled": True}
    assert api.client.post(path, json={"enabled": False}, headers=headers).json() == {"risk_circuit_enabled": False}
    assert limits_in_force(api.context.engine, CONFIG).circuit.hard == 0
    assert api.client.post(path, json={"enabled": False}, headers=api.as_(Role.TRADER)).status_code == 403
