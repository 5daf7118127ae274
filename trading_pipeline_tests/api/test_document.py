"""The OpenAPI document keeps its word: whatever is sent, the answer is one that it describes, and none is a 5xx."""

from collections.abc import Iterator
from zlib import crc32

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.python import asgi

from trading_pipeline.domain.model.access import Role
from trading_pipeline_tests.testkit.api_lab import ApiLab

ASKERS = (None, Role.VIEWER, Role.ADMIN, Role.ADMIN)
"""Whoever asks; an administrator gets past the door everywhere, so that more is to be seen."""

KNOWN_TO_THE_SYSTEM_ALONE = schemathesis.checks.positive_data_acceptance
"""Which instruments, users and cursors there are is not in the document, so that what fits it may be refused."""


@pytest.fixture(scope="module")
def document(api: ApiLab) -> Iterator[schemathesis.BaseSchema]:
    """As the application serves it."""
    yield schemathesis.openapi.from_asgi("/openapi.json", api.client.app)
    # schemathesis runs the application a second time, beside its own servers, until the interpreter ends
    asgi.shutdown_lifespans()


# a stream never ends, and whoever reads it whole waits for ever
operations = schemathesis.pytest.from_fixture("document").exclude(path="/stream")


@operations.parametrize()
@settings(
    max_examples=2,
    phases=[Phase.explicit, Phase.generate],
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_every_answer_is_one_that_is_documented(case: schemathesis.Case, api: ApiLab) -> None:
    sent = repr((case.path_parameters, case.query, case.body))
    api.limiter.spent.clear()  # what is refused is counted, and this asks for hundreds of refusals
    asker = ASKERS[crc32(sent.encode(errors="replace")) % len(ASKERS)]
    case.call_and_validate(headers=api.as_(asker) if asker else None, excluded_checks=[KNOWN_TO_THE_SYSTEM_ALONE])
