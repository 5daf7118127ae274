"""The command that runs the watchdog."""


def watchdog() -> None:
    """Look after stops and signs of life beside everything else, until Ctrl-C."""
    from trading_pipeline.runtime.watchdog.process import run_watchdog
    from trading_pipeline.settings import Settings

    run_watchdog(Settings())
