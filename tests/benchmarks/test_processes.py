"""Commands that are measured from their start to their end."""

import json

import pytest

from benchmarks.measuring.processes import measure_command
from build.errors import CommandError


def test_a_command_is_measured_and_its_output_kept() -> None:
    finished = measure_command("generate", "--suffix", "dev")
    assert "Resources" in json.loads(finished.output)
    assert finished.cpu_seconds > 0 and finished.peak_memory > 1_000_000


def test_a_command_that_fails_says_why() -> None:
    with pytest.raises(CommandError, match="`generate --suffix -` failed.*cannot be part of a name"):
        measure_command("generate", "--suffix", "-")
