"""What is in a video file: its streams, frame rate, length.

ffprobe says it exactly; where only ffmpeg is there (imageio-ffmpeg brings no ffprobe) its
description for people is read.
"""
import json
import re
import shutil
import subprocess
from fractions import Fraction
from pathlib import Path
from typing import Any, Dict, NamedTuple, Optional

from core.errors import UserError
from core.ffmpeg import find_ffmpeg

_STREAM = re.compile(r"^\s*Stream #0:(\d+).*?: (Video|Audio): (.*)$", re.MULTILINE)
_RATE = re.compile(r"([\d.]+)(k?) (tbr|fps)\b")
_DURATION = re.compile(r"^\s*Duration: (\d+):(\d\d):(\d\d(?:\.\d+)?)", re.MULTILINE)
_TOLERANCE = 0.006  # rates are shown with two digits


class VideoInfo(NamedTuple):
    """frame_rate: of the first video stream, as ffmpeg takes it ("25/1", "30000/1001"), None
    without one; audio_index: index of the first audio stream in the file, None without one;
    seconds: length, 0 where the file does not say."""

    frame_rate: Optional[str]
    audio_index: Optional[int]
    seconds: float

    def estimate_frames(self, fps: float = 0, seconds: Optional[float] = None) -> Optional[int]:
        """How many frames come out at `fps` (0: the video's own rate), None when unknown."""
        rate = fps or (Fraction(self.frame_rate) if self.frame_rate else 0)
        frames = int(round(float(rate) * (self.seconds if seconds is None else seconds)))
        return frames if frames > 0 else None


def probe_video(path: Path) -> VideoInfo:
    """UserError for a file that is missing or no video or sound file."""
    if not path.is_file():
        raise UserError("There is no video {}.".format(path))
    ffprobe = shutil.which("ffprobe")
    if ffprobe is not None:
        return _read_probe(_run([ffprobe, "-show_format", "-show_streams", "-of", "json",
                                 str(path)], path))
    return _read_description(_run([find_ffmpeg(), "-hide_banner", "-i", str(path)], path,
                                  has_output=False))


def _run(command, path: Path, has_output: bool = True) -> str:
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE)
    messages = done.stderr.decode("utf-8", "replace")
    if has_output and done.returncode == 0:
        return done.stdout.decode("utf-8", "replace")
    # ffmpeg without an output ends with an error in any case; the description comes before it.
    if not has_output and "Input #0" in messages:
        return messages
    raise UserError("{} cannot be read as a video: {}".format(path, messages.strip()[-500:]),
                    ["check that it plays", "convert it to mp4"])


def _read_probe(text: str) -> VideoInfo:
    found: Dict[str, Any] = json.loads(text)
    streams = found.get("streams", [])
    rates = [s.get("r_frame_rate") for s in streams if s.get("codec_type") == "video"]
    rates = [rate for rate in rates if rate and not rate.startswith("0/")]
    sounds = [s["index"] for s in streams if s.get("codec_type") == "audio"]
    duration = found.get("format", {}).get("duration", "0")
    return VideoInfo(rates[0] if rates else None, sounds[0] if sounds else None,
                     float(duration) if re.match(r"[\d.]+$", duration) else 0.0)


def _read_description(text: str) -> VideoInfo:
    rate, sound = None, None
    for index, kind, properties in _STREAM.findall(text):
        if kind == "Video" and rate is None:
            rates = {name: (number, kilo) for number, kilo, name in _RATE.findall(properties)}
            if rates:
                rate = find_exact_rate(*rates.get("tbr", rates.get("fps")))
        elif kind == "Audio" and sound is None:
            sound = int(index)
    match = _DURATION.search(text)
    seconds = 0.0
    if match:
        hours, minutes, rest = match.groups()
        seconds = int(hours) * 3600 + int(minutes) * 60 + float(rest)
    return VideoInfo(rate, sound, seconds)


def find_exact_rate(number: str, kilo: str = "") -> str:
    """"29.97" -> "30000/1001": the rate that is shown so, NTSC's or the number itself."""
    shown = Fraction(number) * (1000 if kilo else 1)
    ntsc = Fraction(int(round(shown * 1001 / 1000)) * 1000, 1001)
    exact = shown
    if shown.denominator != 1 and abs(float(ntsc - shown)) < _TOLERANCE:
        exact = ntsc
    return "{}/{}".format(exact.numerator, exact.denominator)
