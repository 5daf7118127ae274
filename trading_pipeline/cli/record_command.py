"""A command about one stored signal or order: a run of Dagster, launched from here or by an API elsewhere."""

import getpass
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from trading_pipeline.cli.remote import RemoteApi
from trading_pipeline.cli.running_system import database_of, run_job, settings_of
from trading_pipeline.cli.written import write


@dataclass(frozen=True, slots=True)
class RecordCommand:
    """What is ordered.

    :param collection: that the record is listed in.
    :param parameter: what the op calls the record's id.
    :param verb: the end of the API's path.
    :param begun: what is said of the record once a run over there is launched.
    :param done: what is said of it once the run from here has ended.
    """

    collection: str
    parameter: str
    verb: str
    job: str
    op: str
    begun: str
    done: str

    def order(self, identity: str, reason: str, state_dir: Path | None, url: str, *, as_json: bool) -> None:
        """Order it, and say what came of it.

        :raises TradingError: there is no such record, or something stands against it; the message says what.
        """
        if url:
            api = RemoteApi(url)
            # what somebody typed is one part of the path, whatever it is
            path = f"/execution/{self.collection}/{quote(identity, safe='')}/{self.verb}"
            run = api.order("POST", path, {"reason": reason})
            write(run if as_json else [f"{self.begun.format(identity)}: {api.page(run['run_page'])}"])
            return
        from trading_pipeline.resources.operator_questions import scope_of

        config = {self.parameter: identity, "reason": reason, "actor": getpass.getuser()}
        settings = settings_of(state_dir)
        with database_of(settings) as engine:
            # Before a run is launched: the run could not even say whose record the refusal belongs to.
            scope_of(engine, self.collection, identity)
        run = run_job(settings, self.job, {self.op: config})
        write(run if as_json else [self.done.format(identity)])
