"""Face-swap models: the base class and the plug-in folders `Model_<NAME>/` (spec 20 section 1).

`models.ModelBase` is the class (it shadows the submodule of the same name, as plug-ins expect);
`from models.ModelBase import ModelBase, PreviewHistoryWriter` works as well.
"""
import importlib
import importlib.util

from core import gray_tree

from . import plugin_errors
from .ModelBase import DryRunFinished, ModelBase

gray_tree.add_neighbour()

__all__ = ['DryRunFinished', 'ModelBase', 'import_model']


def import_model(model_class_name: str) -> type:
    """Return the class `Model` of the plug-in package `models.Model_<model_class_name>`, one
    of the grayscale tree included.

    Raises UserError for what `plugin_errors` can explain: no such folder, no `Model` in it, text
    that Python cannot read, a name or package that is not there.
    """
    package = '%s.Model_%s' % (__name__, model_class_name)
    if importlib.util.find_spec(package) is None:
        raise plugin_errors.explain_missing_folder(model_class_name)
    try:
        module = importlib.import_module(package)
    except SyntaxError as error:
        raise plugin_errors.explain_syntax_error(model_class_name, error) from error
    except Exception as error:
        explanation = plugin_errors.explain_plugin_error(error)
        if explanation is None:
            raise
        raise explanation from error
    model_class = getattr(module, 'Model', None)
    if not isinstance(model_class, type):
        raise plugin_errors.explain_missing_class(model_class_name, module)
    return model_class
