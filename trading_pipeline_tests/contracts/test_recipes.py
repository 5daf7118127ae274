"""The recipes of CONTRIBUTING work as they are written."""

from pathlib import Path

import pytest

from trading_pipeline_tests.architecture.source_tree import PACKAGE, ROOT
from trading_pipeline_tests.contracts.recipe import Workshop, recipe

HERE = "trading_pipeline_tests/contracts/recipes"


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


@pytest.mark.parametrize("thing", ["strategy", "risk rule", "venue", "notifier", "endpoint"])
def test_a_recipe_takes_few_files_and_one_line(thing: str) -> None:
    found = recipe(thing)
    folders = [path for path in found.makes if path.endswith("/")]
    assert len(found.makes) <= (1 if folders else 2)
    assert (PACKAGE / found.registered_in).is_file()


def test_a_venue_is_a_folder_and_a_line(workshop: Workshop) -> None:
    steps = recipe("venue")
    (folder,) = steps.makes
    workshop.place("venue", folder.replace("<venue>", "toy"))
    workshop.register(steps, steps.line.replace("<venue>", "toy").replace("<Class>", "Toy"))
    workshop.test(str(ROOT / HERE / "contracts_of_toy_venue.py"))
    assert "0 broken" in workshop.lint_imports()


def test_a_risk_rule_is_a_class_and_a_line(workshop: Workshop) -> None:
    steps = recipe("risk rule")
    (file,) = steps.makes
    workshop.place("toy_rule.py", file)
    workshop.register(steps, steps.line.replace("<Class>", "NoTulips"))
    workshop.test(str(ROOT / HERE / "toy_rule_refuses.py"))


def test_a_notifier_is_a_file_and_a_line(workshop: Workshop) -> None:
    steps = recipe("notifier")
    (file,) = steps.makes
    workshop.place("toy_notifier.py", file.replace("<name>", "pigeon"))
    workshop.register(steps, steps.line.replace("<name>", "pigeon").replace("<Class>", "Pigeon"))
    workshop.test(str(ROOT / HERE / "contracts_of_toy_notifier.py"))


def test_an_endpoint_is_a_file_and_a_line(workshop: Workshop) -> None:
    steps = recipe("endpoint")
    (file,) = steps.makes
    workshop.place("toy_endpoint.py", file.replace("<name>", "weather"))
    workshop.register(steps, steps.line.replace("<name>", "weather"))
    workshop.test(str(ROOT / HERE / "toy_endpoint_is_served.py"))


def test_a_strategy_is_two_files_and_a_line(workshop: Workshop) -> None:
    steps = recipe("strategy")
    code, config = (path.replace("<name>", "weathercock") for path in steps.makes)
    workshop.place("toy_strategy.py", code)
    workshop.place("toy_strategy.yaml", config)
    workshop.register(steps, steps.line.replace("<name>", "weathercock").replace("<Class>", "Weathercock"))
    properties = ROOT / "trading_pipeline_tests/domain/strategies/test_every_strategy.py"
    workshop.test(str(properties), "-k", "weathercock")
    workshop.test(str(ROOT / HERE / "toy_strategy_is_enabled.py"))
