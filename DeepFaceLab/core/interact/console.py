"""Questions on the console (spec 41 section 2.3).

All read one line with the builtin `input`, so a pipe on stdin or a replaced `builtins.input`
answers them. The end of stdin is an empty line: the default is taken and the run goes on.
"""
import math
from typing import List, Optional, Sequence

from core.process_options import UNATTENDED, get_setting

from .progress import print_text
from .stdin_line import discard_pending, get_late_line, wait_line

yn_str = {True: 'y', False: 'n'}

YES_WORDS = ('y', '1')
NO_WORDS = ('n', '0')
HELP_KEY = '?'


def make_prompt(text: str, default: Optional[str], parts: Sequence[Optional[str]]) -> str:
    """`[default] text ( part part ) : `; whatever is None or empty is left out."""
    words: List[str] = []
    if default is not None:
        words.append('[%s]' % default)
    if text:
        words.append(text)
    shown = [part for part in parts if part]
    if shown:
        words.append('( %s )' % ' '.join(shown))
    return ' '.join(words + [': '])


class ConsoleMixin:
    """The `input*` methods of the `io` object."""

    def input(self, s: str) -> str:
        """One raw line without its line end; '' at the end of stdin, without a stdin, and where
        the option unattended says that nobody is there."""
        if get_setting(UNATTENDED):
            print_text(s)
            return ''
        late = get_late_line(s)
        if late is not None:
            return late
        try:
            return input(s)
        except EOFError:
            return ''
        except (OSError, ValueError, RuntimeError) as error:
            # Closed or lost stdin of services and windowed programs, undecodable bytes.
            print_text("\nNo answer can be read (%s); the default is taken." % error)
            return ''

    def input_number(self, s: str, default_value, valid_list: Optional[Sequence[float]] = None,
                     show_default_value: bool = True, add_info: Optional[str] = None,
                     help_message: Optional[str] = None):
        """Ask for a float. Empty, no finite number or not in `valid_list`: the default."""
        prompt = make_prompt(s, _shown_default(default_value, show_default_value),
                             [add_info, _help_part(help_message)])
        text = self._ask(prompt, help_message)
        result = _parse(float, text, default_value)
        if result is not default_value and not math.isfinite(result):
            result = default_value
        if valid_list is not None and result not in valid_list:
            result = default_value
        print_text(str(result))
        return result

    def input_int(self, s: str, default_value, valid_range: Optional[Sequence[int]] = None,
                  valid_list: Optional[Sequence[int]] = None, add_info: Optional[str] = None,
                  show_default_value: bool = True, help_message: Optional[str] = None):
        """Ask for an int.

        :param valid_range: (low, high): an answer outside is clipped, the default is not.
        :param valid_list: an answer not in it gives the default, like one that is no int.
        """
        range_part = None if valid_range is None else '%s-%s' % (valid_range[0], valid_range[-1])
        shown = str(default_value) if show_default_value else None
        prompt = make_prompt(s, shown, [range_part, add_info, _help_part(help_message)])
        text = self._ask(prompt, help_message)
        result = _parse(int, text, default_value)
        if result is not default_value:
            if valid_range is not None:
                result = int(min(max(result, valid_range[0]), valid_range[-1]))
            if valid_list is not None and result not in valid_list:
                result = default_value
        print_text(str(result))
        return result

    def input_bool(self, s: str, default_value: bool, help_message: Optional[str] = None) -> bool:
        """Ask y/n (1/0 are understood). Anything else: the default, which is echoed."""
        prompt = make_prompt(s, yn_str[bool(default_value)], ['y/n', _help_part(help_message)])
        text = self._ask(prompt, help_message).strip().lower()
        if text in YES_WORDS:
            return True
        if text in NO_WORDS:
            return False
        print_text(yn_str[bool(default_value)])
        return default_value

    def input_str(self, s: str, default_value: Optional[str] = None,
                  valid_list: Optional[Sequence[str]] = None, show_default_value: bool = True,
                  help_message: Optional[str] = None) -> Optional[str]:
        """Ask for a text; empty gives the default.

        :param valid_list: the answer in lower case, or as typed, must be in it; else the question
            comes again.
        """
        choices = None if valid_list is None else '/'.join(str(choice) for choice in valid_list)
        prompt = make_prompt(s, _shown_default(default_value, show_default_value),
                             [choices, _help_part(help_message)])
        while True:
            text = self._ask(prompt, help_message)
            if len(text) == 0:
                result = default_value
            elif valid_list is None:
                result = text
            else:
                # `echo wf | ...` in a batch file sends a trailing space.
                text = text.strip()
                if text.lower() in valid_list:
                    result = text.lower()
                elif text in valid_list:
                    result = text
                else:
                    continue
            print_text('' if result is None else str(result))
            return result

    def _ask(self, prompt: str, help_message: Optional[str]) -> str:
        """One line that is no request for help."""
        while True:
            text = self.input(prompt)
            if not help_message or text.strip() != HELP_KEY:
                return text
            print_text(help_message)

    def input_in_time(self, str: str, max_time_sec: float) -> bool:
        """Show `str` and wait for Enter: True if a line came in time, False at the end of stdin."""
        if get_setting(UNATTENDED):
            print_text(str)
            return False
        return wait_line(str, max_time_sec)

    def input_skip_pending(self) -> None:
        """Forget what was typed ahead on a terminal; piped answers are kept."""
        discard_pending()


def _help_part(help_message: Optional[str]) -> Optional[str]:
    return '?:help' if help_message else None


def _shown_default(default_value, show_default_value: bool) -> Optional[str]:
    return None if default_value is None or not show_default_value else str(default_value)


def _parse(kind, text: str, default_value):
    """`kind(text)`, or the default object itself for text that is empty or no such number."""
    try:
        return kind(text)
    except (ValueError, OverflowError):
        return default_value
