"""Face-swap models: the base class and the plug-in folders `Model_<NAME>/` (spec 20 section 1).

`models.ModelBase` is the class (it shadows the submodule of the same name, as plug-ins expect);
`from models.ModelBase import ModelBase, PreviewHistoryWriter` works as well.
"""
import importlib

from .ModelBase import DryRunFinished, ModelBase

__all__ = ['DryRunFinished', 'ModelBase', 'import_model']


def import_model(model_class_name: str) -> type:
    """Return the class `Model` of the plug-in package `models.Model_<model_class_name>`.

    Raises ImportError when there is no such folder, AttributeError when the package exposes no
    `Model`.
    """
    return importlib.import_module('.Model_' + model_class_name, __name__).Model
