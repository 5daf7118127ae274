"""Answers about bars, a row for each; ``data_checks`` keeps those of a bar side by side, as bars are millions."""

from sqlalchemy import Text, and_, column, select, true, values

from trading_pipeline.adapters.stores.postgres.tables import data_checks
from trading_pipeline.domain.model.checks import CheckName

_ANSWERS = values(column("name", Text), column("detail", Text), name="answers")
ANSWERS = _ANSWERS.data([(name.value, data_checks.c[name.value]) for name in CheckName]).lateral()
JUDGED = data_checks.join(ANSWERS, true())
"""Every question to every bar, those that were not asked too; their ``detail`` is null."""

AGAINST = and_(~data_checks.c.passed, ANSWERS.c.detail != "")
"""Answers that speak against a bar, found by the index of failed bars."""

VERDICTS = (
    select(
        data_checks.c.instrument_id,
        data_checks.c.timeframe,
        data_checks.c.close_time,
        ANSWERS.c.name,
        (ANSWERS.c.detail == "").label("passed"),
        ANSWERS.c.detail,
        data_checks.c.run_id,
    )
    .select_from(JUDGED)
    .where(ANSWERS.c.detail.is_not(None))
)
"""Every answer that was given."""
