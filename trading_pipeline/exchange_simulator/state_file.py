"""Accounts, orders, positions and the place of the clock in a file, so that a restart is not the end of the world.

One SQLite file, written in one transaction before anybody is told of a change. Final orders and executions never
change again, so that a transaction costs what has happened since the last one.
"""

import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar, cast

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.exchange_simulator.exchange import DEFAULT_LEVERAGE, Account, Exchange, Execution
from trading_pipeline.exchange_simulator.orders import Order, Status, Terms
from trading_pipeline.exchange_simulator.positions import Position

Thing = TypeVar("Thing", Account, Order, Position)
_PATIENCE_S = 1.0
_LAYOUTS = (Account.__slots__, Order.__slots__, Position.__slots__, Terms.__slots__, Execution.__slots__)
# Exclusive: two exchanges on one file would each be right for half of the account.
_PRAGMAS = "PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
# Accounts are numbered by their order at the exchange.
_SCHEMA = """
    CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, content TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS orders (
        account INTEGER, sequence INTEGER, content TEXT NOT NULL, PRIMARY KEY (account, sequence)
    );
    CREATE TABLE IF NOT EXISTS executions (
        account INTEGER, number INTEGER, content TEXT NOT NULL, PRIMARY KEY (account, number)
    );
"""
VERSION = sha256(json.dumps([sorted(names) for names in _LAYOUTS] + [_SCHEMA]).encode()).hexdigest()[:12]
"""Of what is written about an order, a position, an execution and an account: it changes with them."""


