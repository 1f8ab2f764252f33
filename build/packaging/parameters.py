"""Which template parameter an archive's key belongs to."""

from build.packaging.archive import Package
from build.packaging.recipes import LAYER
from stack.config import StackConfig
from stack.parameters import LAYER_KEY, code_key


def key_parameters(package: Package, config: StackConfig) -> dict[str, str]:
    """The values of the template's key parameters, by name of the parameter.

    Args:
        package: what was packaged for `config`.
        config: the stack that the template describes.
    """
    parameters = {function.logical_id: code_key(function) for function in config.functions} | {LAYER: LAYER_KEY}
    return {parameters[archive.name]: archive.object_key for archive in package.archives}
