"""Lists and single records, a pair of routes for each collection."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from trading_pipeline.api.answers import unless_known
from trading_pipeline.api.context import ApiContext, Context
from trading_pipeline.api.doors import needs
from trading_pipeline.api.routing import Router
from trading_pipeline.api.shapes import Key, page_model, query_model, record_model, with_run_page
from trading_pipeline.domain.model.access import Permission
from trading_pipeline.domain.model.records import RecordCollection, RecordQuestion
from trading_pipeline.services.operations.read_records import Listed, list_records, one_record

_PAGING = ("since", "until", "newest_first", "limit", "cursor")


@dataclass(frozen=True, slots=True)
class Shown:
    """Where a collection stands in the tree.

    :param steady: it rarely changes, so that a client is spared what it has.
    """

    path: str
    collection: str
    permission: Permission = Permission.READ
    steady: bool = False


TREE: dict[str, tuple[Shown, ...]] = {
    "market": (
        Shown("/market/bars", "bars"),
        Shown("/market/checks", "checks"),
        Shown("/market/quality", "quality_events"),
        Shown("/market/tickers", "tickers"),
        Shown("/market/contracts", "instruments"),
        Shown("/market/books", "book_snapshots"),
        Shown("/market/trades", "public_trades"),
        Shown("/market/funding", "funding_rates"),
        Shown("/market/open-interest", "open_interest"),
        Shown("/market/marks", "mark_bars"),
        Shown("/market/uploads", "bar_uploads", Permission.ADMINISTER),
    ),
    "pipeline": (
        Shown("/pipeline/waves", "waves"),
        Shown("/pipeline/snapshots", "indicator_snapshots"),
        Shown("/pipeline/setups", "setups"),
        Shown("/pipeline/triggers", "triggers"),
        Shown("/pipeline/pivots", "pivots"),
        Shown("/pipeline/signals", "signals"),
        Shown("/pipeline/plans", "plans"),
    ),
    "execution": (
        Shown("/execution/orders", "orders"),
        Shown("/execution/fills", "fills"),
        Shown("/execution/positions", "positions"),
        Shown("/execution/traces", "traces"),
        Shown("/execution/equity", "equity"),
        Shown("/execution/halts", "halts", steady=True),
        Shown("/execution/commands", "commands"),
        Shown("/execution/reconciliation", "differences"),
        Shown("/execution/risk-events", "risk_events"),
    ),
    "research": (
        Shown("/research/backtests", "backtests", steady=True),
        Shown("/research/curves", "backtest_curves"),
        Shown("/research/trades", "backtest_trades"),
        Shown("/research/calibrations", "calibrations", steady=True),
    ),
    "operations": (Shown("/operations/notifications", "notifications"),),
    "administration": (
        Shown("/admin/users", "users", Permission.ADMINISTER),
        Shown("/admin/api-keys", "api_keys", Permission.ADMINISTER),
        Shown("/admin/configuration/changes", "limit_changes"),
        Shown("/admin/audit", "audit", Permission.ADMINISTER),
    ),
}


def question_of(collection: RecordCollection, asked: Any) -> tuple[RecordQuestion, str]:
    """What the query parameters of a list ask, and its cursor."""
    given = asked.model_dump()
    filters = {name: value for name, value in given.items() if name not in _PAGING and value is not None}
    span = {name: given[name] for name in ("since", "until", "newest_first", "limit")}
    return RecordQuestion(collection.name, filters, **span), given["cursor"]


def listed(context: ApiContext, question: RecordQuestion, cursor: str = "") -> dict[str, Any]:
    """A page as it is shown."""
    page: Listed = list_records(reader=context.reader, universe=context.universe, question=question, cursor=cursor)
    return {"items": [with_run_page(one, context.jobs.page_of) for one in page.items], "next_cursor": page.next_cursor}


def add_list(router: APIRouter, shown: Shown, collection: RecordCollection) -> None:
    """``GET`` on a collection."""
    asked_model: Any = query_model(collection)
    answer_model = page_model(collection)

    def list_page(request: Request, context: Context, asked: Annotated[asked_model, Query()]) -> Response:
        question, cursor = question_of(collection, asked)
        page = answer_model.model_validate(listed(context, question, cursor))
        return unless_known(request, page) if shown.steady else Response(page.model_dump_json(), media_type=_JSON)

    router.add_api_route(
        shown.path,
        list_page,
        methods=["GET"],
        name=f"list_{collection.name}",
        summary=f"List {collection.name.replace('_', ' ')}",
        description=collection.meaning,
        response_model=answer_model,
        openapi_extra=needs(shown.permission),
    )


def add_one(router: APIRouter, shown: Shown, collection: RecordCollection) -> None:
    """``GET`` on one record by its id."""
    answer_model = record_model(collection)

    def one(context: Context, identity: Annotated[Key, Path(alias=collection.identity)]) -> Response:
        record = one_record(reader=context.reader, collection=collection.name, identity=identity)
        shape = answer_model.model_validate(with_run_page(record, context.jobs.page_of))
        return Response(shape.model_dump_json(), media_type=_JSON)

    router.add_api_route(
        f"{shown.path}/{{{collection.identity}}}",
        one,
        methods=["GET"],
        name=f"one_of_{collection.name}",
        summary=f"One of {collection.name.replace('_', ' ')}",
        description=collection.meaning,
        response_model=answer_model,
        openapi_extra=needs(shown.permission),
    )


_JSON = "application/json"


def records_routers(collections: Mapping[str, RecordCollection]) -> Iterator[APIRouter]:
    """Every list of the tree, and every record that has an id; a router a context."""
    for context_name, several in TREE.items():
        part = Router(tags=[context_name])
        for shown in several:
            collection = collections[shown.collection]
            add_list(part, shown, collection)
            if collection.identity:
                add_one(part, shown, collection)
        yield part
