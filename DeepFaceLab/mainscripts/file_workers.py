"""The same function for many files, in worker processes where that is worth their start."""
import multiprocessing
from pathlib import Path
from typing import Any, Callable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from core.errors import UnwritableFileError, UserError
from core.interact import interact as io
from core.joblib import Subprocessor

MAX_PROCESSES = 8
_MESSAGES_PER_PROCESS = 8   # at least, so that all end at about the same time
_MAX_NAMED = 20             # files of no use are named in the log, more are counted


class FileFailure(NamedTuple):
    """In place of a result: why a file could not be processed, a sentence that names it; and
    whether the file was fine and its result could not be written."""

    reason: str
    is_unwritable: bool = False


def map_files(name: str, function: Callable[[Path, Any], Any], paths: Sequence[Path],
              argument: Any = None, files_per_process: int = 512,
              seconds_per_file: float = 60) -> List[Any]:
    """[function(path, argument)] in the order of `paths`, with a progress bar.

    Arguments:
        name: what the bar and the workers are called.
        function: of a module; picklable by name. What it raises for a file becomes a FileFailure,
            which is logged: one bad file does not stop the others.
        files_per_process: how many files are worth a process.
    """
    count = min(multiprocessing.cpu_count(), MAX_PROCESSES, len(paths) // files_per_process)
    if count > 1:
        results = FileMapSubprocessor(name, function, paths, argument, count,
                                      seconds_per_file).run()
    else:
        results = [call_for_file(function, path, argument)
                   for path in io.progress_bar_generator(paths, name)]
    report_failures(results)
    return results


def call_for_file(function: Callable[[Path, Any], Any], path: Path, argument: Any) -> Any:
    """function(path, argument), or the FileFailure that its exception becomes."""
    try:
        return function(path, argument)
    except UserError as error:
        return FileFailure(error.what, isinstance(error, UnwritableFileError))
    except Exception as error:  # noqa: BLE001 one bad file must not stop the others
        return FileFailure("{}: {}: {}".format(path, type(error).__name__, error))


def report_failures(results: Sequence[Any]) -> int:
    """Name the files that failed in the log; their number."""
    failures = [result for result in results if isinstance(result, FileFailure)]
    for failure in failures[:_MAX_NAMED]:
        io.log_err(failure.reason)
    if len(failures) > _MAX_NAMED:
        io.log_err("And {} more.".format(len(failures) - _MAX_NAMED))
    return len(failures)


def check_written(results: Sequence[Any], state: str = "those that are written stay") -> None:
    """UserError if results could not be written; state: a sentence on what is left."""
    unwritten = [result for result in results
                 if isinstance(result, FileFailure) and result.is_unwritable]
    if unwritten:
        raise UserError("{} of {} results could not be written: {}".format(
            len(unwritten), len(results), unwritten[0].reason), [
                "free some disk space, or check that the folder may be written to",
                "then start again: {}".format(state)])


class FileMapSubprocessor(Subprocessor):
    """`map_files` with `count` processes; `run()` returns the results in the order of `paths`."""

    def __init__(self, name: str, function: Callable[[Path, Any], Any], paths: Sequence[Path],
                 argument: Any, count: int, seconds_per_file: float) -> None:
        per_message = max(1, min(16, len(paths) // (count * _MESSAGES_PER_PROCESS)))
        super().__init__(name, FileMapSubprocessor.Cli,
                         no_response_time_sec=seconds_per_file * per_message)
        self.function = function
        self.argument = argument
        self.paths = list(paths)
        self.count = count
        self.results: List[Any] = [None] * len(self.paths)
        items = list(enumerate(self.paths))
        self.pending = [items[first:first + per_message]
                        for first in range(0, len(items), per_message)][::-1]

    def process_info_generator(self) -> Iterator[Tuple[str, dict, dict]]:
        for number in range(self.count):
            yield "CPU%d" % number, {}, {"function": self.function, "argument": self.argument}

    def on_clients_initialized(self) -> None:
        io.progress_bar(self.name, len(self.paths))

    def on_clients_finalized(self) -> None:
        io.progress_bar_close()

    def get_data(self, host_dict: dict) -> Optional[List[Tuple[int, Path]]]:
        return self.pending.pop() if self.pending else None

    def on_data_return(self, host_dict: dict, data) -> None:
        """One file of several may be to blame: they are tried one by one."""
        self.pending += [data] if len(data) == 1 else [[item] for item in reversed(data)]

    def on_data_failed(self, host_dict: dict, data) -> None:
        for index, path in data:
            self.results[index] = FileFailure(
                "{} is left out: the process that worked on it failed.".format(path))

    def on_result(self, host_dict: dict, data, result) -> None:
        for index, value in result:
            self.results[index] = value
        io.progress_bar_inc(len(result))

    def get_result(self) -> List[Any]:
        return self.results

    class Cli(Subprocessor.Cli):
        def on_initialize(self, client_dict: dict) -> None:
            import cv2
            cv2.setNumThreads(1)    # the processes share the cores
            self.function = client_dict["function"]
            self.argument = client_dict["argument"]

        def process_data(self, data):
            return [(index, call_for_file(self.function, path, self.argument))
                    for index, path in data]

        def get_data_name(self, data) -> str:
            return str(data[0][1])
