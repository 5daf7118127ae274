"""Keys and the accounts they belong to."""

import pytest
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.execution.account_overview import PostgresAccountOverview
from trading_pipeline.adapters.stores.execution.account_register import PostgresAccountRegister
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.model.identity import AccountId
from trading_pipeline_tests.testkit.builders import ACCOUNT

OTHER = AccountId("BYBIT:1002:simulated")


def test_a_key_is_remembered_with_its_account(database: Engine) -> None:
    register = PostgresAccountRegister(database)
    assert register.of_key("a key") is None
    register.register(ACCOUNT, "a key")
    register.register(ACCOUNT, "a key")
    assert (register.of_key("a key"), register.of_key("another key")) == (ACCOUNT, None)


def test_a_renewed_key_belongs_to_the_same_account(database: Engine) -> None:
    register = PostgresAccountRegister(database)
    register.register(ACCOUNT, "a key")
    register.register(ACCOUNT, "a newer key")
    assert PostgresAccountOverview(database).account_ids() == [ACCOUNT]


def test_two_accounts_with_one_key_are_refused_by_name(database: Engine) -> None:
    register = PostgresAccountRegister(database)
    register.register(ACCOUNT, "a key")
    with pytest.raises(ConfigurationError, match=f"belongs to {OTHER}, but was registered with {ACCOUNT}"):
        register.register(OTHER, "a key")
    assert register.of_key("a key") == ACCOUNT
