from pathlib import Path

import pytest

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.runtime.supervision.state_folder import empty, held, refuse_foreign


def test_a_folder_is_made_and_belongs_to_one_system(tmp_path: Path) -> None:
    folder = tmp_path / "var" / "demo"
    with held(folder), pytest.raises(ConfigurationError, match="another system runs in"), held(folder):
        pass
    with held(folder):
        assert folder.is_dir()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(ConfigurationError, match=r"file/var cannot be written \(Not a directory\)"),
        held(tmp_path / "file/var"),
    ):
        pass


@pytest.mark.parametrize("content", ["config/universe.yaml", "notes.txt", ".git/HEAD"])
def test_a_folder_with_somebody_elses_content_is_refused(tmp_path: Path, content: str) -> None:
    (tmp_path / content).parent.mkdir(exist_ok=True)
    (tmp_path / content).write_text("mine")
    with pytest.raises(ConfigurationError, match="holds something else"):
        refuse_foreign(tmp_path)


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match="is no folder"):
        refuse_foreign(tmp_path / "file")


def test_a_replay_may_empty_what_a_replay_left(tmp_path: Path) -> None:
    with held(tmp_path):
        empty(tmp_path)
        (tmp_path / "log").mkdir()
        (tmp_path / "log" / "feed.log").touch()
        refuse_foreign(tmp_path)
        empty(tmp_path)
        assert {one.name for one in tmp_path.iterdir()} == {"lock", ".trading-pipeline-replay"}


def test_a_missing_or_empty_folder_is_nobodys(tmp_path: Path) -> None:
    refuse_foreign(tmp_path)
    refuse_foreign(tmp_path / "none")


def test_a_link_is_removed_and_what_it_leads_to_stays(tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    with held(tmp_path / "state"):
        (tmp_path / "state" / "link").symlink_to(tmp_path / "precious")
        empty(tmp_path / "state")
    assert (tmp_path / "precious").is_dir()