@dataclass(frozen=True, slots=True)
class _Written:
    """How much of an account is in the file.

    :param unsettled: orders that were not final then: only they can be another next time.
    """

    orders: int = 0
    executions: int = 0
    unsettled: tuple[Order, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where an exchange stood when it was last written.

    :param clock_ms: of its clock, UTC ms; in lock-step the last close, behind ``now_ms`` at an account event.
    :param symbols: that it had orders of.
    :param shift_ms: by how much its bars were moved away from when they were recorded.
    """

    clock_ms: int
    now_ms: int
    run_id: str
    symbols: tuple[str, ...]
    shift_ms: int


class StateFile:
    """One exchange's file; closed by ``close``.

    ``shift_ms`` is written with everything else, see ``Place``.
    """

    def __init__(self, path: Path, world: Mapping[str, str]) -> None:
        """
        :param world: what the account was made in, by name; a file of another world is refused.
        :raises ConfigurationError: the file is none of ours, of another version or world, or cannot be written.
        """
        self._path = path
        try:
            # The event loop may live in another thread than the one that builds the exchange; only one uses it.
            self._connection = sqlite3.connect(path, _PATIENCE_S, isolation_level=None, check_same_thread=False)
            self._connection.executescript(_PRAGMAS + _SCHEMA)
            self._refuse_other({"version": VERSION, **world})
        except sqlite3.Error as error:
            raise ConfigurationError(f"state file {path} cannot be used ({error}); choose another") from None
        self.shift_ms = 0
        self._place = self._read_place()
        self._written: dict[int, _Written] = {}

    @property
    def place(self) -> Place | None:
        """Where the exchange stood; ``None`` in a new file."""
        return self._place

    def close(self) -> None:
        """Close the file."""
        self._connection.close()

    def restore(self, exchange: Exchange) -> None:
        """Put everything that was written into an exchange, and those beside it, that stand at the file's place."""
        for number, account in enumerate(exchange.accounts):
            self._restore(number, account)
        prices = self._state("prices")
        if prices is None:
            return
        kept = json.loads(prices, object_hook=_decoder({}))
        exchange.moment.opened = kept["opened"]
        for symbol, price in kept["pinned"].items():
            exchange.markets[symbol].last = price

    def _restore(self, number: int, exchange: Exchange) -> None:
        """Put what was written of one account into it."""
        orders: dict[str, Order] = {}
        decoded = _decoder(orders)
        for content in self._contents("SELECT content FROM orders WHERE account = ? ORDER BY sequence", number):
            order = _with(Order.__new__(Order), json.loads(content, object_hook=decoded))
            order.status = Status(order.status)
            orders[order.order_id] = order
            exchange.orders.add(order)
            if not order.active:
                exchange.orders.settle(order)
        for content in self._contents("SELECT content FROM executions WHERE account = ? ORDER BY number", number):
            exchange.executions.append(Execution(**json.loads(content, object_hook=decoded)))
        written = self._state(f"account {number}")
        if written is None:
            return
        kept = json.loads(written, object_hook=decoded)
        exchange.sequence = kept["sequence"]
        _with(exchange.account, kept["account"])
        exchange.positions.hedged.update(kept["hedged"])
        for position in kept["positions"]:
            _with(exchange.positions.at(position["symbol"], position["index"]), position)
        self._note_written(number, exchange)

    def save(self, exchange: Exchange, clock_ms: int) -> None:
        """Write what has changed of an exchange and those beside it, all of it or nothing.

        :param clock_ms: see ``Place``.
        """
        changed = {number: self._changed(number, account) for number, account in enumerate(exchange.accounts)}
        traded = {order.terms.symbol for orders in changed.values() for order in orders}
        place = {
            "clock_ms": clock_ms,
            "now_ms": exchange.now_ms,
            "run_id": exchange.terms.run_id,
            "symbols": sorted({*self._symbols(), *traded}),
            "shift_ms": self.shift_ms,
        }
        execute = self._connection.execute
        execute("BEGIN IMMEDIATE")
        try:
            for number, account in enumerate(exchange.accounts):
                self._write(number, account, changed[number])
            execute("REPLACE INTO state VALUES ('prices', ?)", (_encoded(_prices(exchange)),))
            execute("REPLACE INTO state VALUES ('place', ?)", (_encoded(place),))
        except BaseException:
            execute("ROLLBACK")
            raise
        execute("COMMIT")
        self._place = _place(place)
        for number, account in enumerate(exchange.accounts):
            self._note_written(number, account)

    def _changed(self, number: int, exchange: Exchange) -> list[Order]:
        """Orders of an account that the file has otherwise, or not at all."""
        written = self._written.get(number, _Written())
        return [*written.unsettled, *exchange.orders.newest(len(exchange.orders) - written.orders)]

    def _write(self, number: int, exchange: Exchange, changed: list[Order]) -> None:
        """Write one account."""
        execute = self._connection.execute
        for order in changed:
            execute("REPLACE INTO orders VALUES (?, ?, ?)", (number, order.sequence, _encoded(_slots(order))))
        seen = self._written.get(number, _Written()).executions
        for place, execution in enumerate(exchange.executions[seen:], seen):
            content = {field.name: getattr(execution, field.name) for field in fields(execution)}
            execute("REPLACE INTO executions VALUES (?, ?, ?)", (number, place, _encoded(content)))
        execute("REPLACE INTO state VALUES (?, ?)", (f"account {number}", _encoded(_kept(exchange))))

    def _note_written(self, number: int, exchange: Exchange) -> None:
        """Remember what is in the file now."""
        orders = exchange.orders
        self._written[number] = _Written(len(orders), len(exchange.executions), tuple(orders.active()))

    def _symbols(self) -> tuple[str, ...]:
        return () if self._place is None else self._place.symbols

    def _refuse_other(self, world: Mapping[str, str]) -> None:
        """Compare with what the file was made for, which a new one notes.

        :raises ConfigurationError: it is another.
        """
        noted = self._state("world")
        if noted is None:
            self._connection.execute("INSERT INTO state VALUES ('world', ?)", (json.dumps(world),))
            return
        for name, value in world.items():
            if (before := json.loads(noted).get(name)) != value:
                self.close()
                raise ConfigurationError(
                    f"state file {self._path} was made with {name} {before or 'none'}, "
                    f"this exchange has {name} {value or 'none'}; use what it was made with, or choose another file"
                )

    def _read_place(self) -> Place | None:
        content = self._state("place")
        if content is None:
            return None
        return _place(json.loads(content))

    def _state(self, name: str) -> str | None:
        row = self._connection.execute("SELECT content FROM state WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def _contents(self, query: str, number: int) -> list[str]:
        return [content for (content,) in self._connection.execute(query, (number,))]


def _place(content: Mapping[str, Any]) -> Place:
    return Place(**{**content, "symbols": tuple(content["symbols"])})


def _kept(exchange: Exchange) -> dict[str, object]:
    """Everything of an account but orders and executions; positions that nobody ever touched are as they are made."""
    return {
        "sequence": exchange.sequence,
        "account": _slots(exchange.account),
        "positions": [_slots(one) for one in exchange.positions if _touched(one)],
        "hedged": sorted(exchange.positions.hedged),
    }


def _prices(exchange: Exchange) -> dict[str, object]:
    """Where prices are put that the bars do not tell."""
    prices = {symbol: market.pinned for symbol, market in exchange.markets.items()}
    pinned = {symbol: price for symbol, price in prices.items() if price is not None}
    return {"opened": exchange.moment.opened, "pinned": pinned}


def _touched(position: Position) -> bool:
    return bool(position.size or position.realised_total or position.leverage != DEFAULT_LEVERAGE)


def _slots(thing: Account | Order | Position) -> dict[str, object]:
    return {name: getattr(thing, name) for name in type(thing).__slots__}


def _with(thing: Thing, content: Mapping[str, object]) -> Thing:
    """The thing with that in its slots."""
    for name, value in content.items():
        setattr(thing, name, value)
    return thing


def _encoded(content: Mapping[str, object]) -> str:
    return json.dumps(content, default=_encoded_one, separators=(",", ":"))


def _encoded_one(value: object) -> dict[str, object]:
    """What JSON has no word for; an order is named by its id."""
    if isinstance(value, Decimal):
        return {"$": str(value)}
    if isinstance(value, Order):
        return {"$order": value.order_id}
    if isinstance(value, Terms):
        return {"$terms": {field.name: getattr(value, field.name) for field in fields(value)}}
    raise TypeError(f"{type(value).__name__} has no form in a state file")


def _decoder(orders: Mapping[str, Order]) -> Callable[[dict[str, object]], object]:
    """The way back, for ``json.loads``."""

    def decoded(content: dict[str, object]) -> object:
        if "$" in content:
            return Decimal(str(content["$"]))
        if "$order" in content:
            return orders[str(content["$order"])]
        if "$terms" in content:
            return Terms(**cast("dict[str, Any]", content["$terms"]))
        return content

    return decoded
