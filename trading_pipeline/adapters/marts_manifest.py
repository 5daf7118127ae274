"""What the dbt project consists of, by the manifest that ``dbt parse`` writes.

The manifest is read as JSON: importing dbt costs every process that loads the definitions 86 MB, see
docs/decisions/0007.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trading_pipeline.domain.model.errors import ConfigurationError

_WRITTEN = (".sql", ".yml")
_WORDS = {
    "unique": "no value twice",
    "not_null": "never missing",
    "accepted_values": "one of {values}",
    "relationships": "found in {to} as {field}",
}
"""What dbt's own generic tests ask of a column."""


@dataclass(frozen=True, slots=True)
class MartColumn:
    """A column of a model, as its yml describes it."""

    name: str
    data_type: str
    description: str


@dataclass(frozen=True, slots=True)
class MartModel:
    """One view or table that dbt builds.

    :param table: schema and name in the database.
    :param reads_models: models it is built from.
    :param reads_tables: tables of the schema ``trading`` it is built from.
    """

    name: str
    table: str
    description: str
    materialized: str
    columns: tuple[MartColumn, ...]
    reads_models: tuple[str, ...]
    reads_tables: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class MartTest:
    """One data test.

    :param model: the model it stands beside: its own, or the one furthest down that it reads; a test of a table of
        ``trading`` stands beside the model that stages it.
    """

    name: str
    model: str
    description: str


@dataclass(frozen=True, slots=True)
class MartsManifest:
    """Models in the order in which they can be built, and tests by name."""

    models: tuple[MartModel, ...]
    tests: tuple[MartTest, ...]


def load_manifest(project_dir: Path) -> MartsManifest:
    """The manifest of the project; where there is none, or a file is newer, the project is parsed first.

    :raises ConfigurationError: there is no project, or dbt cannot parse it; the message ends what it printed.
    """
    if not (project_dir / "dbt_project.yml").exists():
        raise ConfigurationError(
            f"no dbt_project.yml in {project_dir.resolve()}; name its folder in TRADING_DBT_PROJECT_DIR"
        )
    manifest = project_dir / "target" / "manifest.json"
    if not _fresh(manifest, project_dir):
        _parse(project_dir, manifest)
    content = json.loads(manifest.read_text())
    models = _in_build_order([_model(node) for node in content["nodes"].values() if node["resource_type"] == "model"])
    tests = [_test(node, models) for node in content["nodes"].values() if node["resource_type"] == "test"]
    return MartsManifest(models, tuple(sorted(tests, key=lambda test: test.name)))


def _fresh(manifest: Path, project_dir: Path) -> bool:
    if not manifest.exists():
        return False
    written = [path for folder in ("models", "data-tests") for path in (project_dir / folder).rglob("*")]
    newest = max(path.stat().st_mtime for path in [*written, project_dir / "dbt_project.yml"] if _of_project(path))
    return manifest.stat().st_mtime >= newest


def _of_project(path: Path) -> bool:
    # a folder's time tells of a file that was removed
    return path.is_dir() or path.suffix in _WRITTEN


def _parse(project_dir: Path, manifest: Path) -> None:
    """Parse beside the target and put the manifest there whole: other processes may load at the same moment."""
    dbt, project = Path(sys.executable).with_name("dbt"), str(project_dir)
    manifest.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=manifest.parent.resolve()) as folder:
        command = [str(dbt), "parse", "--project-dir", project, "--profiles-dir", project, "--target-path", folder]
        ended = subprocess.run(
            [*command, "--log-path", folder, "--no-use-colors"],
            env={**os.environ, "DBT_SEND_ANONYMOUS_USAGE_STATS": "false"},
            capture_output=True,
            text=True,
            check=False,
        )
        if ended.returncode:
            said = (ended.stdout + ended.stderr).strip().splitlines()[-5:]
            raise ConfigurationError(f"dbt cannot parse {project_dir}; mend the project: {' '.join(said)}")
        # One step, because the folder is on the same disk.
        os.replace(Path(folder) / "manifest.json", manifest)


def _model(node: Mapping[str, Any]) -> MartModel:
    columns = [MartColumn(name, one["data_type"] or "", one["description"]) for name, one in node["columns"].items()]
    return MartModel(
        name=node["name"],
        table=f"{node['schema']}.{node['alias']}",
        description=node["description"],
        materialized=node["config"]["materialized"],
        columns=tuple(columns),
        reads_models=_named(node, "model"),
        reads_tables=_named(node, "source"),
    )


def _named(node: Mapping[str, Any], kind: str) -> tuple[str, ...]:
    """Names of what a node reads: ids are ``model.<project>.<name>`` and ``source.<project>.<source>.<table>``."""
    read = [name.split(".") for name in node["depends_on"]["nodes"]]
    return tuple(sorted(parts[-1] for parts in read if parts[0] == kind))


def _in_build_order(models: Sequence[MartModel]) -> tuple[MartModel, ...]:
    ordered: list[MartModel] = []
    waiting = sorted(models, key=lambda model: model.name)
    while waiting:
        built = {model.name for model in ordered}
        # dbt refuses a cycle, so there is always one whose parents are all there
        model = next(one for one in waiting if built.issuperset(one.reads_models))
        ordered.append(model)
        waiting.remove(model)
    return tuple(ordered)


def _test(node: Mapping[str, Any], models: Sequence[MartModel]) -> MartTest:
    attached, read = node.get("attached_node"), _named(node, "model")
    if attached:
        model = attached.split(".")[-1]
    elif read:
        # Models stand in the order in which they can be built: the last one read is there when the test can run.
        model = [one.name for one in models if one.name in read][-1]
    else:
        model = _staging(node, models)
    return MartTest(node["name"], model, node["description"] or _in_words(node))


def _staging(node: Mapping[str, Any], models: Sequence[MartModel]) -> str:
    """The model that stages the table that a test asks; its arguments may name other tables."""
    asked = str(node["test_metadata"]["kwargs"]["model"]) if node.get("test_metadata") else str(node["raw_code"])
    tables = [table for table in _named(node, "source") if f"'{table}')" in asked]
    staging = [model.name for model in models if set(tables) & set(model.reads_tables)]
    if not staging:
        raise ConfigurationError(f"the data test {node['name']} asks of {tables}, which no model reads; add a model")
    return staging[0]


def _in_words(node: Mapping[str, Any]) -> str:
    """A generic test by its arguments; one of the project's own by the comment above it."""
    generic = node.get("test_metadata")
    if generic is None:
        comments = [line.removeprefix("--").strip() for line in node["raw_code"].splitlines() if line.startswith("--")]
        return " ".join(comments) or str(node["name"])
    given = generic["kwargs"]
    words = _WORDS.get(generic["name"], generic["name"])
    return f"{given['column_name']}: {words.format(**given)}"
