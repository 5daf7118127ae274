"""``trading-pipeline bars``: bars by hand."""

import typer

from trading_pipeline.cli.bars_files import export_files, import_file

bars = typer.Typer(name="bars", help="Bars from files into the database, and out of it.", no_args_is_help=True)
bars.command("import")(import_file)
bars.command("export")(export_files)
