"""A user's own strategies: Python files beside the configuration, or installed packages.

A file ``strategies/<name>.py`` in the configuration folder defines one ``Strategy`` whose ``name`` is
the file's. An installed package offers its class under the entry-point group ``trading_pipeline.strategies``.
Names that come with the project cannot be taken.
"""

import inspect
import sys
from functools import lru_cache
from importlib.metadata import entry_points
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

from trading_pipeline.adapters.parameters.documents import with_documents
from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.domain.strategies.framework.base import Strategy
from trading_pipeline.domain.strategies.framework.parameters import spelling_hint
from trading_pipeline.domain.strategies.registry import configured, strategy_class, strategy_names

ENTRY_POINT_GROUP = "trading_pipeline.strategies"


def available_strategies(config_dir: Path) -> list[str]:
    """All names ``find_strategy`` knows, sorted."""
    return sorted({*strategy_names(), *_files(config_dir), *_installed()})


def find_strategy(config_dir: Path, name: str, parameters: dict[str, object]) -> Strategy:
    """The strategy of that name, wherever it comes from, with its parameters.

    :raises ConfigurationError: see ``check_name``; a file that does not define it, or a bad parameter.
    """
    check_name(config_dir, name)
    kind = _class(config_dir, name)
    return configured(kind, with_documents(config_dir, kind, parameters))


def check_name(config_dir: Path, name: str) -> None:
    """Whether the name has exactly one source; imports nothing.

    :raises ConfigurationError: no such strategy (nearest name given), or a name that is defined twice.
    """
    sources = {
        "the project": name in strategy_names(),
        f"{_folder(config_dir) / name}.py": name in _files(config_dir),
        "an installed package": name in _installed(),
    }
    found = [source for source, has in sources.items() if has]
    if len(found) > 1:
        raise ConfigurationError(f"strategy {name!r} comes from {' and from '.join(found)}: rename one")
    if not found:
        known = available_strategies(config_dir)
        raise ConfigurationError(f"unknown strategy {name!r}{spelling_hint(name, known)}")


def _class(config_dir: Path, name: str) -> type[Strategy]:
    """The class behind a name that has exactly one source."""
    if name in strategy_names():
        return strategy_class(name)
    if path := _files(config_dir).get(name):
        return _from_file(path, name)
    loaded: object = next(iter(entry_points(group=ENTRY_POINT_GROUP, name=name))).load()
    if not (inspect.isclass(loaded) and issubclass(loaded, Strategy)):
        raise ConfigurationError(f"entry point {name!r} is {loaded!r}: must be a subclass of Strategy")
    return loaded


def _from_file(path: Path, name: str) -> type[Strategy]:
    """The one strategy of that name which the file defines."""
    module = _imported(path, path.stat().st_mtime_ns)
    classes = [
        value
        for value in vars(module).values()
        if inspect.isclass(value) and issubclass(value, Strategy) and value.__module__ == module.__name__
    ]
    named = [each for each in classes if getattr(each, "name", None) == name]
    if len(named) != 1:
        defined = ", ".join(str(getattr(each, "name", each.__name__)) for each in classes) or "none"
        raise ConfigurationError(f"{path} must define one Strategy with name = {name!r}; it defines: {defined}")
    return named[0]


@lru_cache(maxsize=128)
def _imported(path: Path, written_ns: int) -> ModuleType:  # noqa: ARG001 - a corrected file is another entry
    """The file as a module; what goes wrong inside it keeps its own traceback.

    Kept until the file is written again: strategies are built for every wave, and compiled code in
    the file would be compiled for every wave too.
    """
    module_name = f"trading_pipeline_user_strategies.{path.stem}"
    spec = spec_from_file_location(module_name, path)
    if spec is None or spec.loader is None:
        raise ConfigurationError(f"{path} cannot be imported as Python")
    module = module_from_spec(spec)
    sys.modules[module_name] = module  # dataclasses look their module up there
    try:
        spec.loader.exec_module(module)
    except (ImportError, SyntaxError) as error:
        # A half-imported module must not be found by the next attempt.
        del sys.modules[module_name]
        raise ConfigurationError(f"{path} cannot be imported: {error}") from error
    return module


def _folder(config_dir: Path) -> Path:
    """Where a user's files lie."""
    return config_dir / "strategies"


def _files(config_dir: Path) -> dict[str, Path]:
    """Strategy files by name; a leading underscore marks a file that holds none."""
    return {path.stem: path for path in _folder(config_dir).glob("*.py") if not path.stem.startswith("_")}


def _installed() -> frozenset[str]:
    """Names that installed packages offer."""
    # By the search path, so that a package installed into another folder is seen.
    return _offered_on(tuple(sys.path))


@lru_cache(maxsize=8)
def _offered_on(search_path: tuple[str, ...]) -> frozenset[str]:  # noqa: ARG001 - what may change the answer
    """The same; kept because reading what every installed package says of itself takes long."""
    return frozenset(point.name for point in entry_points(group=ENTRY_POINT_GROUP))
