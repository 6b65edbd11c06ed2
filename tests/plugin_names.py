"""Which names of the engine a plug-in uses, read from its text, and which of them are missing.

Looked at: imports; dotted names that begin with something of this tree (`nn.tf` and a local `tf`
included); members that the plug-in reads of `self`; keywords of calls; keys of sample outputs.
"""
import ast
import importlib
import inspect
import sys
from pathlib import Path

from core.leras import nn

MODELS = Path(importlib.import_module("models").__file__).parent
BASE_FILES = ("ModelBase.py", "model_samples.py", "model_saving.py", "common_options.py",
              "fork_api.py")


def list_missing_names(path) -> list:
    """["line: name", ...] of everything in a plug-in's Model.py that the engine does not have.

    The engine has to be initialised: TensorFlow-backed names register themselves then.
    """
    path = Path(str(path))
    scan = _Scan()
    scan.visit(_parse(path))
    known = scan.own_members | _list_stored_members(path.parent.glob("*.py"))
    known |= set(dir(importlib.import_module("models").ModelBase))
    if path.parent.parent == MODELS:    # the built-in models share a base class of their own
        known |= set(dir(importlib.import_module("models.common.face_model").FaceModel))
        known |= _list_stored_members([MODELS / "common" / "face_model.py"])
    known |= _list_stored_members(MODELS / name for name in BASE_FILES)
    missing = scan.missing + [(line, "self." + name) for line, name in scan.read_members
                              if name not in known]
    return ["%d: %s" % found for found in sorted(set(missing))]


def _parse(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def _list_stored_members(paths) -> set:
    """Attributes that these files set, on `self` or on the model they are given."""
    return {node.attr for path in paths for node in ast.walk(_parse(path))
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)}


class _Scan(ast.NodeVisitor):
    def __init__(self):
        self.roots = {"tf": nn.tf}      # plug-ins write tf = nn.tf
        self.missing = []               # (line, name)
        self.own_members, self.read_members = set(), []

    def visit_Import(self, node):
        for alias in node.names:
            module, root = self._load(node.lineno, alias.name), alias.name.split(".")[0]
            if module is not None:
                self.roots[alias.asname or root] = module if alias.asname else sys.modules[root]

    def visit_ImportFrom(self, node):
        if node.level:
            return      # another file of the plug-in
        module = self._load(node.lineno, node.module)
        for alias in node.names if module is not None else ():
            if alias.name == "*":
                names = getattr(module, "__all__", [x for x in dir(module) if x[0] != "_"])
                self.roots.update({name: getattr(module, name) for name in names})
                continue
            found = getattr(module, alias.name, None)
            if found is None:
                found = self._load(node.lineno, node.module + "." + alias.name)
            self.roots[alias.asname or alias.name] = found

    def _load(self, line, name):
        """The module, or None and a note that it is missing."""
        try:
            return importlib.import_module(name)
        except ImportError:
            self.missing.append((line, name))
            return None

    def visit_ClassDef(self, node):
        self.own_members |= {x.name for x in node.body if isinstance(x, ast.FunctionDef)}
        self.own_members |= {x.id for part in node.body if isinstance(part, ast.Assign)
                             for x in part.targets if isinstance(x, ast.Name)}
        self.generic_visit(node)

    def visit_Attribute(self, node):
        if isinstance(node.value, ast.Name) and node.value.id == "self":
            if isinstance(node.ctx, ast.Store):
                self.own_members.add(node.attr)
            else:
                self.read_members.append((node.lineno, node.attr))
        names = _get_dotted_names(node)
        if names and names[0] in self.roots:
            self._resolve(node.lineno, names)
        else:
            self.generic_visit(node)

    def _resolve(self, line, names):
        """The object of a dotted name; notes the first part that is not there."""
        found = self.roots.get(names[0])
        for count, name in enumerate(names[1:], 2):
            if not hasattr(found, name):
                self.missing.append((line, ".".join(names[:count])))
                return None
            found = getattr(found, name)
            if not (inspect.isclass(found) or inspect.ismodule(found)):
                break       # a value's own attributes are not the engine's
        return found

    def visit_Call(self, node):
        names = _get_dotted_names(node.func)
        if names and names[0] in self.roots:
            called = self._resolve(node.lineno, names)
            self._check_keywords(node, called, ".".join(names))
        if names == ["dict"]:
            self._check_output_keys(node.lineno, [x.arg for x in node.keywords if x.arg])
        self.generic_visit(node)

    def _check_keywords(self, node, called, name):
        if not (inspect.isclass(called) or inspect.isfunction(called)):
            return
        if not called.__module__.startswith(("core", "samplelib", "merger", "facelib", "utils")):
            return
        if inspect.isclass(called) and issubclass(called, nn.ModelBase):
            return      # whose keywords travel on to on_build
        parameters = inspect.signature(called).parameters
        if name.endswith("MergerConfigMasked"):
            parameters = set(parameters) | set(called.FORK_FIELDS)
        for keyword in node.keywords:
            if keyword.arg and keyword.arg not in parameters:
                self.missing.append((node.lineno, "%s(%s=)" % (name, keyword.arg)))

    def visit_Dict(self, node):
        # a text is ast.Str with `s` up to Python 3.7, then ast.Constant with `value`
        keys = [getattr(key, "value", getattr(key, "s", None)) for key in node.keys]
        self._check_output_keys(node.lineno, [key for key in keys if isinstance(key, str)])
        self.generic_visit(node)

    def _check_output_keys(self, line, keys):
        from samplelib.output_request import OutputRequest
        known = inspect.signature(OutputRequest.__init__).parameters
        if {"sample_type", "face_mask_type", "warp"} & set(keys):
            self.missing += [(line, "output key %s" % key) for key in keys if key not in known]


def _get_dotted_names(node):
    """["nn", "MsSsim"] for nn.MsSsim; [] for anything else."""
    names = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    return (names + [node.id])[::-1] if isinstance(node, ast.Name) else []
