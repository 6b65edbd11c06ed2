"""Options as data: one declaration yields prompt, flag, answers key, environment name, help, table.

Precedence (architecture rule 2): flag > `--answers FILE.json` > environment > saved >
default-options file > built-in. The first three are `OptionSources`, filled once by the command
line; the last three are the model's own (`ModelBase.load_or_def_option`) and arrive here as the
default of the question.
"""
import difflib
import os
from pathlib import Path
from typing import (Any, Callable, Dict, Iterable, List, Mapping, MutableMapping, Optional,
                    Sequence, Tuple)

from core.errors import UserError
from core.json_input import parse_json

TRUE_WORDS = ("1", "y", "yes", "true", "on")
FALSE_WORDS = ("0", "n", "no", "false", "off")
KINDS = ("bool", "int", "float", "str")


class Option:
    """One thing a user can choose.

    Arguments:
        key: name in the options dict, in `--set key=value` and in the answers file.
        kind: "bool", "int", "float" or "str".
        default: built-in default; may be None when it depends on others (the asker passes it).
        prompt: the question, in DFL's vocabulary.
        help: what it does, shown for `?` and in the tables.
        limits: (lowest, highest), either may be None; numbers are clamped, as DFL does.
        choices: accepted texts of a "str" option, compared in lower case.
        normalize: called on the clamped value; returns the value to use (rounding and the like),
            or raises ValueError with a sentence.
        show_limits: False keeps the limits out of the prompt.
        env: environment names beside `DFL_<KEY>`: those of old launchers. A value in the
            environment that does not fit such an option is told once and left out (spec 60
            section 17.1 rule 4).
        condition: when it is asked, as a sentence for the tables ("" = always).
    """

    def __init__(self, key: str, kind: str, default: Any, prompt: str, help: str = "",
                 limits: Optional[Tuple[Any, Any]] = None, choices: Sequence[str] = (),
                 normalize: Optional[Callable[[Any], Any]] = None, show_limits: bool = True,
                 env: Sequence[str] = (), condition: str = "") -> None:
        if kind not in KINDS:
            raise ValueError("Option {}: kind is one of {}, not {!r}.".format(key, KINDS, kind))
        self.key = key
        self.kind = kind
        self.default = default
        self.prompt = prompt
        self.help = help
        self.limits = limits
        self.choices = tuple(choices)
        self.normalize = normalize
        self.show_limits = show_limits
        self.env = ("DFL_" + key.upper(),) + tuple(env)
        self.condition = condition

    def range_text(self) -> str:
        """`lowest..highest`, the choices, or "" when everything is accepted."""
        if self.choices:
            return " / ".join(self.choices)
        if self.kind == "bool":
            return "y / n"
        if self.limits is None:
            return ""
        low, high = self.limits
        return "{}..{}".format("" if low is None else low, "" if high is None else high)

    def parse(self, value: Any) -> Any:
        """`value` (text, or a JSON value) as this option's type. ValueError with a sentence."""
        if self.kind == "bool":
            if isinstance(value, bool):
                return value
            word = str(value).strip().lower()
            if word in TRUE_WORDS:
                return True
            if word in FALSE_WORDS:
                return False
            raise ValueError("expected y or n")
        if self.kind == "str":
            if isinstance(value, (dict, list)) or value is None:
                raise ValueError("expected a text")
            return str(value)
        if isinstance(value, bool):
            raise ValueError("expected a number")
        try:
            return int(str(value).strip()) if self.kind == "int" else float(value)
        except (TypeError, ValueError, OverflowError):
            raise ValueError("expected {}".format(
                "a whole number" if self.kind == "int" else "a number")) from None

    def is_within(self, value: Any) -> bool:
        """Whether a number is within the limits."""
        low, high = self.limits or (None, None)
        return (low is None or value >= low) and (high is None or value <= high)

    def finish(self, value: Any) -> Any:
        """Clamp, check against the choices and normalize a parsed value. ValueError."""
        if self.kind in ("int", "float"):
            if value != value:
                raise ValueError("expected a number")
            if self.limits is not None:
                low, high = self.limits
                value = value if low is None else max(low, value)
                value = value if high is None else min(high, value)
        if self.choices:
            value = value.strip().lower()       # a batch file's `set` keeps blanks at its end
            if value not in self.choices:
                raise ValueError("expected one of " + ", ".join(self.choices))
        return value if self.normalize is None else self.normalize(value)


def list_spellings(name: str) -> Tuple[str, ...]:
    """An environment name and what else it may be written as: `preview_period`,
    `PREVIEW_PERIOD`, `DFL_PREVIEW_PERIOD` (spec 60 section 17.1)."""
    if name.isupper():
        return (name,)
    return name, name.upper(), "DFL_" + name.upper()


