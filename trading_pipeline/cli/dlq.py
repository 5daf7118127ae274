"""``trading-pipeline dlq``: look at messages that could not be understood, take them up again, drop them."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated

import typer

from trading_pipeline.cli.letters import Letters, letters_of
from trading_pipeline.cli.remote import Url
from trading_pipeline.cli.running_system import StateDir
from trading_pipeline.cli.written import Json
from trading_pipeline.domain.model.dead_letters import DeadLetter
from trading_pipeline.domain.model.errors import ConfigurationError, DataError

_SHOWN = 100

Ids = Annotated[list[str] | None, typer.Argument(help="letters, by the id that `list` shows", show_default=False)]
All = Annotated[bool, typer.Option("--all", help="every letter there is; through --url the newest thousand")]

dlq = typer.Typer(name="dlq", help="Messages that could not be understood.", no_args_is_help=True)


@dlq.command("list")
def list_letters(
    limit: Annotated[int, typer.Option(min=1, help="the newest so many")] = 50,
    as_json: Json = False,
    state_dir: StateDir = None,
    url: Url = "",
) -> None:
    """List dead letters, newest first: id, time, who heard it, why it was buried."""
    with letters_of(state_dir, url) as letters:
        found = letters.newest(limit)
    if as_json:
        told = [{**asdict(letter), "buried_at": letter.buried_at.isoformat()} for letter in found]
        sys.stdout.write(f"{json.dumps(told, indent=2)}\n")
        return
    for letter in found:
        when = f"{letter.buried_at:%Y-%m-%d %H:%M:%S} UTC"
        sys.stdout.write(f"{letter.letter_id}  {when}  {letter.source}  {_shortened(letter.reason)}\n")
    if not found:
        sys.stdout.write("no dead letters\n")


@dlq.command()
def show(letter_id: str, state_dir: StateDir = None, url: Url = "") -> None:
    """Print one letter as it came."""
    with letters_of(state_dir, url) as letters:
        (letter,) = _chosen(letters, [letter_id], everything=False)
    when = f"{letter.buried_at:%Y-%m-%d %H:%M:%S} UTC"
    sys.stdout.write(f"heard by {letter.source} at {when}\n{letter.reason}\n\n{letter.payload}\n")


@dlq.command()
def drop(letter_ids: Ids = None, everything: All = False, state_dir: StateDir = None, url: Url = "") -> None:
    """Forget letters for good."""
    with letters_of(state_dir, url) as letters:
        chosen = _chosen(letters, letter_ids or [], everything=everything)
        for letter in chosen:
            letters.drop(letter.letter_id)
    sys.stdout.write(f"{len(chosen)} dropped\n")


@dlq.command()
def replay(letter_ids: Ids = None, everything: All = False, state_dir: StateDir = None, url: Url = "") -> None:
    """Read letters again, oldest first, and hand them on as if they had just come; what still fails stays."""
    with letters_of(state_dir, url) as letters:
        chosen, refused = _chosen(letters, letter_ids or [], everything=everything), 0
        for letter in reversed(chosen):
            try:
                done = letters.replay(letter)
            # One that cannot be read must not hold up those that can.
            except DataError as error:
                done, refused = f"still not understood: {error}", refused + 1
            sys.stdout.write(f"{letter.letter_id}  {letter.source}  {done}\n")
    if refused:
        raise DataError(f"{refused} of {len(chosen)} letters are still not understood; mend the reader, or drop them")


def _chosen(letters: Letters, letter_ids: Sequence[str], *, everything: bool) -> Sequence[DeadLetter]:
    """The letters of these ids, newest first; all of them where that is asked for.

    :raises ConfigurationError: neither or both is asked for, or there is no letter of an id.
    """
    # To name some and to say all cannot both be meant, and dropping is for good.
    if everything == bool(letter_ids):
        raise ConfigurationError("name letters by their ids, or say --all")
    found = letters.newest(letters.most)
    if everything:
        return found
    missing = sorted(set(letter_ids) - {letter.letter_id for letter in found})
    if missing:
        raise ConfigurationError(f"no dead letter {', '.join(missing)}; `trading-pipeline dlq list` shows their ids")
    return [letter for letter in found if letter.letter_id in letter_ids]


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"
