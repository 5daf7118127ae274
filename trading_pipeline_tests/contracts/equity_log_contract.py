"""What ``EquityLog`` promises, whoever keeps it."""

from datetime import timedelta
from decimal import Decimal

from trading_pipeline.domain.model.accounts import Balance, Wallet
from trading_pipeline.ports.stores.execution.risk_store import EquityLog
from trading_pipeline_tests.testkit.builders import START, usdt, usdt_wallet

HOUR = timedelta(hours=1)


class EquityLogContract:
    """Give the fixtures ``equity`` and ``equity_of_another``, logs of two accounts in one place, which are empty."""

    def test_before_the_first_reading_there_is_none(self, equity: EquityLog) -> None:
        assert equity.first_since(START) is None

    def test_the_oldest_reading_includes_its_instant(self, equity: EquityLog) -> None:
        readings = [usdt_wallet(Decimal(10_000 + hour), START + hour * HOUR) for hour in range(3)]
        for reading in reversed(readings):
            equity.record(reading)
        assert equity.first_since(START - HOUR) == readings[0]
        assert equity.first_since(START + HOUR) == readings[1]
        assert equity.first_since(START + HOUR + timedelta(microseconds=1)) == readings[2]
        assert equity.first_since(START + 3 * HOUR) is None

    def test_a_reading_of_the_same_instant_stays_as_it_is(self, equity: EquityLog) -> None:
        first = usdt_wallet(Decimal(10_000), START)
        equity.record(first)
        equity.record(usdt_wallet(Decimal(9), START))
        assert equity.first_since(START) == first

    def test_every_currency_comes_back_exactly(self, equity: EquityLog) -> None:
        bitcoin = Balance(Decimal("0.123456789"), Decimal("0.12"), Decimal("0.1"), Decimal("0.003456789"))
        wallet = Wallet({"USDT": usdt(Decimal("10000.00000001")), "BTC": bitcoin}, START)
        equity.record(wallet)
        assert equity.first_since(START) == wallet

    def test_accounts_are_kept_apart(self, equity: EquityLog, equity_of_another: EquityLog) -> None:
        equity_of_another.record(usdt_wallet(Decimal(1), START))
        assert equity.first_since(START) is None
        equity.record(usdt_wallet(Decimal(2), START))
        assert equity_of_another.first_since(START) == usdt_wallet(Decimal(1), START)

    def test_the_lowest_reading_of_each_currency_since_an_instant(self, equity: EquityLog) -> None:
        for hour, money in ((0, 1), (1, 50), (2, 40), (3, 60)):
            wallet = Wallet({"USDT": usdt(Decimal(money)), "BTC": usdt(Decimal(money * 2))}, START + hour * HOUR)
            equity.record(wallet)
        assert equity.lowest_since(START + HOUR) == {"USDT": Decimal(40), "BTC": Decimal(80)}
        assert equity.lowest_since(START + 4 * HOUR) == {}
