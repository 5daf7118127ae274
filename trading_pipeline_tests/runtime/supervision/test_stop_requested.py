import subprocess
import sys

WAITS = """
import os, signal, threading
from trading_pipeline.runtime.supervision.up import StopRequested

stop = StopRequested()
hail = threading.Thread(target=lambda: [os.kill(os.getpid(), signal.SIGTERM) for _ in range(3000)])
assert not stop.wait(0.01)
hail.start()
while hail.is_alive():
    stop.wait(0.0001)
assert stop.wait(5) and stop.wait(0)
print("ended")
"""


def test_a_second_request_to_end_never_holds_up_the_first() -> None:
    done = subprocess.run([sys.executable, "-c", WAITS], capture_output=True, text=True, timeout=60, check=False)
    assert done.stdout == "ended\n", done.stderr
