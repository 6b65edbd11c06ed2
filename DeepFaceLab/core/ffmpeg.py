"""Which ffmpeg program to call, and calling it."""
import shutil
import subprocess
from pathlib import Path
from typing import List, Sequence

from core.errors import UserError


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


def run_ffmpeg(arguments: Sequence[str]) -> None:
    """Run ffmpeg quietly; its message becomes a UserError when it fails."""
    command: List[str] = [find_ffmpeg(), "-hide_banner", "-loglevel", "error", "-y"]
    command += list(arguments)
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    if done.returncode != 0:
        message = done.stdout.decode("utf-8", "replace").strip()
        raise UserError("ffmpeg failed ({}): {}".format(done.returncode, message[-2000:]),
                        ["Command: " + " ".join(command)])


def encode_frames(frames: Path, pattern: str, video: Path, fps: int) -> None:
    """Make an H.264 mp4 of numbered frames, for example `%05d.png` from 1 on.

    The video is whole or not there.
    """
    unfinished = video.with_name(video.stem + ".unfinished" + video.suffix)
    try:
        run_ffmpeg(["-framerate", str(fps), "-start_number", "1", "-i", str(frames / pattern),
                    "-c:v", "libx264", "-crf", "16", "-pix_fmt", "yuv420p", str(unfinished)])
        unfinished.replace(video)
    finally:
        if unfinished.exists():
            unfinished.unlink()
