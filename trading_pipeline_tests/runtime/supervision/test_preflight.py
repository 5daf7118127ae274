"""What is wrong is told before anything is started, and all of it at once."""

import shutil
import socket
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from trading_pipeline.domain.model.errors import ConfigurationError, TemporaryVenueError
from trading_pipeline.domain.model.identity import TradingMode
from trading_pipeline.runtime.supervision import preflight
from trading_pipeline.runtime.supervision.preflight import (
    Check,
    machine_checks,
    refuse_full_disk,
    refuse_future_history,
    refuse_missing_key,
    refuse_unacknowledged,
    refuse_wrong_clock,
    require,
    system_checks,
)
from trading_pipeline.settings import GivenSettings

CONFIG = Path(__file__).resolve().parents[3] / "config"
NOW = datetime(2025, 11, 3, 12, 0, tzinfo=UTC)


def failing(error: Exception) -> Callable[[], None]:
    def look() -> None:
        raise error

    return look


@pytest.fixture
def taken_port() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_what_holds_is_not_talked_about() -> None:
    require([Check("port", lambda: None), Check("disk", lambda: None)])


def test_one_problem_is_one_line() -> None:
    with pytest.raises(ConfigurationError, match=r"^disk: full$"):
        require([Check("port", lambda: None), Check("disk", failing(ConfigurationError("full")))])


def test_all_problems_are_told_at_once_whoever_caused_them() -> None:
    checks = [
        Check("disk", failing(ConfigurationError("full"))),
        Check("venue", failing(TemporaryVenueError("no answer"))),
    ]
    with pytest.raises(ConfigurationError) as refused:
        require(checks)
    assert str(refused.value) == "2 things have to be mended first\n  disk: full\n  venue: no answer"


def test_what_is_in_the_way_of_several_is_told_once() -> None:
    unreadable = failing(ConfigurationError("universe.yaml: unknown timeframe"))
    with pytest.raises(ConfigurationError, match=r"^configuration: universe.yaml: unknown timeframe$"):
        require([Check("configuration", unreadable), Check("history", unreadable)])


def test_a_taken_port_and_a_wrong_one_are_told(tmp_path: Path, taken_port: int) -> None:
    with pytest.raises(ConfigurationError, match=f"port: port {taken_port} is in use"):
        require(machine_checks(tmp_path, taken_port, redis_url="redis://given"))
    with pytest.raises(ConfigurationError, match="not between 0 and 65535"):
        require(machine_checks(tmp_path, 65_536, redis_url="redis://given"))


def test_a_missing_redis_is_told_unless_one_is_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "find_redis_server", failing(ConfigurationError("no redis-server")))
    with pytest.raises(ConfigurationError, match="redis: no redis-server"):
        require(machine_checks(tmp_path, 0, redis_url=""))
    require(machine_checks(tmp_path, 0, redis_url="redis://given"))


def test_a_full_disk_is_told_with_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    refuse_full_disk(tmp_path / "not" / "there" / "yet")
    monkeypatch.setattr(preflight, "LEAST_FREE_BYTES", 1 << 60)
    with pytest.raises(ConfigurationError, match=r"GB are free for .*GB are needed; free some, or choose"):
        refuse_full_disk(tmp_path)


def test_history_that_begins_in_the_future_is_told() -> None:
    settings = GivenSettings(config_dir=CONFIG)
    refuse_future_history(settings, NOW)
    with pytest.raises(ConfigurationError, match=r"history_start 2025-01-01 .* is not before 2024-12-31 23:00 UTC"):
        refuse_future_history(settings, datetime(2024, 12, 31, 23, tzinfo=UTC))


@pytest.mark.parametrize("seconds", [-4.9, 0.0, 0.9])
def test_a_clock_that_is_near_enough_is_right(seconds: float) -> None:
    refuse_wrong_clock(NOW + timedelta(seconds=seconds), NOW)


@pytest.mark.parametrize(("seconds", "told"), [(-5.0, "5.0 s behind"), (1.0, "1.0 s ahead of"), (3600.0, "3600.0 s")])
def test_a_clock_that_the_venue_would_refuse_is_told(seconds: float, told: str) -> None:
    with pytest.raises(ConfigurationError, match=f"{told}.*time server"):
        refuse_wrong_clock(NOW + timedelta(seconds=seconds), NOW)


def test_missing_keys_are_told_by_their_variables() -> None:
    live = GivenSettings(mode=TradingMode.LIVE, config_dir=CONFIG)
    with pytest.raises(ConfigurationError, match="BYBIT_API_KEY is empty"):
        refuse_missing_key(live)
    with pytest.raises(ConfigurationError, match="LIVE_TRADING_ACKNOWLEDGED is empty"):
        refuse_unacknowledged(live)
    refuse_unacknowledged(GivenSettings(mode=TradingMode.TESTNET, config_dir=CONFIG))


def test_a_silent_venue_is_told_beside_missing_keys(tmp_path: Path) -> None:
    settings = GivenSettings(config_dir=CONFIG, state_dir=tmp_path, bybit_rest_url="http://127.0.0.1:1")
    with pytest.raises(ConfigurationError) as refused:
        require(system_checks(settings, 0, None))
    assert [line.split(":")[0].strip() for line in str(refused.value).splitlines()[1:]] == ["key", "venue"]


def test_a_missing_key_of_second_factors_is_told_where_the_api_needs_one_of_its_owner(tmp_path: Path) -> None:
    def asked(**given: object) -> bool:
        settings = GivenSettings.model_validate({"config_dir": CONFIG, "state_dir": tmp_path / "state", **given})
        for check in system_checks(settings, 0, None):
            if check.name == "second factors":
                with suppress(ConfigurationError):
                    check.look()
                    return False
                return True
        return False

    assert asked(mode=TradingMode.LIVE)
    assert asked(mode=TradingMode.TESTNET)
    assert not asked(mode=TradingMode.LIVE, totp_key="given")
    assert not asked(mode=TradingMode.LIVE, api_port=0)
    assert not asked(mode=TradingMode.PAPER)
    assert not (tmp_path / "state").exists()


def test_a_configuration_that_breaks_a_rule_is_told(tmp_path: Path) -> None:
    (tmp_path / "universe.yaml").write_text("venue: bybit\n")
    settings = GivenSettings(config_dir=tmp_path, state_dir=tmp_path)
    with pytest.raises(ConfigurationError, match=r"configuration: .*universe.yaml"):
        require(system_checks(settings, 0, NOW)[:1])


def _symbols_looked_at(config: Path, mode: TradingMode) -> None:
    (check,) = (
        one for one in system_checks(GivenSettings(config_dir=config, mode=mode), 0, NOW) if one.name == "symbols"
    )
    check.look()


def test_a_symbol_that_only_real_venues_have_is_refused_where_the_exchange_is_simulated(tmp_path: Path) -> None:
    shutil.copytree(CONFIG, tmp_path, dirs_exist_ok=True)
    universe = tmp_path / "universe.yaml"
    universe.write_text(universe.read_text().replace("SOLUSDT", "BTC-PERP"))
    with pytest.raises(ConfigurationError, match="symbol 'BTC-PERP' is not tradable here"):
        _symbols_looked_at(tmp_path, TradingMode.SIMULATED)
    _symbols_looked_at(tmp_path, TradingMode.PAPER)
