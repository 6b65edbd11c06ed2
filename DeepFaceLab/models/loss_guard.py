"""What the losses of a training tell: numbers that are not finite, and sudden jumps.

Only looks at the losses that the model reports; the graph knows nothing of it.
"""
import math
from collections import deque
from typing import Deque, Dict, List, Optional, Sequence

import numpy as np

from core.errors import UserError
from core.options import Option

from .common_options import LOSS_JUMP_FACTOR, NON_FINITE_LIMIT, get_trainer_option

WINDOW = 100        # iterations whose median a loss is compared with
MIN_WINDOW = 20     # before that there is nothing to compare with; as many calm ones end a jump


def make_collapse_error(what: str, model_name: str) -> UserError:
    """A run that cannot go on because numbers are not finite, with what can be done."""
    return UserError(what + ' The files keep the last good save.', [
        'start again with --restore-last-good',
        'switch on gradient clipping (--set clipgrad=y)',
        'lower the batch size or the powers of GAN, style and true face',
        'go back to a backup in %s_autobackups' % model_name])


class LossGuard:
    """Watches one run; `check` is called with the losses of every iteration.

    Nothing is taken over from an earlier run: its options may have been others.
    """

    def __init__(self) -> None:
        self.limit = get_trainer_option(NON_FINITE_LIMIT)
        self.factor = get_trainer_option(LOSS_JUMP_FACTOR)
        self.bad_names: List[str] = []  # losses of the last iteration that are not finite
        self.bad_iters = 0              # iterations in a row with such a loss
        self._recent: Dict[str, Deque[float]] = {}
        self._calm: Dict[str, Optional[int]] = {}   # of a loss that jumped: calm iterations since

    @property
    def is_finite(self) -> bool:
        """Whether all losses of the last iteration were finite."""
        return not self.bad_names

    def check(self, iteration: int, names: Sequence[str], values: Sequence[float]) -> List[str]:
        """Look at the losses of iteration number `iteration`; returns what is to be reported.

        A loss that is not finite is reported when it comes and, when all are finite again, once
        more with the number of iterations that it took. A jump is reported once: the next report
        of the same loss needs 20 iterations back at the level of before.
        """
        notices = self._check_finite(iteration, names, values)
        for name, value in zip(names, values):
            if math.isfinite(value):
                notices += self._check_jump(iteration, name, value)
        return notices

    def get_error(self, model_name: str) -> Optional[UserError]:
        """The end of a training whose losses were not finite for too long; None while it may
        go on."""
        if self.bad_iters < self.limit:
            return None
        return make_collapse_error(
            '%s was not a finite number for %d iterations: the model has collapsed.' % (
                ', '.join(self.bad_names), self.bad_iters), model_name)

    def _check_finite(self, iteration: int, names: Sequence[str],
                      values: Sequence[float]) -> List[str]:
        bad = ['%s (%s)' % (name, value) for name, value in zip(names, values)
               if not math.isfinite(value)]
        was_bad, self.bad_iters = self.bad_iters, self.bad_iters + 1 if bad else 0
        self.bad_names = [text.rsplit(' ', 1)[0] for text in bad]
        if bad and not was_bad:
            return ['Iteration %d: %s is not a finite number. Nothing is saved until it is; '
                    'training ends after %d such iterations in a row (%s).' % (
                        iteration, ', '.join(bad), self.limit, name_option(NON_FINITE_LIMIT))]
        if was_bad and not bad:
            return ['Iteration %d: all losses are finite again, after %d iterations.' % (
                iteration, was_bad)]
        return []

    def _check_jump(self, iteration: int, name: str, value: float) -> List[str]:
        recent = self._recent.setdefault(name, deque(maxlen=WINDOW))
        if self.factor == 0 or len(recent) < MIN_WINDOW:
            recent.append(value)
            return []
        usual = float(np.median(recent))
        calm = self._calm.get(name)
        if usual > 0 and value > self.factor * usual:   # a loss of a few is not the usual level
            self._calm[name] = 0
            if calm is not None:
                return []
            return ['Iteration %d: %s jumped to %.4f, the median of the last %d iterations is '
                    '%.4f. If it does not come down by itself, stop without saving (Ctrl+C three '
                    'times) and start again with --restore-last-good; --set clipgrad=y makes '
                    'such jumps less likely.' % (iteration, name, value, len(recent), usual)]
        recent.append(value)
        if calm is not None:
            self._calm[name] = None if calm + 1 >= MIN_WINDOW else calm + 1
        return []


def name_option(option: Option) -> str:
    return '--set %s=...' % option.key
