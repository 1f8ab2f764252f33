"""`python -m build local` as people and scripts run it."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.emulator

ROOT = Path(__file__).parents[2]
FEW = ("--users", "3", "--orders", "2")


def start(*arguments: str) -> subprocess.Popen[str]:
    """Start the command with nothing of the user's but a profile and a proxy that lead nowhere."""
    misleading = {"AWS_PROFILE": "nobody", "HTTP_PROXY": "http://127.0.0.1:9", "http_proxy": "http://127.0.0.1:9"}
    return subprocess.Popen(
        [sys.executable, "-m", "build", "local", *arguments],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], "HOME": os.devnull, **misleading},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_at_once_print_one_json_document_each() -> None:
    for process in [start("--json", *FEW) for _ in range(2)]:
        output, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        document = json.loads(output)
        assert document["written"] == {"inserted": 5, "modified": 2, "removed": 2}
        assert document["activities"] == {"USER_ACTIVITY": 4, "ORDER_ACTIVITY": 3}
        assert document["summary"]["totalRecords"] == 7
        assert [one["status"] for one in document["executions"]] == ["SUCCEEDED", "FAILED"]


def test_kept_up_it_says_how_to_reach_it_and_ends_on_ctrl_c() -> None:
    process = start("--keep", "--users", "1", "--orders", "0")
    assert process.stderr is not None
    printed: list[str] = []
    while "AWS_SECRET_ACCESS_KEY" not in (line := process.stderr.readline()):
        assert line, "".join(printed)
        printed.append(line)
    assert re.search(r"export AWS_ENDPOINT_URL=http://127\.0\.0\.1:\d+\n", "".join(printed))
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, "Traceback" in errors) == (0, False)
    assert "1 inserted, 1 modified, 1 removed" in output


def test_a_number_that_is_none_is_refused() -> None:
    process = start("--users", "-1")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "invalid natural_number value: '-1'" in errors
