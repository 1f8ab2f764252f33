"""Imports a module in a new process and says what that took.

`python -P -m benchmarks.measuring.import_time MODULE` prints seconds, CPU seconds and the peak memory in bytes.
"""

import importlib
import sys
import time


def measure(module: str) -> tuple[float, float]:
    """Import a module and return the seconds and CPU seconds that it took."""
    started, cpu_started = time.perf_counter(), time.process_time()
    importlib.import_module(module)
    return time.perf_counter() - started, time.process_time() - cpu_started


if __name__ == "__main__":
    seconds, cpu_seconds = measure(sys.argv[1])
    from benchmarks.measuring.memory import peak_memory

    print(seconds, cpu_seconds, peak_memory())
