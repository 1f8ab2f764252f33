"""A small project to package."""

from pathlib import Path

import pytest

from tests.build.packaging.sample_project import write_project


@pytest.fixture
def handlers(tmp_path: Path) -> Path:
    return write_project(tmp_path / "project")
