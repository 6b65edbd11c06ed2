"""What arguments of main.py's verbs share: actions, and functions that add one argument or a set of
them to a parser (spec 41 section 1.2)."""
import argparse
import os
from typing import Optional, Sequence

from core.options import Option


class ListEnvironment(argparse.Action):
    """Prints every option with its environment names and stops, like --help."""

    def __init__(self, option_strings, dest, **kwargs):
        super().__init__(option_strings, dest, nargs=0, default=argparse.SUPPRESS, **kwargs)

    def __call__(self, parser, namespace, values, option_string=None):
        from mainscripts import OptionTables

        OptionTables.main()
        parser.exit(0)


class StandAlone(argparse.Action):
    """Stores its value; the flags `waives`, which the other operations need, may then be absent."""

    def __init__(self, option_strings, dest, waives=(), **kwargs):
        super().__init__(option_strings, dest, **kwargs)
        self.waives = waives

    def __call__(self, parser, namespace, values, option_string=None):
        setattr(namespace, self.dest, values)
        for action in self.waives:
            action.required = False     # of this parser, which parses one line


class StorePath(argparse.Action):
    """Stores an absolute path (str) with `~` expanded, relative to the current folder.

    An empty one is refused: a script with an unset variable would work on the current folder.
    """

    def __call__(self, parser, namespace, values, option_string=None):
        if not values.strip():
            raise argparse.ArgumentError(self, "the path is empty")
        setattr(namespace, self.dest, os.path.abspath(os.path.expanduser(values)))


def add_path(parser, flag: str, text: str, required: bool = False) -> argparse.Action:
    return parser.add_argument(flag, action=StorePath, required=required, help=text)


def add_flag(parser, flag: str, text: str) -> None:
    parser.add_argument(flag, action="store_true", help=text)


def add_int(parser, flag: str, text: str, default: Optional[int] = None) -> None:
    parser.add_argument(flag, type=int, default=default, help=text)


def add_model(parser, models: Sequence[str]) -> None:
    parser.add_argument("--model", required=True, dest="model_name", choices=models,
                        help="which kind of model")


def add_devices(parser) -> None:
    add_flag(parser, "--cpu-only", "compute on the CPU")
    parser.add_argument("--force-gpu-idxs", default=None,
                        help="GPUs to compute on, by number, without asking; for example 0,1")


def add_answers(parser) -> None:
    """For verbs that ask: every question can be answered beforehand."""
    parser.add_argument("--set", action="append", default=[], dest="set_options",
                        metavar="KEY=VALUE",
                        help="answer one of the questions; may be given several times")
    parser.add_argument("--answers", action=StorePath, metavar="FILE.json",
                        help="answer questions from a JSON object of option names and values")


class StoreSetting(argparse.Action):
    """A flag of its own for an option that `--set` knows too."""

    def __call__(self, parser, namespace, value, option_string=None) -> None:
        settings = list(getattr(namespace, self.dest) or [])
        setattr(namespace, self.dest, settings + ["%s=%s" % (self.const, value)])


def add_setting(parser, option: Option) -> None:
    """`--<key>` for an option, to be called after `add_answers`."""
    parser.add_argument("--" + option.key.replace("_", "-"), action=StoreSetting,
                        dest="set_options", const=option.key, choices=option.choices or None,
                        default=argparse.SUPPRESS, help=option.help)


def add_patches(parser) -> None:
    parser.add_argument("--patch", action="append", default=[], dest="patches", metavar="NAME",
                        help="change the graph by this patch; may be given several times, none "
                             "goes without")


def add_provenance(parser) -> None:
    """For verbs that make results: core/provenance.py."""
    add_flag(parser, "--no-provenance", "do not mark the results as synthetic, for pipelines that "
                                        "add their own statement")
