"""What ``AccountRegister`` promises, and ``AccountOverview`` of the accounts in it, whoever keeps them."""

import pytest

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.identity import AccountId
from trading_pipeline.ports.stores.execution.account_overview import AccountOverview
from trading_pipeline.ports.stores.execution.account_register import AccountRegister
from trading_pipeline_tests.testkit.builders import ACCOUNT

OTHER = AccountId("BYBIT:1002:simulated")


class AccountRegisterContract:
    """Give the fixtures ``register`` and ``overview``, which look at one place, and it is empty."""

    def test_before_the_first_key_there_is_no_account(self, overview: AccountOverview) -> None:
        assert (overview.account_ids(), overview.live_positions()) == ([], [])

    def test_a_key_is_remembered_with_its_account(self, register: AccountRegister) -> None:
        assert register.of_key("a key") is None
        for _ in range(2):
            register.register(ACCOUNT, "a key")
        assert (register.of_key("a key"), register.of_key("another key")) == (ACCOUNT, None)

    def test_a_renewed_key_belongs_to_the_same_account(
        self, register: AccountRegister, overview: AccountOverview
    ) -> None:
        for key in ("a key", "a newer key"):
            register.register(ACCOUNT, key)
        assert register.of_key("a key") == register.of_key("a newer key") == ACCOUNT
        assert overview.account_ids() == [ACCOUNT]

    def test_two_accounts_with_one_key_are_refused_by_name(self, register: AccountRegister) -> None:
        register.register(ACCOUNT, "a key")
        with pytest.raises(ConfigurationError, match=f"belongs to {OTHER}, but was registered with {ACCOUNT}"):
            register.register(OTHER, "a key")
        assert register.of_key("a key") == ACCOUNT

    def test_accounts_come_by_name(self, register: AccountRegister, overview: AccountOverview) -> None:
        register.register(OTHER, "another key")
        register.register(ACCOUNT, "a key")
        assert overview.account_ids() == [ACCOUNT, OTHER]
