"""The Dagster webserver, in its own read-only mode for those who may only look.

Stock Dagster is read-only for everybody or for nobody, so that viewers would need a second webserver of 160 MB. The
mode is a property of each request's context, and that is where it is decided here, by a header that the API sends.
With the stock ``dagster-webserver`` everything still works, and the API alone holds viewers back (docs/decisions/0104).
"""

from dagster._core.workspace.context import WorkspaceProcessContext, WorkspaceRequestContext
from dagster._grpc import server_watcher
from dagster_webserver import cli
from starlette.requests import HTTPConnection

from trading_pipeline.adapters.orchestrator.ui import READ_ONLY_HEADER, UI_PREFIX

_CODE_SERVER_S = 3
"""Between two looks whether the code server is another one; Dagster's second is a tenth of what this process costs."""


class ByVisitor(WorkspaceProcessContext):
    """Gives each request the rights of whoever sent it."""

    def create_request_context(self, source: object | None = None) -> WorkspaceRequestContext:
        """As Dagster does, read-only where the request says so."""
        looks_only = isinstance(source, HTTPConnection) and READ_ONLY_HEADER in source.headers
        return WorkspaceRequestContext(
            instance=self.instance,
            current_workspace=self.get_current_workspace(),
            process_context=self,
            version=self.version,
            source=source,
            read_only=self.read_only or looks_only,
        )


def run_webserver(workspace: str, host: str, port: int) -> None:
    """Serve the UI until told to stop.

    :param workspace: path of the workspace file.
    """
    for module, name, value in (
        (cli, WorkspaceProcessContext.__name__, ByVisitor),
        (server_watcher, "WATCH_INTERVAL", _CODE_SERVER_S),
    ):
        getattr(module, name)  # a release that renames one of them must fail loudly, not let viewers write
        setattr(module, name, value)
    where = ["-w", workspace, "-h", host, "-p", str(port), "--path-prefix", UI_PREFIX]
    cli.cli([*where, "--log-format", "json"], standalone_mode=False)
