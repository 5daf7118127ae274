"""Whatever is wrong in a question is named, with the nearest that is right."""

import pytest

from trading_pipeline.domain.model.access import Role
from trading_pipeline_tests.testkit.api_lab import ApiLab

PREFIX = "/api/v1"


@pytest.mark.parametrize(
    ("path", "asked", "status", "said"),
    [
        ("execution/orders", {"instrument_id": "BTCUSD"}, 404, "'BTCUSD'; did you mean BTCUSDT.BYBIT?"),
        ("execution/orders", {"state": "fild"}, 422, "no state of orders is 'fild'; did you mean filled?"),
        ("execution/positions", {"status": "opn"}, 422, "no status of positions is 'opn'; did you mean open?"),
        ("pipeline/plans", {"status": "waiting"}, 422, "no status of plans is 'waiting'; "),
        ("pipeline/signals", {"bias": "up"}, 422, "one of long, short"),
        ("pipeline/signals", {"timeframe": "17m"}, 422, "'17m'; the nearest of"),
        ("execution/orders", {"cursor": "e30"}, 422, "cursor 'e30' is none; take `next_cursor`"),
        ("execution/orders/none", {}, 404, "there is no 'none' among orders"),
        ("admin/users", {"role": "tradr"}, 422, "no role of users is 'tradr'; did you mean trader?"),
        ("admin/runs", {"state": "succes"}, 422, "not 'succes'; did you mean success?"),
        ("marketdata/bybit/klines/working", {"symbol": "BTCUSDT", "interval": "17x"}, 422, "unknown interval '17x'"),
    ],
)
def test_a_question_that_means_nothing_is_refused_by_name(
    api: ApiLab, path: str, asked: dict[str, str], status: int, said: str
) -> None:
    answer = api.client.get(f"{PREFIX}/{path}", params=asked, headers=api.as_(Role.ADMIN))
    assert (answer.status_code, said in answer.json()["detail"]) == (status, True), answer.text


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("admin/users", {"name": "new", "role": "tradr"}, "not 'tradr'; did you mean trader?"),
        ("admin/api-keys", {"user": "x", "label": "x", "scopes": ["trad"]}, "not 'trad'; did you mean trade?"),
        ("execution/halts", {"scope": "BTCUSD", "reason": "x"}, "did you mean BTCUSDT.BYBIT?"),
    ],
)
def test_a_command_that_means_nothing_is_refused_by_name(
    api: ApiLab, path: str, body: dict[str, object], said: str
) -> None:
    answer = api.post(f"{PREFIX}/{path}", Role.ADMIN, body)
    assert (answer.status_code, said in answer.json()["detail"]) == (422, True), answer.text


def test_what_was_typed_as_a_password_is_repeated_in_no_answer(api: ApiLab) -> None:
    wrong = {"name": "ann", "password": ["hunter2-hunter2"]}
    answer = api.client.post(f"{PREFIX}/auth/login", json=wrong)
    assert (answer.status_code, "hunter2" in answer.text) == (422, False)
