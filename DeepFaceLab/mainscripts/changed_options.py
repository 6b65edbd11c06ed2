"""One line on the console of what is not default, for every verb (spec 60 section 17.1 rule 6)."""
from typing import Any, Iterable, List

from core import options
from core.options import Option, OptionSources
from core.process_options import PROCESS_OPTIONS, list_obsolete


def tell(declared: Iterable[Option]) -> None:
    """Log the line, once for the sources of this run, and what of the environment no longer means
    anything; nothing where everything is default.

    declared: the options of the verb, beside which those of every process count.
    """
    sources = options.current_sources()
    if sources.is_told:
        return
    sources.is_told = True
    texts = list_changed(list(declared) + list(PROCESS_OPTIONS), sources)
    lines = ["Not default: " + ", ".join(texts)] if texts else []
    lines += list_obsolete(sources.environ)
    if lines:
        from core.interact import interact as io    # decides on a screen when it is imported

        for line in lines:
            io.log_info(line)


def list_changed(declared: Iterable[Option], sources: OptionSources) -> List[str]:
    """`key=value (where it stands)` of each option that somebody gave another value than the
    built-in one, then of the keys of flags and answers that belong to none of these options."""
    by_key = {option.key: option for option in declared}
    texts = []
    for key, option in by_key.items():
        found = sources.peek(option)
        if found is None:
            continue
        value = read_value(option, found[0])
        if value != option.default:
            texts.append(describe(key, value, found[1]))
    for source in (sources.flags, sources.answers):
        texts += [describe(key, value, sources.name_source(key)) for key, value in source.items()
                  if key not in by_key and not (source is sources.answers and key in sources.flags)]
    return texts


def read_value(option: Option, raw: Any) -> Any:
    """The value as it will be used; as it stands where it does not fit: whoever uses the option
    says so."""
    try:
        return option.finish(option.parse(raw))
    except ValueError:
        return raw


def describe(key: str, value: Any, where: str) -> str:
    text = {True: "y", False: "n"}[value] if isinstance(value, bool) else value
    where = where[:-len(key)].rstrip(": ") if where.endswith(" " + key) else where
    return "{}={} ({})".format(key, text, where)
