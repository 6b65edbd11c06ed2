"""What is wrong with a plug-in model, as a sentence with remedies in place of a traceback.

A plug-in of the community may come from a fork, from another version, or with a slip of its author.
Explained are: a name that this version does not have, a package that is not installed, a folder
that holds no model, text that Python cannot read. Any other exception is a defect and stays one.
"""
import difflib
import linecache
import re
import sys
from pathlib import Path
from types import FrameType, ModuleType, TracebackType
from typing import Any, List, NamedTuple, Optional, Sequence

from core.errors import UserError
from core.package_errors import PACKAGE_NAMES

from . import patch_layer

TREE = Path(__file__).resolve().parent.parent
PLUGIN_MODULE = re.compile(r"^models\.Model_(\w+)")
LINES_AROUND = 12       # a statement may go over lines; older Python names its last one

_ONE_CHANNEL = ("a network of the SAEHDBW fork; its models train nn.DeepFakeArchiBWTEST_NOPRINT, "
                "which is here")
# Names that are known to be missing here -> whose they are, and what to do.
KNOWN_NAMES = {
    "DeepFakeArchiBWTEST": _ONE_CHANNEL,
    "DeepFakeArchiBW_SMALL": _ONE_CHANNEL,
    "nnlib": "the engine of DeepFaceLab 1, whose Keras models nothing of today runs",
    "torch": "the models of PyTorch ports of DeepFaceLab run in those programs only",
    "yaml": "MVE reads option files with it; here `--answers FILE.json` does that, without it",
    "jsonschema": "MVE checks option files with it; `--answers FILE.json` is checked without it",
}
# Packages of DeepFaceLab's own: none that pip could install.
OWN_PACKAGES = ("models", "core", "nnlib")
HOME_OF_NAMES = ("ask its author which fork it is written for: what the models of DeepFaceLab 2, "
                 "of MVE and of SAEHDBW use is here")

Missing = NamedTuple("Missing", [
    ("expression", str),            # as it stands in the plug-in, "nn.MsSsim"
    ("owner", Optional[Any]),       # what should have had it; None when nothing is known of it
])


def explain_plugin_error(error: BaseException) -> Optional[UserError]:
    """What is missing or wrong in a plug-in, or with a patch; None when `error` is neither.

    The innermost step of the traceback in this tree tells: it has to belong to a plug-in.
    """
    refusal = patch_layer.explain(error)
    if refusal is not None:
        return refusal
    step = _find_innermost_step(error)
    found = step and PLUGIN_MODULE.match(step.tb_frame.f_globals.get("__name__", ""))
    if not found:
        return None
    frame, line = step.tb_frame, step.tb_lineno
    filename = frame.f_code.co_filename
    where = "Model %s: %s, line %d" % (found.group(1), filename, line)
    if isinstance(error, ImportError):
        return _explain_import(error, where, linecache.getline(filename, line))
    if isinstance(error, AttributeError):
        missing = _find_missing_attribute(error, frame, line)
        return None if missing is None else _explain_missing(missing, where)
    if isinstance(error, NameError) and not isinstance(error, UnboundLocalError):
        name = re.search(r"'(\w+)'", str(error))
        if name:
            return UserError(
                "%s uses the name %s, which neither the plug-in nor what it imports from this "
                "version defines." % (where, name.group(1)), _list_remedies(name.group(1)))
    if isinstance(error, TypeError):
        keyword = re.search(r"([\w.]+)\(\) got an unexpected keyword argument '(\w+)'", str(error))
        if keyword:
            return UserError("%s passes the keyword %s to %s, which takes none of that name." % (
                where, keyword.group(2), keyword.group(1)), [HOME_OF_NAMES])
    return None


def explain_syntax_error(model_class_name: str, error: SyntaxError) -> UserError:
    """A plug-in that Python cannot read, with the line it stumbles over."""
    text = (error.text or "").strip()
    return UserError(
        "Model %s cannot be read: %s, line %s: %s%s" % (
            model_class_name, error.filename, error.lineno, error.msg,
            ": " + text if text else ""), [
                "this is Python %d.%d; a model may be written for a newer one" % (
                    sys.version_info[:2]),
                "copy the model's folder again: the file may be damaged"])


def explain_missing_folder(model_class_name: str) -> UserError:
    return UserError("There is no model %s." % model_class_name, [
        "a community model is a folder models/Model_%s with an __init__.py" % model_class_name])


def explain_missing_class(model_class_name: str, package: ModuleType) -> UserError:
    """A folder whose package has no class `Model`."""
    # a package, else a file Model_<NAME>.py
    folder = Path(list(package.__path__)[0] if hasattr(package, "__path__") else package.__file__)
    if not (folder / "__init__.py").exists():
        return UserError("The folder %s is no model: it holds no __init__.py." % folder, [
            "copy the whole folder of the model, not only its Model.py",
            "or write an __init__.py with the line: from .Model import Model"])
    return UserError(
        "The folder %s is no model: its __init__.py gives no class `Model`." % folder,
        ["its __init__.py should hold the line: from .Model import Model",
         "and its Model.py should end with: Model = <the model's class>"])


