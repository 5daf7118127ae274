from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.portfolio.sizing import SizingModel, SizingRule, kelly_fraction


def _rule(model: str, **numbers: str) -> SizingRule:
    return SizingRule(SizingModel(model), **{name: Decimal(value) for name, value in numbers.items()})


@pytest.mark.parametrize(
    ("rule", "amount"),
    [
        (_rule("fixed"), "50"),
        (_rule("fixed", fixed_amount="5000"), "1000"),
        (_rule("fractional"), "50"),
        (_rule("fractional", max_balance_share="0.02"), "20"),
        (_rule("volatility"), "12.5"),
        (_rule("kelly", win_rate="0.6", average_win_pct="2"), "50"),
        (_rule("kelly", win_rate="0.6", average_win_pct="2", fraction="1"), "285.714"),
        (_rule("kelly", win_rate="0.4"), "0"),
        (_rule("kelly", win_rate="0.4", min_amount="20"), "0"),
        # (0.8 x 1 - 0.2 x 2) / (0.8 x 1 + 0.2 x 4) = 0.25
        (_rule("kelly", win_rate="0.8", average_win_pct="1", average_loss_pct="2", fraction="1"), "250"),
        (_rule("fractional", min_amount="80"), "80"),
        (_rule("fractional", max_amount="30"), "30"),
    ],
)
def test_amount_from_a_thousand_at_two_percent_volatility(rule: SizingRule, amount: str) -> None:
    assert rule.amount(Decimal(1000), Decimal(2)) == pytest.approx(Decimal(amount), abs=Decimal("0.001"))


@given(st.sampled_from(SizingModel), st.decimals(0, 10_000, places=2), st.decimals(0, 50, places=2))
def test_an_amount_is_never_negative_nor_more_than_there_is(
    model: SizingModel, balance: Decimal, volatility: Decimal
) -> None:
    assert 0 <= SizingRule(model, min_amount=Decimal(20)).amount(balance, volatility) <= balance


def test_kelly_is_half_at_most_and_nothing_without_an_edge() -> None:
    assert kelly_fraction(Decimal("0.9"), Decimal(1), Decimal(1)) == Decimal("0.5")
    assert kelly_fraction(Decimal("0.5"), Decimal(1), Decimal(1)) == 0
    assert kelly_fraction(Decimal("0.4"), Decimal(1), Decimal(1)) == 0


@pytest.mark.parametrize("model", SizingModel)
def test_of_less_than_nothing_nothing_is_given(model: SizingModel) -> None:
    assert SizingRule(model, win_rate=Decimal("0.7")).amount(Decimal(-5), Decimal(2)) == 0


def test_the_least_amount_may_be_the_most() -> None:
    assert _rule("fractional", min_amount="80", max_amount="80").amount(Decimal(1000), Decimal(2)) == 80


@pytest.mark.parametrize(
    ("numbers", "message"),
    [
        ({"fraction": "1.5"}, "fraction = 1.5"),
        ({"fraction": "-0.1"}, "fraction = -0.1"),
        ({"win_rate": "1.01"}, "win_rate = 1.01"),
        ({"max_balance_share": "-0.01"}, "max_balance_share = -0.01"),
        ({"average_loss_pct": "0"}, "average_loss_pct = 0"),
        ({"fixed_amount": "0"}, "fixed_amount = 0"),
        ({"min_amount": "9", "max_amount": "8"}, "must not exceed max_amount = 8"),
    ],
)
def test_rules_that_make_no_sense_are_refused(numbers: dict[str, str], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        _rule("fixed", **numbers)