class OptionSources:
    """Values given from outside a model: flags, an answers file, the environment.

    Arguments:
        flags: key -> text, from `--set key=value`.
        answers: key -> JSON value, from `--answers`.
        environ: the process environment, or a stand-in.
        answers_path: the file of the answers, for messages.
    """

    def __init__(self, flags: Optional[Mapping[str, Any]] = None,
                 answers: Optional[Mapping[str, Any]] = None,
                 environ: Optional[Mapping[str, str]] = None,
                 answers_path: Optional[Path] = None) -> None:
        self.flags = dict(flags or {})
        self.answers = dict(answers or {})
        self.environ = os.environ if environ is None else environ
        self.answers_name = "--answers" if answers_path is None else "--answers {}".format(
            answers_path)
        self.told: set = set()      # keys whose value was adjusted, and the log says so
        self.found: Dict[str, str] = {}     # key -> where its value was found
        self.typed: set = set()     # keys whose question was answered with another value
        self._asked: set = set()    # keys that an option looked for
        self.is_told = False        # the line of what is not default is on the console

    def find(self, option: Option) -> Optional[Tuple[Any, str]]:
        """(raw value, where it stands) of the strongest source that has `option`, or None."""
        self._asked.add(option.key)
        found = self.peek(option)
        if found is not None:
            self.found[option.key] = found[1]
        return found

    def peek(self, option: Option) -> Optional[Tuple[Any, str]]:
        """`find` for somebody who will not use the value: it does not count as looked for."""
        for source, name in ((self.flags, "--set "), (self.answers, self.answers_name + ": ")):
            if option.key in source:
                return source[option.key], name + option.key
        for alias in option.env:
            for name in list_spellings(alias):
                text = self.environ.get(name, "")
                if text.strip() and not self._is_launchers_slip(option, name, text):
                    return text, "environment: " + name
        return None

    def _is_launchers_slip(self, option: Option, name: str, text: str) -> bool:
        """Whether an old launcher gives a value that is none or out of range; the log says so."""
        if len(option.env) == 1:
            return False
        try:
            value = option.parse(text)
            option.finish(value)
            if option.kind in ("bool", "str") or option.is_within(value):
                return False
            reason = "expected " + option.range_text()
        except ValueError as error:
            reason = str(error)
        if option.key not in self.told:
            self.told.add(option.key)
            _tell("Warning: environment: {} = {!r} does not fit: {}. It is left out.".format(
                name, text, reason))
        if isinstance(self.environ, MutableMapping):
            del self.environ[name]      # workers inherit the environment and need not say it again
        return True

    def note_asked(self, key: str) -> None:
        """An option of this key was looked for in another process."""
        self._asked.add(key)

    def unused_keys(self) -> List[str]:
        """Keys of flags and answers that no option has looked for: probably misspelt."""
        return sorted((set(self.flags) | set(self.answers)) - self._asked)

    def name_source(self, key: str) -> str:
        """Where a key of flags or answers stands, for messages."""
        return "--set" if key in self.flags else self.answers_name

    def find_similar(self, key: str, known: Iterable[str] = ()) -> List[str]:
        """Keys that options looked for, or `known` ones, spelt much like `key`."""
        return difflib.get_close_matches(key, sorted(self._asked | set(known)), n=3)


_sources = OptionSources()


def configure_sources(sources: OptionSources) -> None:
    """Set the sources that every question of this process consults (called by the CLI)."""
    global _sources
    _sources = sources


def current_sources() -> OptionSources:
    """The sources set by `configure_sources`; by default only the environment."""
    return _sources


def parse_assignments(texts: Iterable[str]) -> Dict[str, str]:
    """`["key=value", ...]` (repeated `--set`) as a dict. UserError for a text without `=`."""
    result = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals or not key.strip():
            raise UserError("--set needs key=value, got {!r}.".format(text),
                            ["For example: --set batch_size=8"])
        result[key.strip()] = value
    return result


def read_answers(path: Path) -> Dict[str, Any]:
    """The answers file: one JSON object, option key -> value. UserError if it is not."""
    try:
        answers = parse_json(Path(path).read_text(encoding="utf-8-sig"))  # Notepad writes a BOM
    except OSError as error:
        raise UserError("The answers file {} cannot be read: {}.".format(path, error.strerror),
                        ["Check the path given with --answers."]) from error
    except ValueError as error:
        raise UserError("The answers file {} is not JSON: {}.".format(path, error),
                        ['It should look like {"batch_size": 8, "archi": "liae-ud"}.']) from error
    if not isinstance(answers, dict):
        raise UserError("The answers file {} does not hold a JSON object.".format(path),
                        ['It should look like {"batch_size": 8, "archi": "liae-ud"}.'])
    return answers


