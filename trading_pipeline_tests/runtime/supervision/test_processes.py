import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from trading_pipeline.domain.model.errors import ConfigurationError
from trading_pipeline.runtime.supervision.processes import ProcessSpec, Supervised
from trading_pipeline.runtime.supervision.supervisor import Supervisor
from trading_pipeline_tests.runtime.feed.feed_stage import until

SLEEPS = "import time; time.sleep(600)"
HAS_CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {SLEEPS!r}])"
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)"


def python(name: str, code: str, **more: object) -> ProcessSpec:
    return ProcessSpec(name, [sys.executable, "-c", code], **more)  # type: ignore[arg-type]


@pytest.fixture
def supervisor(tmp_path: Path) -> Iterator[Supervisor]:
    with Supervisor(tmp_path / "log", {"GREETING": "hello"}) as running:
        yield running


def restarted(supervisor: Supervisor) -> list[str]:
    """Check until something was restarted."""
    names: list[str] = []
    until(lambda: bool(names.extend(supervisor.check()) or names), "a restart")
    return names


def test_a_process_has_the_environment_a_log_and_a_pid_file(supervisor: Supervisor, tmp_path: Path) -> None:
    code = "import os, time; print(os.environ['GREETING'], flush=True); time.sleep(600)"
    supervisor.start([python("greeter", code)])
    log = tmp_path / "log" / "greeter.log"
    until(lambda: log.read_text() == "hello\n", "the greeting")
    assert (tmp_path / "log" / "greeter.pid").read_text() == f"{supervisor.pids['greeter']}\n"


def test_a_killed_process_is_restarted_under_a_new_id(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start([python("one", SLEEPS), python("two", SLEEPS)])
    before = supervisor.pids
    os.kill(before["one"], signal.SIGKILL)
    assert restarted(supervisor) == ["one"]
    assert supervisor.pids["one"] != before["one"]
    assert supervisor.pids["two"] == before["two"]
    assert (tmp_path / "log" / "one.pid").read_text() == f"{supervisor.pids['one']}\n"


def test_a_process_that_hangs_without_dying_is_replaced(supervisor: Supervisor) -> None:
    supervisor.start([python("one", SLEEPS), python("two", SLEEPS)])
    before = supervisor.pids
    os.kill(before["one"], signal.SIGSTOP)
    assert supervisor.end_hung("one", silent_s=0.0)
    assert restarted(supervisor) == ["one"]
    assert supervisor.pids["two"] == before["two"]


def test_silence_before_a_start_is_no_hang(supervisor: Supervisor) -> None:
    supervisor.start([python("one", SLEEPS)])
    assert not supervisor.end_hung("one", silent_s=3600.0)
    assert not supervisor.end_hung("nobody", silent_s=0.0)


def test_children_of_a_killed_process_go_with_it(supervisor: Supervisor) -> None:
    supervisor.start([python("parent", HAS_CHILD)])
    parent = psutil.Process(supervisor.pids["parent"])
    until(lambda: bool(parent.children()), "the child runs")
    (child,) = parent.children()
    parent.kill()
    assert restarted(supervisor) == ["parent"]
    child.wait(30)
    assert not child.is_running()


def test_a_process_that_keeps_dying_is_restarted_with_growing_pauses(tmp_path: Path) -> None:
    process = Supervised(python("dying", "raise SystemExit(1)"), {}, tmp_path)
    process.start()
    starts = []
    while len(starts) < 3:
        if process.check():
            starts.append(time.monotonic())
        time.sleep(0.01)
    process.stop()
    assert process.restarts == 3
    # from 0.5 s each pause is twice the last; the machine may only add to them
    assert starts[1] - starts[0] >= 1
    assert starts[2] - starts[1] >= 2


def test_refused_settings_stop_everything_with_the_reason(supervisor: Supervisor) -> None:
    code = "print('noise'); print('no key'); raise SystemExit(2)"
    supervisor.start([python("feed", code)])
    with pytest.raises(ConfigurationError, match="feed refused to run: no key"):
        restarted(supervisor)


def test_a_process_that_ends_early_is_named(supervisor: Supervisor) -> None:
    with pytest.raises(ConfigurationError, match="exchange ended while starting: port 99999"):
        supervisor.start([python("exchange", "print('port 99999'); raise SystemExit(2)", ready=lambda: False)])


def test_a_process_that_never_gets_ready_is_named(supervisor: Supervisor) -> None:
    with pytest.raises(ConfigurationError, match=r"slow did not get ready in time: nothing was written to slow\.log"):
        supervisor.start([python("slow", SLEEPS, ready=lambda: False, ready_timeout_s=0.2)])


def test_the_end_takes_every_process_and_pid_file(tmp_path: Path) -> None:
    with Supervisor(tmp_path, {}) as supervisor:
        supervisor.start([python("one", SLEEPS)])
        supervisor.start([python("two", SLEEPS), python("three", HAS_CHILD)])
        processes = [psutil.Process(pid) for pid in supervisor.pids.values()]
        until(lambda: bool(processes[2].children()), "the child runs")
        processes += processes[2].children()
    gone, alive = psutil.wait_procs(processes, timeout=30)
    assert (len(gone), alive) == (4, [])
    assert not list(tmp_path.glob("*.pid"))


def test_a_process_that_ignores_the_request_to_end_is_killed(tmp_path: Path) -> None:
    process = Supervised(python("deaf", DEAF, grace_s=0.2), {}, tmp_path)
    process.start()
    until(lambda: "deaf" in (tmp_path / "deaf.log").read_text(), "it listens to nobody")
    pid = process.pid
    process.stop()
    assert not psutil.pid_exists(pid)


def test_ctrl_c_in_a_terminal_reaches_the_supervisor_alone(supervisor: Supervisor) -> None:
    supervisor.start([python("one", SLEEPS)])
    assert os.getsid(supervisor.pids["one"]) != os.getsid(0)
