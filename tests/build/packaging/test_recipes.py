from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from build.packaging import recipes
from build.packaging.bytecode import SourceOnly
from build.packaging.deterministic_zip import Members
from build.packaging.recipes import function_recipe, layer_recipe
from stack.config import ANALYTICS_PROCESSOR, DATA_VALIDATOR, stream_processor
from tests.sources import ORDERS, USERS


@dataclass(frozen=True)
class Note:
    """A completion that leaves a note."""

    identity: str = "note"

    def complete(self, members: Members) -> Members:
        return {**members, "note": b"complete"}


def test_a_function_is_named_by_logical_id_and_holds_its_modules(handlers: Path) -> None:
    recipe = function_recipe(DATA_VALIDATOR, handlers)
    assert recipe.name == "DataValidator"
    assert set(recipe.members()) == {"handlers/__init__.py", "handlers/data_validator.py"}


def test_the_layer_holds_the_dependencies_completed(handlers: Path) -> None:
    members = layer_recipe(handlers / "requirements.txt", Note()).members()
    assert members["note"] == b"complete"
    assert "python/sample/__init__.py" in members


def test_stream_processors_differ_in_name_only(handlers: Path) -> None:
    user, order = (function_recipe(stream_processor(source), handlers) for source in (USERS, ORDERS))
    assert (user.name, order.name) == ("UserDataProcessor", "OrderDataProcessor")
    assert user.inputs == order.inputs


def test_only_what_a_function_is_made_of_changes_its_inputs(handlers: Path) -> None:
    validator = function_recipe(DATA_VALIDATOR, handlers)
    analytics = function_recipe(ANALYTICS_PROCESSOR, handlers)
    (handlers / "windows.py").write_text("def day(event):\n    return None\n")
    assert function_recipe(DATA_VALIDATOR, handlers).inputs == validator.inputs
    assert function_recipe(ANALYTICS_PROCESSOR, handlers).inputs != analytics.inputs


def test_settings_of_a_function_do_not_change_its_inputs(handlers: Path) -> None:
    larger = replace(DATA_VALIDATOR, memory_size=512, timeout=5)
    first, second = (function_recipe(function, handlers) for function in (DATA_VALIDATOR, larger))
    assert first.inputs == second.inputs


def test_requirements_completion_options_and_rules_change_the_inputs_of_the_layer(
    handlers: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    requirements = handlers / "requirements.txt"
    inputs = [layer_recipe(requirements, SourceOnly()).inputs, layer_recipe(requirements, Note()).inputs]
    monkeypatch.setattr(recipes, "RUNTIME_OPTIONS", ("--platform", "other"))
    inputs.append(layer_recipe(requirements, SourceOnly()).inputs)
    monkeypatch.setattr(recipes, "packaging_rules", lambda: "other rules")
    inputs.append(layer_recipe(requirements, SourceOnly()).inputs)
    requirements.write_text("# nothing\n")
    inputs.append(layer_recipe(requirements, SourceOnly()).inputs)
    assert len(set(inputs)) == 5