def _find_innermost_step(error: BaseException) -> Optional[TracebackType]:
    """The last step of the traceback that lies in this tree or in a plug-in."""
    found = None
    step = error.__traceback__
    while step is not None:
        frame = step.tb_frame
        if (TREE in Path(frame.f_code.co_filename).resolve().parents
                or PLUGIN_MODULE.match(frame.f_globals.get("__name__", ""))):
            found = step
        step = step.tb_next
    return found


def _explain_import(error: ImportError, where: str, source_line: str) -> UserError:
    module = error.name
    if module is None:      # of `cannot import name`, before Python 3.7
        statement = re.match(r"\s*from\s+([\w.]+)\s+import\b", source_line)
        module = statement.group(1) if statement else ""
    name = re.search(r"cannot import name '?(\w+)'?", str(error))
    if name:
        expression = "%s.%s" % (module, name.group(1)) if module else name.group(1)
        return _explain_missing(Missing(expression, sys.modules.get(module)), where)
    root = module.split(".")[0]
    if not root or root in OWN_PACKAGES or (TREE / root).exists():
        return UserError("%s imports %s, which this version does not have."
                         % (where, module or error), _list_remedies(module.rpartition(".")[2]))
    package = PACKAGE_NAMES.get(root, root)
    remedies = _list_known(root)
    remedies.append("install it: %s -m pip install %s" % (sys.executable or "python", package))
    return UserError("%s needs the Python package %s, which is not installed." % (where, package),
                     remedies)


def _explain_missing(missing: Missing, where: str) -> UserError:
    prefix, _, name = missing.expression.rpartition(".")
    if isinstance(missing.owner, ModuleType) and missing.owner.__name__.startswith("tensorflow"):
        version = getattr(sys.modules.get("tensorflow"), "__version__", "?")
        return UserError(
            "%s uses %s, which TensorFlow %s does not have." % (where, missing.expression, version),
            ["a model may need an older TensorFlow: `python3.7 dfl.py env` installs 1.15, "
             "`python3.6 dfl.py env` installs 2.6"])
    similar = difflib.get_close_matches(name, [x for x in dir(missing.owner) if x[:1] != "_"], n=3)
    return UserError(
        "%s uses %s, which this version does not have." % (where, missing.expression),
        _list_remedies(name, ["%s.%s" % (prefix, x) for x in similar]))


def _list_known(name: str) -> List[str]:
    return ["%s: %s" % (name, KNOWN_NAMES[name])] if name in KNOWN_NAMES else []


def _list_remedies(name: str, similar: Sequence[str] = ()) -> List[str]:
    if name in KNOWN_NAMES:
        return _list_known(name)
    remedies = ["what is spelt much like it: " + ", ".join(similar)] if similar else []
    return remedies + [HOME_OF_NAMES]


def _find_missing_attribute(error: AttributeError, frame: FrameType,
                            line: int) -> Optional[Missing]:
    """The attribute that the plug-in asked something of this tree or of TensorFlow for.

    None when it asked an object of its own or of another package: that is its own defect.
    """
    # an IntEnum says only the name, before Python 3.12
    name = re.search(r"no attribute '(\w+)'|^(\w+)$", str(error))
    if not name:
        return None
    attribute = name.group(1) or name.group(2)
    for expression in _list_expressions(frame.f_code.co_filename, line, attribute):
        owner = _resolve(expression.split(".")[:-1], frame)
        if owner is not None and not hasattr(owner, attribute) and _is_ours(owner):
            return Missing(expression, owner)
    return None


def _list_expressions(filename: str, line: int, attribute: str) -> List[str]:
    """Dotted names ending in `.attribute` near a line of a file, nearest line first."""
    pattern = re.compile(r"(?<![\w.])([A-Za-z_]\w*(?:\.\w+)*\.%s)\b" % re.escape(attribute))
    found: List[str] = []
    for distance in range(LINES_AROUND):
        for number in sorted({line + distance, line - distance}):
            found += pattern.findall(linecache.getline(filename, number))
    return found


def _resolve(names: List[str], frame: FrameType) -> Optional[Any]:
    """The object that a dotted name means in a frame; None when any part is not there."""
    scope = dict(frame.f_globals, **frame.f_locals)
    found = scope.get(names[0])
    for name in names[1:]:
        found = getattr(found, name, None)
    return found


def _is_ours(owner: Any) -> bool:
    """Whether a module, class or instance comes from this tree or from TensorFlow."""
    if isinstance(owner, ModuleType):
        return _is_our_module(owner.__name__)
    kind = owner if isinstance(owner, type) else type(owner)
    return any(_is_our_module(base.__module__) for base in kind.__mro__)


def _is_our_module(name: str) -> bool:
    if PLUGIN_MODULE.match(name):
        return False
    root = name.split(".")[0]
    if root == "tensorflow":
        return True
    module = sys.modules.get(root)
    path = getattr(module, "__file__", None)
    return path is not None and TREE in Path(path).resolve().parents
