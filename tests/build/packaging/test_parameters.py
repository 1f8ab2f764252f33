from pathlib import Path

from build.packaging.archive import Archive, Package
from build.packaging.parameters import key_parameters
from stack.config import StackConfig

NAMES = ("UserDataProcessor", "OrderDataProcessor", "AnalyticsProcessor", "DataValidator", "Layer")


def test_every_key_belongs_to_a_parameter() -> None:
    archives = tuple(Archive(name, Path(), f"digest-of-{name}", "", 0, rebuilt=True) for name in NAMES)
    expected = {f"{name}Key": f"{name}/digest-of-{name}.zip" for name in NAMES}
    assert key_parameters(Package(archives), StackConfig()) == expected
