"""Halts, equity, accounts and commands in PostgreSQL."""

import pytest
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.accounting.equity_store import PostgresEquityLog
from trading_pipeline.adapters.stores.execution.account_overview import PostgresAccountOverview
from trading_pipeline.adapters.stores.execution.account_register import PostgresAccountRegister
from trading_pipeline.adapters.stores.execution.risk_store import PostgresHaltRegister
from trading_pipeline.adapters.stores.operations.command_log import PostgresCommandLog
from trading_pipeline_tests.contracts.account_register_contract import OTHER, AccountRegisterContract
from trading_pipeline_tests.contracts.command_log_contract import CommandLogContract
from trading_pipeline_tests.contracts.equity_log_contract import EquityLogContract
from trading_pipeline_tests.contracts.halt_register_contract import HaltRegisterContract
from trading_pipeline_tests.testkit.builders import ACCOUNT


class TestPostgresHaltRegister(HaltRegisterContract):
    @pytest.fixture
    def halts(self, database: Engine) -> PostgresHaltRegister:
        return PostgresHaltRegister(database)


class TestPostgresEquityLog(EquityLogContract):
    @pytest.fixture
    def equity(self, database: Engine) -> PostgresEquityLog:
        return self.log(database, ACCOUNT)

    @pytest.fixture
    def equity_of_another(self, database: Engine) -> PostgresEquityLog:
        return self.log(database, OTHER)

    def log(self, database: Engine, account_id: str) -> PostgresEquityLog:
        """Of an account that is registered, as rows of accounts have to be."""
        PostgresAccountRegister(database).register(account_id, f"the key of {account_id}")
        return PostgresEquityLog(database, account_id)


class TestPostgresAccountRegister(AccountRegisterContract):
    @pytest.fixture
    def register(self, database: Engine) -> PostgresAccountRegister:
        return PostgresAccountRegister(database)

    @pytest.fixture
    def overview(self, database: Engine) -> PostgresAccountOverview:
        return PostgresAccountOverview(database)


class TestPostgresCommandLog(CommandLogContract):
    @pytest.fixture
    def commands(self, database: Engine) -> PostgresCommandLog:
        return PostgresCommandLog(database)
