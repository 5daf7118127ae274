"""The definitions on servers of their own."""

import pytest
from sqlalchemy import Engine

from trading_pipeline_tests.defs.pipeline_stage import PipelineStage


@pytest.fixture
def stage(database: Engine, database_url: str, redis_url: str) -> PipelineStage:
    """Two days of bars at the venue, nothing stored."""
    return PipelineStage(database, database_url, redis_url)