def find_given(option: Option) -> Optional[Any]:
    """The finished value that flag, answers or environment give `option`; None if none does.

    A number out of range is clamped as in the prompt, and the log says so once. UserError naming
    the source when the value does not fit.
    """
    found = _sources.find(option)
    if found is None:
        return None
    raw, where = found
    try:
        parsed = option.parse(raw)
        value = option.finish(parsed)
    except ValueError as error:
        raise UserError("{} = {!r} does not fit: {}.".format(where, raw, error), [
            "{} takes: {}".format(option.key, option.range_text() or option.kind),
            "leave it away to be asked, or to keep the saved value"]) from None
    if option.kind in ("int", "float") and value != parsed and option.key not in _sources.told:
        _sources.told.add(option.key)
        _tell_adjusted(option, where, parsed, value)
    return value


def _tell_adjusted(option: Option, where: str, given: Any, value: Any) -> None:
    _tell("{} = {} becomes {}{}.".format(
        where, given, value, " ({})".format(option.range_text()) if option.range_text() else ""))


def _tell(text: str) -> None:
    from core.interact import interact    # itself made of options

    interact.log_info(text)


def check_keys(later: Iterable[Option], whose: str) -> None:
    """UserError when `--set` or `--answers` hold a key that nothing has looked for.

    To be called when all questions have been asked. later: options that are looked at only during
    the work. whose: what the options belong to, e.g. the model class.
    """
    known = {option.key for option in later}
    unknown = [key for key in _sources.unused_keys() if key not in known]
    if not unknown:
        return
    key = unknown[0]
    remedies = ["did you mean {}?".format(similar)
                for similar in _sources.find_similar(key, known)]
    remedies.append("correct or remove it; the README and `main.py option-tables` list all options")
    if len(unknown) > 1:
        remedies.append("the same with: " + ", ".join(
            "{} ({})".format(other, _sources.name_source(other)) for other in unknown[1:]))
    raise UserError("{}: {} has no option {!r}.".format(
        _sources.name_source(key), whose, key), remedies)


def is_given(option: Option) -> bool:
    """True if flag, answers or environment give `option`, so that nobody need be asked."""
    return _sources.find(option) is not None


def ask(option: Option, io: Any, default: Any = None) -> Any:
    """The value of `option`: given from outside, or asked through `io.input_*`.

    `default` is the saved or default-options value (None = the built-in one). A given value is
    logged in the form of the question so that the console tells the whole configuration. A typed
    text that does not fit is asked again; a given one stops with UserError.
    """
    default = option.default if default is None else default
    given = find_given(option)
    if given is not None:
        io.log_info("{} : {}".format(option.prompt, given))
        return given
    while True:
        value = _prompt(option, io, default)
        if value != default:
            _sources.typed.add(option.key)
        try:
            return option.finish(value)
        except ValueError as error:
            io.log_info("{}: {}.".format(option.prompt, error))
            if value == default:
                raise UserError("The stored value {!r} of {} does not fit: {}.".format(
                    value, option.key, error), ["Give another with --set {}=...".format(
                        option.key)]) from None


def wait_for_go(option: Option, read_line: Callable[[str], Any]) -> None:
    """Wait for Enter (`read_line`: io.input or io.input_str), unless the bool `option` is given:
    yes goes on at once, no is a UserError."""
    given = find_given(option)
    if given is None:
        read_line("Press enter to continue.")
    elif not given:
        raise UserError("{} : no. Nothing was changed.".format(option.prompt),
                        ["leave {} away to be asked".format(option.key)])


def _prompt(option: Option, io: Any, default: Any) -> Any:
    """One question through the facade's method for the option's kind."""
    if option.kind == "bool":
        return io.input_bool(option.prompt, default, help_message=option.help)
    if option.kind == "str":
        return io.input_str(option.prompt, default, option.choices or None,
                            help_message=option.help)
    info = option.range_text() if option.show_limits and option.limits is not None else None
    method = io.input_int if option.kind == "int" else io.input_number
    return method(option.prompt, default, add_info=info or None, help_message=option.help)


def describe(options: Iterable[Option]) -> List[str]:
    """Rows of the README's Markdown table: key, type, default, range, environment, meaning."""
    rows = ["| option | type | default | accepted | environment | meaning |",
            "|---|---|---|---|---|---|"]
    for option in options:
        meaning = option.help or option.prompt
        if option.condition:
            meaning += " ({})".format(option.condition)
        rows.append("| `{}` | {} | {} | {} | {} | {} |".format(
            option.key, option.kind, "" if option.default is None else option.default,
            option.range_text().replace("|", "\\|"),
            ", ".join("`{}`".format(name) for name in option.env),
            meaning.replace("|", "\\|").replace("\n", " ")))
    return rows
