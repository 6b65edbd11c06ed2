"""What ffmpeg is told for each step of VideoEd: argument lists, nothing run (spec 41 section 12).

The order of the arguments is the one of the calls in circulation.
"""
from pathlib import Path
from typing import List, Optional, Sequence

from core.ffmpeg import escape_pattern

_PLAYABLE = ["-pix_fmt", "yuv420p"]     # players and phones show no other layout of H.264


def extract_frames(video: Path, folder: Path, ext: str, fps: int) -> List[str]:
    """Frames `%5d.<ext>` from 00001; fps 0: all of them."""
    arguments = ["-i", str(video), "-pix_fmt", "rgb24"]
    if ext == "jpg":
        arguments += ["-q:v", "2"]
    if fps != 0:
        arguments += ["-r", str(fps)]
    return arguments + ["{}/%5d.{}".format(escape_pattern(folder), ext)]


def cut_piece(video: Path, output: Path, from_time: str, to_time: str, audio_track_id: int,
              bitrate: int) -> List[str]:
    """The video between two times with one of its audio tracks, if it has that."""
    return ["-ss", from_time, "-to", to_time, "-i", str(video),
            "-map", "0:v:0", "-map", "0:a:{}?".format(audio_track_id),
            "-b:v", "{}M".format(bitrate), "-c:v", "libx264"] + _PLAYABLE + [str(output), "-y"]


def denoise_frames(source: Path, target: Path, suffix: str, factor: int) -> List[str]:
    """Frames `%6d<suffix>` of one folder through hqdn3d into another."""
    arguments = ["-i", "{}/%6d{}".format(escape_pattern(source), suffix),
                 "-filter_complex", "[0]hqdn3d={0}:{0}:5:5[s0]".format(factor), "-map", "[s0]"]
    if suffix in (".jpg", ".jpeg"):
        arguments += ["-q:v", "2"]
    return arguments + ["{}/%6d{}".format(escape_pattern(target), suffix)]


def encode_pipe(output: Path, frame_rate: str, bitrate: Optional[int], sound: Optional[Path] = None,
                audio_index: Optional[int] = None, is_jpeg: bool = False,
                crop_to_even: bool = False, metadata: Sequence[str] = ()) -> List[str]:
    """A video of the pictures that come through the pipe.

    bitrate: megabits a second, None encodes without loss. sound, audio_index: file and stream.
    is_jpeg: the pictures are, which ffmpeg does not notice by itself when they are few and small.
    crop_to_even: leave out the last row or column of an odd size, which 4:2:0 cannot hold.
    """
    has_sound = sound is not None and audio_index is not None
    is_webm = output.suffix.lower() == ".webm"      # takes neither H.264 nor AAC
    arguments = ["-f", "image2pipe", "-r", frame_rate]
    arguments += (["-c:v", "mjpeg"] if is_jpeg else []) + ["-i", "pipe:"]
    if has_sound:
        arguments += ["-i", str(sound), "-map", "0", "-map", "1:{}".format(audio_index),
                      "-ar", "48000", "-b:a", "192k"]
    if bitrate is not None:
        arguments += ["-b:v", "{}M".format(bitrate)]
    if has_sound:
        arguments += ["-c:a", "libopus" if is_webm else "aac"]
    arguments += ["-c:v", "libvpx-vp9" if is_webm else "libx264"]
    if bitrate is None:
        arguments += ["-lossless", "1"] if is_webm else ["-crf", "0"]
    arguments += _PLAYABLE
    if has_sound:
        arguments += ["-strict", "experimental"]
    if crop_to_even:
        arguments += ["-vf", "crop=trunc(iw/2)*2:trunc(ih/2)*2"]
    return arguments + list(metadata) + [str(output), "-y"]
