"""The containers run commands that exist, with secrets that are not written down."""

import itertools
import re
import sys
from pathlib import Path

import pytest
import typer
import yaml

from trading_pipeline.adapters.orchestrator.ui import UI_PREFIX
from trading_pipeline.adapters.parameters.costs import load_costs
from trading_pipeline.api.binding import refuse_unsafe_binding
from trading_pipeline.cli.main import app
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.runtime.supervision.system import cost_arguments
from trading_pipeline.settings import GivenSettings
from trading_pipeline_tests.architecture.source_tree import ROOT

Service = dict[str, object]
COMPOSE = ROOT / "docker" / "compose.yaml"
SERVICES: dict[str, Service] = yaml.safe_load(COMPOSE.read_text())["services"]
OURS = {name: service for name, service in SERVICES.items() if service["image"] == "trading-pipeline"}
SECRET = re.compile(r"PASSWORD|SECRET|API_KEY|TOKEN")
REQUIRED = re.compile(r"\$\{\w+:\?[^}]+\}")


def _words(service: Service, name: str) -> list[str]:
    words = service.get(name, [])
    assert isinstance(words, list)
    return [str(word) for word in words]


def _variables(service: Service) -> dict[str, str]:
    variables = service.get("environment", {})
    assert isinstance(variables, dict)
    return variables


@pytest.mark.parametrize("name", sorted(OURS))
def test_every_container_runs_a_command_the_image_has(name: str) -> None:
    program, *arguments = _words(OURS[name], "command")
    assert (Path(sys.executable).parent / program).exists(), program
    if program != "trading-pipeline":
        return
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    subcommand = group.commands[arguments[0]]
    known = {option for parameter in subcommand.params for option in parameter.opts}
    assert {word for word in arguments if word.startswith("--")} <= known


def test_other_containers_reach_the_exchange_where_the_instructions_say() -> None:
    words = _words(SERVICES["exchange"], "command")
    options = dict(itertools.pairwise(words))
    assert options["--host"] == "0.0.0.0"
    assert f"BYBIT_REST_URL=http://exchange:{options['--port']}" in COMPOSE.read_text()


def test_the_exchange_charges_what_the_configuration_says() -> None:
    words, told = _words(SERVICES["exchange"], "command"), cost_arguments(load_costs(ROOT / "config"))
    assert words[-len(told) :] == told


def test_the_api_listens_where_its_own_rule_lets_it_once_it_has_a_secret(tmp_path: Path) -> None:
    told = {name: str(value) for name, value in _variables(SERVICES["api"]).items() if name.startswith("TRADING_API")}
    (mount,) = _words(SERVICES["api"], "volumes")
    for name in ("TRADING_API_TLS_CERT", "TRADING_API_TLS_KEY"):
        assert str(Path(told[name]).parent) == mount.split(":")[1]
        told[name] = str(tmp_path / Path(told[name]).name)
        Path(told[name]).touch()
    with pytest.raises(ConfigurationError, match="needs a TRADING_API_SECRET of its own"):
        refuse_unsafe_binding(GivenSettings.model_validate(told))
    refuse_unsafe_binding(GivenSettings.model_validate({**told, "TRADING_API_SECRET": "r4nd0m-" * 6}))
    without_tls = {**told, "TRADING_API_TLS_CERT": "", "TRADING_API_TLS_KEY": "", "TRADING_API_SECRET": "r4nd0m-" * 6}
    with pytest.raises(ConfigurationError, match="in the clear"):
        refuse_unsafe_binding(GivenSettings.model_validate(without_tls))


def test_everybody_finds_the_dagster_ui_where_the_webserver_serves_it() -> None:
    options = dict(itertools.pairwise(_words(SERVICES["webserver"], "command")))
    for name in OURS:
        assert _variables(OURS[name])["TRADING_DAGSTER_URL"] == f"http://webserver:{options['--port']}{UI_PREFIX}"


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_no_secret_is_written_down(name: str) -> None:
    for variable, value in _variables(SERVICES[name]).items():
        if SECRET.search(variable):
            assert REQUIRED.fullmatch(str(value)), f"{variable} must have the form ${{NAME:?why}}"
        for password in re.findall(r"//\w+:(.+)@", str(value)):
            assert REQUIRED.fullmatch(password), f"{variable} spells a password out"


@pytest.mark.parametrize("name", sorted(OURS))
def test_keys_come_from_the_one_env_file(name: str) -> None:
    assert OURS[name]["env_file"] == "../.env"


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_no_port_is_open_to_the_network(name: str) -> None:
    assert all(port.startswith("127.0.0.1:") for port in _words(SERVICES[name], "ports"))


def test_every_service_that_answers_has_a_health_check() -> None:
    silent = {"migrate", "feed", "watchdog"}  # one ends, the heartbeats of the others are rows in trading.heartbeats
    assert {name for name, service in SERVICES.items() if "healthcheck" not in service} == silent


def test_files_the_containers_mount_and_copy_exist() -> None:
    mounted = [path.split(":")[0] for one in SERVICES.values() for path in _words(one, "volumes") if path[0] == "."]
    assert all((COMPOSE.parent / path).exists() for path in mounted)
    copied = re.findall(r"^COPY (?:--\S+ )?(.+) \S+$", (COMPOSE.parent / "Dockerfile").read_text(), re.MULTILINE)
    assert [path for line in copied for path in line.split() if not (ROOT / path).exists()] == []


def test_the_image_does_not_run_as_root() -> None:
    assert re.search(r"^USER (?!root|0)\w+$", (COMPOSE.parent / "Dockerfile").read_text(), re.MULTILINE)
