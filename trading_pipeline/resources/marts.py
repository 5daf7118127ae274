"""The dbt project as a resource."""

from collections.abc import Sequence
from pathlib import Path

import dagster as dg
from pydantic import Field

from trading_pipeline.adapters.marts import MartsReport, build_marts


class Marts(dg.ConfigurableResource["Marts"]):
    """Builds the schema ``marts`` from the schema ``trading``."""

    project_dir: str = Field(description="folder of dbt_project.yml")
    target_dir: str = Field(description="where dbt writes what it compiled and its results")
    database_url: str = Field(description="SQLAlchemy address of the database `trading`")

    def build(self, names: Sequence[str]) -> MartsReport:
        """Build these models and run these data tests.

        :raises ConfigurationError: dbt could not run at all.
        """
        return build_marts(Path(self.project_dir), Path(self.target_dir), self.database_url, names)
