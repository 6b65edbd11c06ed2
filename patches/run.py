#!/usr/bin/env python3
"""Runs any DeepFaceLab tree with patches, without touching a file of it.

    python run.py --patch bf16 --patch lean_updates TREE/main.py train ...

or with DFL_PATCHES=bf16,lean_updates in the environment. Whenever the tree calls `nn.initialize`
in this process, the patches are applied after it. Worker processes of the tree import its main.py
as they always do and stay as they are. Standard library only, Python 3.6 and newer.
"""
import argparse
import importlib.abc
import importlib.machinery
import os
import runpy
import sys
from typing import Any, List, Optional, Sequence, Tuple

ENGINE = "core.leras.nn"
FOLDER = os.path.dirname(os.path.abspath(__file__))


def import_layer() -> Any:
    """The package dfl_patches beside this file. It need not stay on sys.path, where workers of the
    tree would find this folder."""
    sys.path.insert(0, FOLDER)
    try:
        import dfl_patches
    finally:
        sys.path.remove(FOLDER)
    return dfl_patches


class EngineFinder(importlib.abc.MetaPathFinder):
    """Finds the tree's engine where Python finds it, and hooks its `nn.initialize`."""

    def __init__(self, layer: Any, names: Sequence[str]) -> None:
        self.layer = layer
        self.names = names
        self.is_found = False

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> Any:
        if fullname != ENGINE:
            return None
        spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
        if spec is not None and spec.loader is not None:
            spec.loader = EngineLoader(spec.loader, self)
        return spec

    def hook(self, nn: Any) -> None:
        """Make `nn.initialize` apply the patches at its end."""
        self.is_found = True
        initialize = nn.initialize

        def initialize_and_patch(*args: Any, **kwargs: Any) -> Any:
            result = initialize(*args, **kwargs)
            self.layer.apply_selected(nn, self.names)
            return result
        nn.initialize = staticmethod(initialize_and_patch)


class EngineLoader(importlib.abc.Loader):
    """The engine's own loader, with a look at the module when it is there."""

    def __init__(self, loader: Any, finder: EngineFinder) -> None:
        self._loader = loader
        self._finder = finder

    def create_module(self, spec: Any) -> Any:
        return self._loader.create_module(spec)

    def exec_module(self, module: Any) -> None:
        self._loader.exec_module(module)
        self._finder.hook(module.nn)

    def __getattr__(self, name: str) -> Any:    # get_source and the like, for tracebacks
        return getattr(self._loader, name)


def parse_arguments(argv: Optional[Sequence[str]] = None) -> Tuple[Optional[List[str]], List[str]]:
    """(names of --patch or None, [main.py, its arguments ...])."""
    parser = argparse.ArgumentParser(
        prog="run.py", usage="run.py [--patch NAME] TREE/main.py ARGUMENTS ...",
        description="Run a DeepFaceLab tree with patches, without touching its files.")
    parser.add_argument("--patch", action="append", metavar="NAME",
                        help="may be given several times; without it DFL_PATCHES counts")
    parser.add_argument("main", help="main.py of the tree")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="what main.py takes")
    arguments = parser.parse_args(argv)
    if not os.path.isfile(arguments.main):
        parser.error("there is no file {}".format(arguments.main))
    return arguments.patch, [os.path.abspath(arguments.main)] + arguments.arguments


def run(main: List[str]) -> None:
    """Run main.py as Python does when it is started by itself; SystemExit passes through."""
    sys.argv = main
    if sys.path and os.path.abspath(sys.path[0] or os.curdir) == FOLDER:
        del sys.path[0]
    sys.path.insert(0, os.path.dirname(main[0]))
    # As __main__ with the path of the tree's file: what multiprocessing imports in a worker.
    runpy.run_path(main[0], run_name="__main__")


def main(argv: Optional[Sequence[str]] = None) -> None:
    given, command = parse_arguments(argv)
    layer = import_layer()
    try:
        names = layer.select(layer.parse_names(given) if given else layer.read_environment())
        if given:       # for a tree that looks there by itself, as ours does
            os.environ["DFL_PATCHES"] = ",".join(names) or "none"
        if names:
            run_patched(layer, names, command)
        else:
            run(command)
    except layer.PatchError as error:
        sys.exit(str(error))


def run_patched(layer: Any, names: Sequence[str], command: List[str]) -> None:
    layer.prepare_environment(names)
    finder = EngineFinder(layer, names)
    sys.meta_path.insert(0, finder)
    print("Patches: " + ", ".join(names), flush=True)
    try:
        run(command)
    finally:
        sys.meta_path.remove(finder)
        if not finder.is_found:
            print("No patch was applied: this run did not use {}.".format(ENGINE),
                  file=sys.stderr)


if __name__ == "__main__":
    main()
