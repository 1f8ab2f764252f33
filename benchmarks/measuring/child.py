"""What runs inside a new process that is measured; until the measurement is over it imports nothing that it need not.

`python -P -m benchmarks.measuring.child import MODULE` prints the seconds and CPU seconds that importing a module took,
and the peak memory in bytes. `python -m benchmarks.measuring.child run FILE MODULE [ARGUMENT ...]` runs a module as
`python -m` does, and writes the peak memory in bytes to a file.
"""

import importlib
import sys
import time


def peak_memory() -> int:
    """The peak resident set of this process in bytes.

    A process on Linux inherits the peak of the one that started it (`ru_maxrss`, getrusage(2)), but `VmHWM` starts at
    zero (proc_pid_status(5)).
    """
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            peak = next(line for line in status if line.startswith("VmHWM:"))
        return int(peak.split()[1]) * 1024
    except FileNotFoundError:
        import resource

        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _import(module: str) -> None:
    started, cpu_started = time.perf_counter(), time.process_time()
    importlib.import_module(module)
    seconds, cpu_seconds = time.perf_counter() - started, time.process_time() - cpu_started
    print(seconds, cpu_seconds, peak_memory())


def _run(peak_file: str, module: str, *arguments: str) -> None:
    import runpy

    sys.argv = [module, *arguments]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    finally:
        with open(peak_file, "w", encoding="ascii") as file:
            file.write(str(peak_memory()))


if __name__ == "__main__":
    action, *arguments = sys.argv[1:]
    if action == "import":
        _import(*arguments)
    else:
        _run(*arguments)
