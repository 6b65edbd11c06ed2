"""Which ffmpeg program to call, and calling it."""
import errno
import shutil
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, Callable, Iterable, Iterator, List, Optional, Sequence

from core import persist
from core.errors import UserError

_QUIET = ["-hide_banner", "-loglevel", "error", "-nostats", "-y"]
_STRICT = ["-xerror"]   # stop at what cannot be decoded
_MESSAGE_LENGTH = 2000  # of ffmpeg's last words; a damaged video has thousands of lines
# What in its message tells a remedy.
_REMEDIES = (
    (("No space left", "Read-only file system", "Permission denied"),
     "free some disk space, or check that the folder may be written to"),
    (("Unable to choose an output format", "Unable to find a suitable output format"),
     "end the name of the video in .mp4, .mov, .avi, .mkv or .webm"))


def find_ffmpeg() -> str:
    """Path of an ffmpeg: the system's, else the one that the package imageio-ffmpeg brings.

    Raises UserError when there is none.
    """
    found = shutil.which("ffmpeg")
    if found is not None:
        return found
    try:
        import imageio_ffmpeg
        return imageio_ffmpeg.get_ffmpeg_exe()
    except (ImportError, RuntimeError) as error:
        raise UserError("There is no ffmpeg, which reads and writes videos ({}).".format(error),
                        ["pip install imageio-ffmpeg",
                         "or install ffmpeg, so that its folder is on PATH"]) from error


def run_ffmpeg(arguments: Sequence[str], on_frame: Optional[Callable[[int], None]] = None,
               is_strict: bool = False) -> None:
    """Run ffmpeg quietly; its message becomes a UserError when it fails.

    on_frame: called now and then with the number of frames done so far. is_strict: damaged
    pictures are a failure, too; otherwise ffmpeg makes the best of them.
    """
    words = (_STRICT if is_strict else []) + ["-progress", "pipe:1"] + list(arguments)
    with _start(words, subprocess.DEVNULL) as process:
        for line in process.stdout:
            key, _, value = line.strip().partition(b"=")
            if key == b"frame" and on_frame is not None and value.isdigit():
                on_frame(int(value))


def feed_ffmpeg(arguments: Sequence[str], parts: Iterable[bytes], is_strict: bool = False) -> None:
    """Run ffmpeg with `parts` as its standard input; `is_strict` and errors as `run_ffmpeg`."""
    with _start((_STRICT if is_strict else []) + list(arguments), subprocess.PIPE) as process:
        for part in parts:
            if not _hand_over(process.stdin.write, part):
                break       # it has ended: its exit code and message say why
        _hand_over(process.stdin.close)


@contextmanager
def _start(arguments: List[str], stdin: int) -> Iterator[subprocess.Popen]:
    """A running ffmpeg; leaving waits for it, leaving by an exception ends it."""
    command = [find_ffmpeg()] + _QUIET + arguments
    # Messages go to a file: nobody reads a pipe while frames are fed.
    with tempfile.TemporaryFile() as messages:
        process = subprocess.Popen(command, stdin=stdin, stdout=subprocess.PIPE, stderr=messages)
        try:
            yield process
            code = process.wait()
        except BaseException:
            process.kill()
            raise
        finally:
            _close(process)
        if code != 0:
            message = _read_end(messages)
            raise UserError("ffmpeg failed ({}): {}".format(code, message),
                            [remedy for words, remedy in _REMEDIES
                             if any(word in message for word in words)]
                            + ["Command: " + " ".join(command)])


def _hand_over(call: Callable[..., Any], *arguments: Any) -> bool:
    """Write to a pipe or close it; False when what is still buffered has no reader any more."""
    try:
        call(*arguments)
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.EINVAL):      # Windows: EINVAL
            raise
        return False
    return True


def _close(process: subprocess.Popen) -> None:
    process.stdout.close()
    if process.stdin is not None:
        _hand_over(process.stdin.close)
    process.wait()


def _read_end(messages: IO[bytes]) -> str:
    messages.seek(0)
    return messages.read().decode("utf-8", "replace").strip()[-_MESSAGE_LENGTH:]


@contextmanager
def write_whole(video: Path) -> Iterator[Path]:
    """The name to encode into, beside `video`, with its suffix; becomes `video` at the end.

    An exception removes what was written, and an old `video` stays. UserError when another
    program holds that; the new one then keeps its first name.
    """
    unfinished = video.with_name(video.stem + ".unfinished" + video.suffix)
    try:
        yield unfinished
    except BaseException:
        with suppress(UserError):       # what led here is what the user has to see
            persist.remove_file(unfinished)
        raise
    persist.replace_file(unfinished, video)


def escape_pattern(folder: Path) -> str:
    """A folder's name as it has to stand in front of a numbered pattern like `%05d.png`."""
    return str(folder).replace("%", "%%")


def encode_frames(frames: Path, pattern: str, video: Path, fps: int) -> None:
    """Make an H.264 mp4 of numbered frames, for example `%05d.png` from 1 on.

    The video is whole or not there.
    """
    with write_whole(video) as unfinished:
        run_ffmpeg(["-framerate", str(fps), "-start_number", "1", "-i",
                    "{}/{}".format(escape_pattern(frames), pattern),
                    "-c:v", "libx264", "-crf", "16", "-pix_fmt", "yuv420p", str(unfinished)])
