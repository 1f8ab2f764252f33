import sys

import pytest

from build.errors import CommandError
from build.packaging.tools import last_error, output_of


def python(program: str) -> list[str]:
    return [sys.executable, "-I", "-c", program]


def test_answers_with_what_a_program_printed() -> None:
    assert output_of(python("print('made')"), "failed") == "made\n"


def test_a_program_cannot_ask_questions() -> None:
    with pytest.raises(CommandError, match=r"^failed \(EOFError: EOF when reading a line\)\.$"):
        output_of(python("input()"), "failed")


def test_a_program_that_fails_silently_is_told_by_its_exit_code() -> None:
    with pytest.raises(CommandError, match=r"^failed \(exit code 3\)\.$"):
        output_of(python("raise SystemExit(3)"), "failed")


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        ("", ""),
        ("first\nlast.\n\n", "last"),
        ("ERROR: first\nERROR: second.\n    a detail of it\nWARNING: old\n", "ERROR: second"),
    ],
)
def test_the_last_error_is_what_counts(printed: str, said: str) -> None:
    assert last_error(printed) == said
