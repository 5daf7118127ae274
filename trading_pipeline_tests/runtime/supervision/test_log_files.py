"""A log that has become large is copied aside and goes on at its beginning."""

from pathlib import Path

from trading_pipeline.runtime.supervision.log_files import KEPT, rotate


def test_a_small_log_and_a_missing_one_are_left_alone(tmp_path: Path) -> None:
    log = tmp_path / "feed.log"
    assert not rotate(log, 10)
    log.write_text("123456789")
    assert not rotate(log, 10)
    assert log.read_text() == "123456789"


def test_whoever_appends_goes_on_in_an_empty_file(tmp_path: Path) -> None:
    log = tmp_path / "feed.log"
    with log.open("a") as writer:
        writer.write("0123456789")
        writer.flush()
        assert rotate(log, 10)
        writer.write("after")
    assert (log.read_text(), (tmp_path / "feed.log.1").read_text()) == ("after", "0123456789")


def test_only_so_many_older_parts_are_kept_the_newest_first(tmp_path: Path) -> None:
    log = tmp_path / "feed.log"
    for number in range(KEPT + 3):
        log.write_text(f"{number} and more")
        rotate(log, 5)
    parts = {path.name: path.read_text()[0] for path in tmp_path.iterdir() if path != log}
    assert parts == {"feed.log.1": "5", "feed.log.2": "4", "feed.log.3": "3"}
