"""The OpenAPI document keeps its word: whatever is sent, the answer is one that it describes, and none is a 5xx.

All lists are one route over many collections, and what their parameters may be is most of what there is to try: once
for the first of them, and for each of the others among the proofs.
"""

from collections.abc import Iterator
from zlib import crc32

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.python import asgi

from trading_pipeline.api.routers.records import TREE
from trading_pipeline.domain.model.access import Role
from trading_pipeline_tests.testkit.api_lab import ApiLab

ASKERS = (None, Role.VIEWER, Role.ADMIN, Role.ADMIN)
"""Whoever asks; an administrator gets past the door everywhere, so that more is to be seen."""

KNOWN_TO_THE_SYSTEM_ALONE = schemathesis.checks.positive_data_acceptance
"""Which instruments, users and cursors there are is not in the document, so that what fits it may be refused."""

ENDS_SESSIONS = ("/api/v1/auth/logout", "/api/v1/auth/refresh")
"""Whoever asked these signs in anew: with a session that has ended, everything after them would only be denied."""

LISTS = [shown.path for several in TREE.values() for shown in several]
TRYING = settings(
    max_examples=2,
    phases=[Phase.explicit, Phase.generate],
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def document(api: ApiLab) -> Iterator[schemathesis.BaseSchema]:
    """As the application serves it."""
    yield schemathesis.openapi.from_asgi("/openapi.json", api.client.app)
    # schemathesis runs the application a second time, beside its own servers, until the interpreter ends
    asgi.shutdown_lifespans()


def keeps_its_word(case: schemathesis.Case, api: ApiLab) -> None:
    """Ask as somebody, and hold the answer against the document."""
    sent = repr((case.path_parameters, case.query, case.body))
    api.limiter.spent.clear()  # what is refused is counted, and this asks for hundreds of refusals
    asker = ASKERS[crc32(sent.encode(errors="replace")) % len(ASKERS)]
    case.call_and_validate(headers=api.as_(asker) if asker else None, excluded_checks=[KNOWN_TO_THE_SYSTEM_ALONE])
    if case.operation.path in ENDS_SESSIONS:
        api.signed_in.clear()


written = schemathesis.pytest.from_fixture("document")
other_lists = written.include(path=[f"/api/v1{path}" for path in LISTS[1:]], method="GET")
# a stream never ends, and whoever reads it whole waits for ever
everything_else = written.exclude(path="/stream").exclude(path=[f"/api/v1{path}" for path in LISTS[1:]], method="GET")


@everything_else.parametrize()
@TRYING
def test_every_answer_is_one_that_is_documented(case: schemathesis.Case, api: ApiLab) -> None:
    keeps_its_word(case, api)


def test_whoever_asked_was_known_to_the_end(api: ApiLab) -> None:
    assert [api.get("/api/v1/auth/me", role).status_code for role in (Role.VIEWER, Role.ADMIN)] == [200, 200]


@pytest.mark.proof
@other_lists.parametrize()
@TRYING
def test_every_answer_of_every_list_is_one_that_is_documented(case: schemathesis.Case, api: ApiLab) -> None:
    keeps_its_word(case, api)


@pytest.mark.parametrize("path", LISTS)
def test_every_list_answers_refuses_and_denies_as_it_is_documented(
    path: str, document: schemathesis.BaseSchema, api: ApiLab
) -> None:
    operation = document[f"/api/v1{path}"]["GET"]
    needed = {one.name: "none" for one in operation.query if one.is_required}
    bar = {"instrument_id": "BTCUSDT", "timeframe": "15m"}
    asked = {name: bar.get(name, value) for name, value in needed.items()}
    admin = api.as_(Role.ADMIN)
    api.limiter.spent.clear()
    statuses = [
        operation.Case(query=query).call_and_validate(headers=headers).status_code
        for query, headers in (
            ({**asked, "newest_first": "false", "limit": 1}, admin),
            ({**asked, "limit": 0}, admin),
            (asked, {"Authorization": "Bearer nobody"}),
        )
    ]
    assert statuses == [200, 422, 401]
