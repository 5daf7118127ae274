"""``trading-pipeline dlq``: look at messages that could not be understood, take them up again, drop them."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from trading_pipeline.cli.running_system import StateDir, settings_of
from trading_pipeline.domain.model.errors import ConfigurationError, DataError

if TYPE_CHECKING:
    from trading_pipeline.adapters.streams.redis_stream import RedisStream
    from trading_pipeline.domain.model.dead_letters import DeadLetter
    from trading_pipeline.ports.stores.execution.ledger import OrderLedger
    from trading_pipeline.runtime.feed.dead_letters import LetterReplay
    from trading_pipeline.runtime.feed.storage import FeedStorage
    from trading_pipeline.settings import Settings

_MOST = 100_000
"""More than a stream keeps."""
_SHOWN = 100

Ids = Annotated[list[str] | None, typer.Argument(help="letters, by the id that `list` shows", show_default=False)]
All = Annotated[bool, typer.Option("--all", help="every letter there is")]

dlq = typer.Typer(name="dlq", help="Messages that could not be understood.", no_args_is_help=True)


@dlq.command("list")
def list_letters(
    limit: Annotated[int, typer.Option(min=1, help="the newest so many")] = 50, state_dir: StateDir = None
) -> None:
    """List dead letters, newest first: id, time, who heard it, why it was buried."""
    with _events(settings_of(state_dir)) as events:
        letters = events.dead_letters(limit)
    for letter in letters:
        when = f"{letter.buried_at:%Y-%m-%d %H:%M:%S} UTC"
        sys.stdout.write(f"{letter.letter_id}  {when}  {letter.source}  {_shortened(letter.reason)}\n")
    if not letters:
        sys.stdout.write("no dead letters\n")


@dlq.command()
def show(letter_id: str, state_dir: StateDir = None) -> None:
    """Print one letter as it came."""
    with _events(settings_of(state_dir)) as events:
        (letter,) = _chosen(events, [letter_id], everything=False)
    when = f"{letter.buried_at:%Y-%m-%d %H:%M:%S} UTC"
    sys.stdout.write(f"heard by {letter.source} at {when}\n{letter.reason}\n\n{letter.payload}\n")


@dlq.command()
def drop(letter_ids: Ids = None, everything: All = False, state_dir: StateDir = None) -> None:
    """Forget letters for good."""
    with _events(settings_of(state_dir)) as events:
        letters = _chosen(events, letter_ids or [], everything=everything)
        for letter in letters:
            events.drop_dead_letter(letter.letter_id)
    sys.stdout.write(f"{len(letters)} dropped\n")


@dlq.command()
def replay(letter_ids: Ids = None, everything: All = False, state_dir: StateDir = None) -> None:
    """Read letters again, oldest first, and hand them on as if they had just come; what still fails stays."""
    from trading_pipeline.runtime.feed.storage import opened_storage

    settings = settings_of(state_dir)
    with opened_storage(settings) as storage:
        letters = _chosen(storage.events, letter_ids or [], everything=everything)
        replaying, refused = _replay(settings, storage), 0
        for letter in reversed(letters):
            try:
                done = replaying.replay(letter)
            # One that cannot be read must not hold up those that can.
            except DataError as error:
                done, refused = f"still not understood: {error}", refused + 1
            sys.stdout.write(f"{letter.letter_id}  {letter.source}  {done}\n")
    if refused:
        raise DataError(f"{refused} of {len(letters)} letters are still not understood; mend the reader, or drop them")


@contextmanager
def _events(settings: "Settings") -> Iterator["RedisStream"]:
    from trading_pipeline.adapters.streams.redis_stream import RedisStream

    if not settings.redis_url:
        raise ConfigurationError("REDIS_URL is empty; set it beside DATABASE_URL, or name the system by --state-dir")
    with closing(RedisStream(settings.redis_url)) as events:
        yield events


def _replay(settings: "Settings", storage: "FeedStorage") -> "LetterReplay":
    from trading_pipeline.adapters.parameters.universe import load_universe
    from trading_pipeline.adapters.venues.catalog import venue_named
    from trading_pipeline.runtime.feed.dead_letters import LetterReplay
    from trading_pipeline.services.execution.identify_account import identify_account

    universe = load_universe(settings.config_dir)
    venue = venue_named(universe.venue, settings)

    # Built when a letter of the account comes up: letters of the market need no key and no venue that answers.
    def ledger() -> "OrderLedger":
        account_id = identify_account(register=storage.accounts, venue=venue, mode=settings.mode)
        return storage.ledger(storage.lease(account_id))

    return LetterReplay(
        storage=storage,
        market=venue.market_stream(universe.instrument_ids, universe.timeframes),
        account=venue.account_stream(),
        ledger=ledger,
    )


def _chosen(events: "RedisStream", letter_ids: Sequence[str], *, everything: bool) -> list["DeadLetter"]:
    """The letters of these ids, newest first; all of them where that is asked for.

    :raises ConfigurationError: neither or both is asked for, or there is no letter of an id.
    """
    # To name some and to say all cannot both be meant, and dropping is for good.
    if everything == bool(letter_ids):
        raise ConfigurationError("name letters by their ids, or say --all")
    letters = events.dead_letters(_MOST)
    if everything:
        return letters
    missing = sorted(set(letter_ids) - {letter.letter_id for letter in letters})
    if missing:
        raise ConfigurationError(f"no dead letter {', '.join(missing)}; `trading-pipeline dlq list` shows their ids")
    return [letter for letter in letters if letter.letter_id in letter_ids]


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"
