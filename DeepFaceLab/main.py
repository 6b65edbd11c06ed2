"""The command line: `python main.py train --model SAEHD ...` (spec 41 section 1).

Importing this file only makes sure that later imports find the modules of this tree, whatever an
older tree left in its folder: worker processes are spawned and import it again.
"""
from __future__ import print_function    # an old Python has to read this file to say so

import sys

if sys.version_info < (3, 6):      # before an import that such a Python cannot read
    sys.exit("Python 3.6 or newer is needed, this is {}.{}".format(*sys.version_info[:2]))

from core.tree_files import prefer_own_modules  # noqa: E402

prefer_own_modules()


def explain(error):
    """UserError for what is wrong with a plug-in model, an installed package or the machine, None
    for a defect of this program."""
    from core.package_errors import explain_import_error

    found = explain_import_error(error)
    plugin_errors = sys.modules.get("models.plugin_errors")   # imported with the first model
    if plugin_errors is not None:
        found = plugin_errors.explain_plugin_error(error) or found
    if found is None and not isinstance(error, ImportError):
        from core.system_errors import explain_system_error

        found = explain_system_error(error)
    return found


def main(argv=None):
    """Parse `argv` (default: sys.argv), call the verb; returns the exit code.

    0 done, 1 a user error (printed without traceback), 2 wrong arguments (from argparse), 3 a verb
    or model that this version does not have, 130 interrupted. Any other exception is a defect:
    it passes through with its traceback and Python exits with 1.
    """
    from core.errors import UserError
    from mainscripts import cli, verbs

    try:
        arguments = cli.parse_arguments(argv)
        verbs.configure_options(arguments)
        exit_code = arguments.func(arguments) or 0
    except UserError as error:
        print(error, file=sys.stderr)
        return getattr(error, "exit_code", 1)
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130
    except Exception as error:
        explanation = explain(error)
        if explanation is None:
            raise
        print(explanation, file=sys.stderr)
        return 1
    verbs.report_unused_options(arguments)
    if exit_code == 0:
        print("Done.")
    return exit_code


def run_program():
    """`main` as a program of its own, of either tree."""
    import multiprocessing

    from core.stdex import spare_letters

    spare_letters()
    multiprocessing.set_start_method("spawn")
    return main()


if __name__ == "__main__":
    sys.exit(run_program())
