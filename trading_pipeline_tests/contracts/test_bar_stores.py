"""Bars, waves and verdicts in PostgreSQL."""

import pytest
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.market_data.bar_store import PostgresBarStore
from trading_pipeline.adapters.stores.market_data.check_store import PostgresCheckStore
from trading_pipeline.adapters.stores.market_data.raw_bar_store import PostgresRawBarStore
from trading_pipeline.adapters.stores.market_data.wave_store import PostgresWaveStore
from trading_pipeline_tests.contracts.bar_store_contract import BarStoreContract, RawBarStoreContract
from trading_pipeline_tests.contracts.check_store_contract import CheckStoreContract
from trading_pipeline_tests.contracts.wave_store_contract import WaveStoreContract


class TestPostgresRawBarStore(RawBarStoreContract):
    @pytest.fixture
    def raw(self, database: Engine) -> PostgresRawBarStore:
        return PostgresRawBarStore(database)


class TestPostgresBarStore(BarStoreContract):
    @pytest.fixture
    def store(self, database: Engine) -> PostgresBarStore:
        return PostgresBarStore(database)


class TestPostgresWaveStore(WaveStoreContract):
    @pytest.fixture
    def store(self, database: Engine) -> PostgresBarStore:
        return PostgresBarStore(database)

    @pytest.fixture
    def waves(self, database: Engine) -> PostgresWaveStore:
        return PostgresWaveStore(database)


class TestPostgresCheckStore(CheckStoreContract):
    @pytest.fixture
    def checks(self, database: Engine) -> PostgresCheckStore:
        return PostgresCheckStore(database)
