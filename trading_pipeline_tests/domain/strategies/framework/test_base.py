from dataclasses import dataclass

import pytest

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.strategies.framework.parameters import Parameters, chosen, listed, ranged
from trading_pipeline.domain.strategies.opinions.ema_atr import EmaAtr, EmaAtrParameters
from trading_pipeline_tests.domain.strategies.bars import random_bars


@dataclass(frozen=True, slots=True)
class Sample(Parameters):
    period: int = ranged(10, 2, 50)
    width: float = ranged(1.0, 0.5, 2.0)
    swing: bool = ranged(False, False, True)
    mode: str = chosen("calm", "wild")
    members: tuple[str, ...] = listed("a", "b")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"perod": 3}, "did you mean period"),
        ({"zzz": 3}, "known: period, width, swing, mode, members"),
        ({"period": 1}, "period = 1: must lie between 2 and 50"),
        ({"period": 2.5}, "period = 2.5: must be int"),
        ({"period": "ten"}, "period = 'ten': must be int"),
        ({"period": True}, "must be int"),
        ({"period": None}, "must be int"),
        ({"width": float("nan")}, "must be float"),
        ({"width": "inf"}, "must be float"),
        ({"swing": 2}, "swing = 2: must be bool"),
        ({"mode": "wyld"}, "mode = 'wyld'; did you mean wild"),
        ({"mode": 3}, "mode = 3; known: calm, wild"),
        ({"members": 3}, "members = 3: must be words"),
    ],
)
def test_a_bad_parameter_is_refused_with_its_name_and_the_rule(values: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        Sample.of(values)


def test_text_from_a_command_line_is_read_as_the_fields_type() -> None:
    assert Sample.of({"period": "12", "width": "1.5", "swing": "True"}) == Sample(12, 1.5, True)


def test_words_come_as_a_list_or_separated_by_commas() -> None:
    assert Sample.of({"members": "x, y,"}) == Sample.of({"members": ["x", "y"]}) == Sample(members=("x", "y"))


def test_what_is_allowed_can_be_told() -> None:
    told = [Sample.allowed(name) for name in ("period", "mode", "members")]
    assert told == ["2 to 50", "calm or wild", "separated by commas"]


def test_a_whole_number_for_a_float_is_the_same_version() -> None:
    whole = EmaAtr(EmaAtrParameters(stop_atr_multiple=3))
    assert whole.version == EmaAtr(EmaAtrParameters(stop_atr_multiple=3.0)).version
    assert whole.version != EmaAtr().version


def test_a_strategy_has_no_exits_by_default() -> None:
    assert list(EmaAtr().exits(random_bars(50)).columns) == ["bar_index", "bias"]
    assert EmaAtr().exits(random_bars(50)).empty
