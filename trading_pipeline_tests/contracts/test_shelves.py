"""Book samples and calibrations in PostgreSQL and in memory."""

import pytest
from sqlalchemy import Engine

from trading_pipeline.adapters.stores.market_data.book_store import PostgresBookSampleStore
from trading_pipeline.adapters.stores.research.calibration_store import PostgresCalibrationStore
from trading_pipeline_tests.contracts.book_sample_store_contract import BookSampleStoreContract
from trading_pipeline_tests.contracts.calibration_store_contract import CalibrationStoreContract
from trading_pipeline_tests.testkit.fake_stores import BookShelf, CalibrationShelf


class TestPostgresBookSampleStore(BookSampleStoreContract):
    @pytest.fixture
    def books(self, database: Engine) -> PostgresBookSampleStore:
        return PostgresBookSampleStore(database)


class TestBookShelf(BookSampleStoreContract):
    @pytest.fixture
    def books(self) -> BookShelf:
        return BookShelf()


class TestPostgresCalibrationStore(CalibrationStoreContract):
    @pytest.fixture
    def calibrations(self, database: Engine) -> PostgresCalibrationStore:
        return PostgresCalibrationStore(database)


class TestCalibrationShelf(CalibrationStoreContract):
    @pytest.fixture
    def calibrations(self) -> CalibrationShelf:
        return CalibrationShelf()
