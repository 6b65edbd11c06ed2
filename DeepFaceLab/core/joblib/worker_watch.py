"""Patience with a worker that owes a message: a computing one is told from one that stands still.

The worker answers on its lifeline how much CPU time it has used (a thread of its own does, also
while it computes). One that uses none is named after seconds and ended after its limit; one that
computes gets ten times as long. On the same pipe come the texts that `tell_parent` sends.
"""
import re
import time
from typing import Dict, Set

from core.interact import interact as io

from .worker_error import describe_process_state

CHECK_INTERVAL = 0.5  # s between two looks at a worker that owes something
SILENCE_NOTICE = 4.0  # s without a sign before an idle worker is named
NOTICE_INTERVAL = 10.0  # s between two lines about a worker that computes or is still idle
BUSY_SHARE = 0.02  # of one core: a worker that uses less stands still
BUSY_PATIENCE = 10  # times the limit for a worker that computes
PAUSE = 5.0  # s between two looks: this process itself was stopped, or the computer slept

MAX_TOLD = 200  # different texts of workers that are printed, of each kind

# First word -> texts: however many faces have changed, one that cannot be read is named.
_told: Dict[str, Set[str]] = {}


def print_once(text: str) -> None:
    """Print what a worker tells; several workers meet the same bad file."""
    told = _told.setdefault(re.match(r"\w*", text).group(), set())
    if text in told or len(told) > MAX_TOLD:
        return
    told.add(text)
    io.log_err(text)
    if len(told) > MAX_TOLD:
        io.log_err("Further messages of this kind are not shown.")


class WorkerWatch:
    """Watches one `WorkerProcess`; whoever waits for it calls `check` again and again."""

    def __init__(self, worker) -> None:
        self._worker = worker
        self._last_use = None  # (clock of the worker, its CPU seconds) as it answered last
        self._is_asked = False
        self._looked_at = 0.0
        self.begin("message", 0)

    def begin(self, purpose: str, limit: float) -> None:
        """From now on the worker owes a message.

        :param purpose: what the message is called.
        :param limit: seconds after which a worker that uses no CPU time is ended; one that
            computes gets 10 times as long. 0 = never.
        """
        self._purpose = purpose
        self._limit = limit
        self.interval = min(CHECK_INTERVAL, limit / 8) if limit else CHECK_INTERVAL
        self._owed_since = self._active_at = self._checked_at = time.monotonic()
        self._notice_at = 0.0

    def wait(self) -> None:
        """Return when a message can be received. Errors: see `check`."""
        while not self._worker.conn.poll(self.interval):
            self.check()

    def check(self, is_waited_for: bool = True) -> None:
        """Look at the worker without waiting; to be called as often as one likes.

        :param is_waited_for: also say so of a worker that computes long.
        :raises WorkerError: it has died, or stalled and was ended.
        """
        worker, now = self._worker, time.monotonic()
        if now - self._looked_at < self.interval / 2:
            return
        self._looked_at = now
        self._read_lifeline(now)
        # What a killed worker had computed ahead is given up: its end is told now and not when
        # the last of it is used. One that ends by itself may have sent the reason.
        if not worker.is_alive() and (worker.was_killed() or not worker.has_message()):
            raise worker.make_death_error()
        if worker.has_message():
            self._owed_since = self._active_at = self._checked_at = now
            return
        if now - self._checked_at > PAUSE:
            self._owed_since += now - self._checked_at
            self._active_at = now
        self._checked_at = now
        self._ask()
        idle, waited = now - self._active_at, now - self._owed_since
        if self._limit and (idle >= self._limit or waited >= self._limit * BUSY_PATIENCE):
            raise worker.make_stall_error(waited, self._purpose)
        if now >= self._notice_at:
            self._give_notice(now, idle, waited, is_waited_for)

    def _give_notice(self, now: float, idle: float, waited: float, is_waited_for: bool) -> None:
        if idle >= SILENCE_NOTICE:
            end = " It is ended after %d s." % self._limit if self._limit else ""
            sign = "has given no sign yet" if self._last_use is None else "uses no processor time"
            io.log_info("%s has not delivered its %s for %d s and %s%s.%s"
                        % (self._worker.describe(), self._purpose, waited, sign,
                           describe_process_state(self._worker.process.pid), end))
        elif is_waited_for and waited >= NOTICE_INTERVAL:
            io.log_info("Still waiting for %s from %s, which computes: %d s."
                        % (self._purpose, self._worker.describe(), waited))
        else:
            return
        self._notice_at = now + NOTICE_INTERVAL

    def _ask(self) -> None:
        if not self._is_asked:
            self._is_asked = self._worker.ask_cpu_use()

    def _read_lifeline(self, now: float) -> None:
        """Print what the worker tells, and see from its answer whether it computes."""
        for message in self._worker.read_lifeline():
            if isinstance(message, str):
                print_once(message)
                continue
            self._is_asked = False
            previous, self._last_use = self._last_use, message
            if previous is None or (message[1] - previous[1]
                                    >= BUSY_SHARE * (message[0] - previous[0])):
                self._active_at = now
