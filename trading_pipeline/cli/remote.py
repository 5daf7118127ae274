"""Commands against an API elsewhere: the same words, with an address and a key instead of a database."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from trading_pipeline.domain.model.errors import ConfigurationError, DataError
from trading_pipeline.domain.model.halts import Halt, HaltScope
from trading_pipeline.domain.model.records import MOST_RECORDS

if TYPE_CHECKING:
    import httpx

Url = Annotated[
    str, typer.Option("--url", help="of an API, https://host:8000; its key in TRADING_API_TOKEN. Without: the database")
]
_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class RemotePosition:
    """An open position as the API shows it, in the shape of a stored one."""

    position: Any
    strategy: str
    last_close: Decimal | None
    unrealised_pnl: Decimal | None


class RemoteApi:
    """An API that is asked with a key."""

    def __init__(self, url: str) -> None:
        """:raises ConfigurationError: no key, or one that would be sent in the clear."""
        import httpx

        from trading_pipeline.settings import Settings

        token = Settings().api_token.get_secret_value()
        if not token:
            raise ConfigurationError(f"TRADING_API_TOKEN is unset; set it to an API key of the system at {url}")
        address = httpx.URL(url)
        if address.scheme != "https" and address.host not in ("127.0.0.1", "localhost", "::1"):
            raise ConfigurationError(f"--url {url} would send the key in the clear; use https")
        self._http = httpx.Client(
            # No redirect is followed: the key would go along to wherever it points.
            base_url=address,
            headers={"Authorization": f"Bearer {token}"},
            timeout=_TIMEOUT_S,
            follow_redirects=False,
        )

    def get(self, path: str, **params: Any) -> Any:
        """What a path says.

        :raises DataError: it refuses; the message is its own.
        """
        return self._content("GET", path, params=params)

    def all(self, path: str, **params: Any) -> list[Any]:
        """The items of every page of a list.

        :raises DataError: it refuses; the message is its own.
        """
        page = self.get(path, limit=MOST_RECORDS, **params)
        items = list(page["items"])
        while page["next_cursor"]:
            page = self.get(path, limit=MOST_RECORDS, cursor=page["next_cursor"], **params)
            items += page["items"]
        return items

    def order(self, method: str, path: str, body: Mapping[str, object]) -> Any:
        """Give a command.

        :raises DataError: it refuses; the message is its own.
        """
        return self._content(method, path, json=dict(body))

    def page(self, path: str) -> str:
        """Address of a page that an answer names; it stands at the same door."""
        return str(self._http.base_url.join(path))

    def _content(self, method: str, path: str, **more: Any) -> Any:
        import httpx

        try:
            answer = self._http.request(method, f"/api/v1{path}", **more)
        except httpx.HTTPError as error:
            raise ConfigurationError(f"the API does not answer at {self._http.base_url}: {error}") from error
        if answer.is_success:
            return answer.json() if answer.content else None
        raise DataError(f"{_reason(answer)} ({answer.status_code} of {self._http.base_url})")


_INSTANTS = ("newest_wave", "since", "read_at", "opened_at")
_AMOUNTS = ("equity", "unrealised_pnl", "last_close", "quantity", "entry_price", "stop_price")


def overview_of(content: Mapping[str, Any]) -> Any:
    """`GET /status` in the shape that the command line writes."""
    typed = {name: _typed(value) for name, value in content.items() if not isinstance(value, list)}
    halts = [Halt(HaltScope(one["scope"]), one["reason"], _typed(one)["since"]) for one in content["halts"]]
    plain = {name: [SimpleNamespace(**_typed(one)) for one in content[name]] for name in ("heartbeats", "equity")}
    newest = content["newest_wave"]
    typed["newest_wave"] = datetime.fromisoformat(newest) if newest else None
    return SimpleNamespace(**typed, **plain, halts=halts, positions=positions_of(content))


def positions_of(content: Mapping[str, Any]) -> list[Any]:
    """The positions of `GET /status`."""
    held = [SimpleNamespace(**_typed(one)) for one in content["positions"]]
    return [RemotePosition(one, one.strategy, one.last_close, one.unrealised_pnl) for one in held]


def _typed(value: Any) -> Any:
    """Times and amounts out of their texts, by their names."""
    if not isinstance(value, dict):
        return value
    return {name: _read(name, one) for name, one in value.items()}


def _read(name: str, value: Any) -> Any:
    if isinstance(value, str) and name in _INSTANTS:
        return datetime.fromisoformat(value)
    return Decimal(value) if isinstance(value, str) and name in _AMOUNTS else value


def _reason(answer: "httpx.Response") -> str:
    try:
        return str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        # A proxy in between answers with a page, of which the beginning says what it is.
        return answer.text[:200] or "no reason is given"
