"""What became of the frames of a merge."""
from typing import Any, Dict

from core.interact import interact as io

from .frame_worker import COPIED, MERGED

SHOWN_FAILURES = 50     # of the list at the end


class MergeReport:
    """Counts frames by their outcome, and the time of their stages.

    :ivar kept: frames whose outputs of an interrupted merge stay.
    :ivar failed: {name of the frame: reason}; one that is merged later leaves it.
    :ivar seconds: {stage: sum over the merged frames}.
    """

    def __init__(self) -> None:
        self.counts = {MERGED: 0, COPIED: 0}
        self.kept = 0
        self.failed: Dict[str, str] = {}
        self.seconds: Dict[str, float] = {}

    def add(self, name: str, outcome: Any) -> None:
        """A frame that was merged or had no face."""
        self.failed.pop(name, None)
        self.counts[outcome.kind] += 1
        for stage, seconds in outcome.seconds.items():
            self.seconds[stage] = self.seconds.get(stage, 0.0) + seconds

    def add_failed(self, name: str, reason: str) -> None:
        io.log_err('%s: %s' % (name, reason))
        self.failed[name] = reason

    def tell(self) -> None:
        """The counts, the failed frames by name, milliseconds of each stage."""
        merged = self.counts[MERGED]
        io.log_info('%d frames merged, %d copied without a face, %d kept, %d failed.' % (
            merged, self.counts[COPIED], self.kept, len(self.failed)))
        for name in sorted(self.failed)[:SHOWN_FAILURES]:
            io.log_info('  %s: %s' % (name, self.failed[name]))
        if len(self.failed) > SHOWN_FAILURES:
            io.log_info('  and %d more' % (len(self.failed) - SHOWN_FAILURES))
        if merged:
            io.log_info('Of each merged frame: ' + ', '.join(
                '%s %.0f ms' % (stage, seconds / merged * 1000)
                for stage, seconds in sorted(self.seconds.items())))

    def get_result(self) -> Dict[str, Any]:
        return {'merged': self.counts[MERGED], 'copied': self.counts[COPIED], 'kept': self.kept,
                'failed': dict(self.failed), 'seconds': dict(self.seconds)}
