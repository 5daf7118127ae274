"""``trading-pipeline reconcile``: compare venue and ledger now."""

from trading_pipeline.cli.remote import RemoteApi, Url
from trading_pipeline.cli.running_system import StateDir, run_job, settings_of
from trading_pipeline.cli.written import Json, write


def reconcile(as_json: Json = False, state_dir: StateDir = None, url: Url = "") -> None:
    """Compare venue and ledger now instead of within the minute, as a run of Dagster; what differs is halted."""
    if url:
        api = RemoteApi(url)
        run = api.order("POST", "/execution/reconciliation", {})
        write(run if as_json else [f"venue and ledger are being compared: {api.page(run['run_page'])}"])
        return
    run = run_job(settings_of(state_dir), "reconcile", {})
    write(run if as_json else ["venue and ledger were compared; `status` says what is halted"])
