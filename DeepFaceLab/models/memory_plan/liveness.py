"""A step played through without computing anything: which buffers live at once on each device.

Modelled on TensorFlow's executor. An op becomes ready with its last input. A thread goes on with
the cheap ops that its last op made ready, then with one of the others; the rest it leaves to
the pool, where it takes back the newest itself and idle threads take the oldest. An input is let
go when its reader has ended, so a reader's outputs and inputs live together, unless an output may
be written over an input that nobody else reads.
"""
import heapq
from collections import deque
from typing import Any, Deque, Dict, List, Optional, Sequence, Tuple

from . import kernels
from .graph_reading import Op

COPY = 'copy to another device'


class Buffer(object):
    """Memory of one device that outputs share; freed when `readers` is 0."""

    __slots__ = ('device', 'size', 'readers', 'is_kept')

    def __init__(self, device: str, size: int, is_kept: bool) -> None:
        self.device, self.size, self.readers, self.is_kept = device, size, 0, is_kept


def add_copies(ops: Sequence[Op]) -> List[Op]:
    """Ops with a copy for every tensor that is read on another device, one for each device."""
    rows: List[Op] = []
    place: List[int] = []
    copies: Dict[Tuple[int, int, str], int] = {}
    for op in ops:
        inputs = []
        for source, output in op.inputs:
            row = rows[place[source]]
            if row.device == op.device or row.sizes[output] <= 1024:    # shapes stay on the host
                inputs.append((place[source], output))
                continue
            key = (source, output, op.device)
            if key not in copies:
                copies[key] = len(rows)
                rows.append(Op(row.name + '/copy', COPY, op.device, [(place[source], output)], [],
                               [row.sizes[output]], [row.elements[output]], [row.types[output]],
                               0, 4.0, False, False))
            inputs.append((copies[key], 0))
        place.append(len(rows))
        rows.append(op._replace(inputs=inputs, waits=[place[x] for x in op.waits]))
    return rows


class Step(object):
    """One run of the ops with `threads` threads that start ops."""

    def __init__(self, ops: Sequence[Op], fetched: Sequence[str], threads: int) -> None:
        self.ops = add_copies(ops)
        self.threads = threads
        self.fetched = frozenset(fetched)
        self.readers: List[List[int]] = [[] for _ in self.ops]     # ops that wait for this one
        self.missing = [0] * len(self.ops)
        self.edges: List[Dict[int, int]] = [{} for _ in self.ops]  # output -> number of readers
        for number, op in enumerate(self.ops):
            sources = []
            for source, output in op.inputs:
                self.edges[source][output] = self.edges[source].get(output, 0) + 1
                sources.append(source)
            for source in dict.fromkeys(sources + op.waits):
                self.readers[source].append(number)
                self.missing[number] += 1
        self.buffers: Dict[Tuple[int, int], Buffer] = {}
        self.alive: Dict[str, int] = {}
        self.peak: Dict[str, int] = {}

    # ------------------------------------------------------------ memory

    def take(self, device: str, size: int) -> None:
        alive = self.alive[device] = self.alive.get(device, 0) + size
        if alive > self.peak.get(device, 0):
            self.peak[device] = alive

    def release(self, buffer: Buffer) -> None:
        buffer.readers -= 1
        if buffer.readers == 0 and not buffer.is_kept:
            self.alive[buffer.device] -= buffer.size

    def begin(self, number: int) -> None:
        """Allocate what the op puts out and what it works in."""
        op = self.ops[number]
        for output, size in enumerate(op.sizes):
            buffer = self.find_shared(op, output)
            if buffer is None:
                buffer = Buffer(op.device, size, op.is_kept)
                if not op.is_kept:
                    self.take(op.device, size)
            readers = self.edges[number].get(output, 0) + (op.name in self.fetched)
            buffer.readers += readers + 1       # 1: the running op itself, until it ends
            self.buffers[number, output] = buffer
        if op.workspace:
            self.take(op.device, op.workspace)

    def find_shared(self, op: Op, output: int) -> Optional[Buffer]:
        """The input's buffer that the output takes over, if any."""
        if op.type == kernels.IDENTITY_N:
            return self.buffers[op.inputs[output]]
        if op.type in kernels.SWITCHES:
            return self.buffers[op.inputs[0]]
        if op.type == kernels.MERGE and output == 0:
            return self.buffers[op.inputs[-1]]
        if output != 0 or not op.inputs:
            return None
        if op.is_alias:
            return self.buffers[op.inputs[0]]
        if op.type not in kernels.FORWARDED:
            return None
        allowed = kernels.FORWARDED[op.type]
        for index, (source, number) in enumerate(op.inputs):
            if allowed is not None and index not in allowed:
                continue
            buffer, row = self.buffers[source, number], self.ops[source]
            if (buffer.readers == 1 and not buffer.is_kept and row.types[number] == op.types[0]
                    and row.elements[number] == op.elements[0]):
                return buffer
        return None

    def end(self, number: int) -> List[int]:
        """Let go what the op read; the ops that are ready now."""
        op = self.ops[number]
        if op.workspace:
            self.alive[op.device] -= op.workspace
        for source in op.inputs:
            self.release(self.buffers[source])
        for output in range(len(op.sizes)):
            self.release(self.buffers[number, output])
        ready = []
        for reader in self.readers[number]:
            self.missing[reader] -= 1
            if self.missing[reader] == 0:
                ready.append(reader)
        return ready

    # ------------------------------------------------------------ order

    def is_cheap(self, number: int) -> bool:
        op = self.ops[number]
        return op.type in kernels.CHEAP or op.is_kept or not op.device.startswith('/CPU')

    def run(self) -> Dict[str, int]:
        """Peak bytes of each device, without what is kept."""
        pools: List[Deque[int]] = [deque() for _ in range(self.threads)]
        inline: List[Deque[int]] = [deque() for _ in range(self.threads)]
        roots = [number for number, missing in enumerate(self.missing) if missing == 0]
        for position, number in enumerate(roots):
            pools[position % self.threads].append(number)
        running: List[Tuple[float, int, int, int]] = []
        idle = set(range(self.threads))
        now, order, ended = 0.0, 0, 0
        while ended < len(self.ops):
            for thread in sorted(idle):
                number = self.take_next(thread, inline, pools)
                if number is None:
                    continue
                idle.discard(thread)
                self.begin(number)
                order += 1
                heapq.heappush(running, (now + self.ops[number].work, order, thread, number))
            now, _, thread, number = heapq.heappop(running)
            self.leave(self.end(number), inline[thread], pools[thread])
            idle.add(thread)
            ended += 1
        return dict(self.peak)

    @staticmethod
    def take_next(thread: int, inline: List[Any], pools: List[Any]) -> Optional[int]:
        if inline[thread]:
            return inline[thread].popleft()
        if pools[thread]:
            return pools[thread].popleft()
        for other in range(len(pools)):
            if pools[other]:
                return pools[other].pop()
        return None

    def leave(self, ready: List[int], inline: Deque[int], pool: Deque[int]) -> None:
        """What the thread of the op that just ended does with the ops that it made ready."""
        waiting = None
        for number in ready:
            if self.is_cheap(number):
                inline.append(number)
                continue
            if waiting is not None:
                pool.appendleft(waiting)
            waiting = number
        if waiting is not None:
            if inline:
                pool.appendleft(waiting)
            else:
                inline.append(waiting)


def find_peaks(ops: Sequence[Op], fetched: Sequence[str], threads: int = 2) -> Dict[str, int]:
    """{device: peak bytes of a step beyond what is kept}; fetched: names of fetched ops."""
    return Step(ops, fetched, threads).run()
