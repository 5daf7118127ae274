"""The process that holds the definitions, and how it is asked to end."""

from pathlib import Path

import grpc
import structlog

from trading_pipeline.runtime.supervision.processes import ProcessSpec

log = structlog.get_logger()

_ANSWER_S = 1.0


def code_server_spec(command: list[str], code_socket: Path, grace_s: float) -> ProcessSpec:
    """Dagster's code server behind a unix socket; ready once the socket is there."""
    return ProcessSpec(
        "code-server",
        command,
        ready=code_socket.exists,
        grace_s=grace_s,
        ask_to_end=lambda: ask_code_server_to_end(code_socket),
    )


def ask_code_server_to_end(code_socket: Path) -> bool:
    """Ask by Dagster's own call and not by a signal; returns whether the server agreed.

    Dagster turns a signal into an exception wherever the main thread stands, and now and then that is between
    giving up a lock and taking it back: the server then ends with a traceback about a lock nobody holds.
    """
    with grpc.insecure_channel(f"unix:{code_socket}") as channel:
        shut_down = channel.unary_unary("/api.DagsterApi/ShutdownServer")
        try:
            shut_down(b"", timeout=_ANSWER_S)
        except grpc.RpcError as error:
            log.info("code server does not answer, a signal ends it", reason=str(error.code()))
            return False
    return True
