"""`python -m build local` as people and scripts run it."""

import gzip
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.emulator

ROOT = Path(__file__).parents[2]
FEW = ("--user-data", "3", "--order-data", "2")


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


@pytest.mark.slow
def test_two_at_once_print_one_json_document_each() -> None:
    for process in [start("--json", *FEW) for _ in range(2)]:
        output, errors = process.communicate(timeout=120)
        assert process.returncode == 0, errors
        document = json.loads(output)
        assert document["written"] == {"inserted": 5, "modified": 2, "removed": 2, "unchanged": 0}
        assert document["activities"] == {"USER_ACTIVITY": 4, "ORDER_ACTIVITY": 3}
        assert document["summary"]["totalRecords"] == 7
        assert [execution["status"] for execution in document["executions"]] == ["SUCCEEDED", "FAILED"]
        assert (document["failed_events"], document["rejected"]) == (0, 0)


LINES = [
    '{"userId": "u-1", "timestamp": 1750000000000.125, "tags": ["a", null, true, {"deep": [[1e-130]]}]}',
    '{"userId": "u-2", "timestamp": 12345678901234567890123456789012345678, "name": "Zoë 😀", "empty": ""}',
    '{"userId": "u-1", "timestamp": 1750000000000.1250, "tags": ["a", null, true, {"deep": [[10e-131]]}]}',
    '{"userId": "u-1", "timestamp": 1750000000000.125, "tags": []}',
    "no JSON at all",
    '{"userId": "", "timestamp": 5}',
    '{"userId": "u-3", "timestamp": 1.5, "amount": 123456789012345678901234567890123456789}',
    '{"orderId": "o-1", "createdAt": 17}',
]
"""Two users, one of them unchanged and then changed, three lines that are no records, and an order."""

SCAN: dict[str, Any] = {
    "Items": [
        {
            "orderId": {"S": "o-1"},
            "createdAt": {"N": "17"},
            "total": {"N": "1E+125"},
            "sets": {"M": {"s": {"SS": ["b", "a"]}, "n": {"NS": ["10", "9"]}, "b": {"BS": ["Yg==", "YQ=="]}}},
            "data": {"B": "AAEC"},
        },
        {"orderId": {"S": "x" * 2048}, "createdAt": {"N": "-1E-130"}, "text": {"S": "x" * (400 * 1024 - 2500)}},
    ],
    "Count": 2,
    "ScannedCount": 2,
}
EXPORT: list[dict[str, Any]] = [
    {"Item": {"createdAt": {"N": "17.0"}, "orderId": {"S": "o-1"}}},
    {"Item": SCAN["Items"][0]},
]


@pytest.mark.slow
def test_records_of_every_format_are_processed_and_bad_lines_named(tmp_path: Path) -> None:
    lines, scan, export = tmp_path / "lines.json", tmp_path / "scan.json", tmp_path / "export.json.gz"
    lines.write_text("\n".join(LINES), encoding="utf-8")
    scan.write_text(json.dumps(SCAN, indent=4))
    export.write_bytes(gzip.compress("\n".join(map(json.dumps, EXPORT)).encode()))
    process = start("--json", "--records", *map(str, (lines, scan, export)))
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    document = json.loads(output)
    assert document["written"] == {"inserted": 4, "modified": 4, "removed": 0, "unchanged": 1}
    assert document["activities"] == {"USER_ACTIVITY": 3, "ORDER_ACTIVITY": 5}
    assert document["summary"]["totalRecords"] == 8
    assert (document["failed_events"], document["rejected"]) == (0, 3)
    named = [line for line in errors.splitlines() if line.startswith("local: ")]
    assert [re.findall(r"lines\.json, line (\d)", line) for line in named] == [["5"], ["6"], ["7"], []]
    assert named[-1] == "local: 3 lines hold no record; correct them and run again, everything else was processed."


KeptUp = tuple[subprocess.Popen[str], list[str]]


@pytest.fixture(scope="module")
def kept_up() -> Iterator[KeptUp]:
    """The command with `--keep`, and what it has printed on stderr."""
    process = start("--keep", "--users", "1", "--orders", "0")
    assert process.stderr is not None
    printed: list[str] = []
    while "AWS_SECRET_ACCESS_KEY" not in "".join(printed[-1:]):
        printed.append(process.stderr.readline())
        assert printed[-1], "".join(printed)
    yield process, printed
    process.kill()
    process.communicate()


def in_a_shell(printed: list[str], program: str) -> str:
    """What a program prints in a shell of somebody who has no settings but what was printed."""
    lines = [line for line in printed if line.startswith(("export ", "unset "))]
    environment = {"PATH": os.environ["PATH"], "HOME": os.devnull, "AWS_PROFILE": "nobody"}
    script = "".join(lines) + program
    return subprocess.run(["sh", "-ec", script], env=environment, capture_output=True, text=True, check=True).stdout


@pytest.mark.skipif(not shutil.which("aws"), reason="the AWS CLI is not installed")
def test_what_it_prints_works_for_the_aws_cli(kept_up: KeptUp) -> None:
    assert "dev-userdata-synth" in in_a_shell(kept_up[1], "aws dynamodb list-tables --output json")


def test_what_it_prints_works_for_boto3(kept_up: KeptUp) -> None:
    script = "import boto3; print(boto3.client('dynamodb').list_tables()['TableNames'])"
    assert "dev-userdata-synth" in in_a_shell(kept_up[1], f'"{sys.executable}" -c "{script}"')


def test_kept_up_it_says_how_to_reach_it_and_ends_on_ctrl_c(kept_up: KeptUp) -> None:
    process, printed = kept_up
    assert re.search(r"export AWS_ENDPOINT_URL=http://127\.0\.0\.1:\d+\n", "".join(printed))
    process.send_signal(signal.SIGINT)
    output, errors = process.communicate(timeout=60)
    assert (process.returncode, "Traceback" in errors) == (0, False)
    assert "1 inserted, 1 modified, 1 removed" in output


def test_a_number_that_is_none_is_refused() -> None:
    process = start("--users", "-1")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 2
    assert "'-1' is no number of records; use 0, 1, 2 and so on." in errors
