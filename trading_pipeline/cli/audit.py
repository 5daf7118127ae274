"""``trading-pipeline audit``: whether the record of who did what is as it was written."""

import sys

import typer

from trading_pipeline.cli.running_system import StateDir, database_of, settings_of

audit = typer.Typer(name="audit", help="The record of who did what.", no_args_is_help=True, add_completion=False)


@audit.callback()
def _group() -> None:
    """Keep ``verify`` a word of its own, though it is the only one."""


@audit.command()
def verify(state_dir: StateDir = None) -> None:
    """Read the whole chain again; exit code 1 where a record was changed or taken out.

    The head that it prints, kept elsewhere, proves later that the end was not cut off.
    """
    from trading_pipeline.adapters.stores.operations.audit_trail import PostgresAuditTrail
    from trading_pipeline.domain.model.audit import verify_chain

    with database_of(settings_of(state_dir)) as engine:
        verdict = verify_chain(PostgresAuditTrail(engine).records())
    sys.stdout.write(f"{verdict.records} records follow from each other, head {verdict.head}\n")
    if verdict.broken:
        sys.stdout.write(f"{verdict.broken}\n")
        raise typer.Exit(1)
