"""mainscripts/video_arguments.py: the calls of spec table 41, word for word."""
import json
from pathlib import Path

import pytest

from mainscripts import video_arguments

CALLS = json.loads((Path(__file__).parent / "golden" / "videoed" / "calls.json").read_text())
DIR = Path("DIR")
VIDEO = DIR / "data_src.mp4"

CASES = {
    "extract png fps0": lambda: video_arguments.extract_frames(VIDEO, DIR / "out", "png", 0),
    "extract jpg fps5": lambda: video_arguments.extract_frames(VIDEO, DIR / "out", "jpg", 5),
    "extract prompts": lambda: video_arguments.extract_frames(VIDEO, DIR / "out", "png", 0),
    "cut": lambda: video_arguments.cut_piece(VIDEO, DIR / "data_src_cut.mp4", "00:00:01.000",
                                             "00:00:02.500", 1, 8),
    "cut prompts": lambda: video_arguments.cut_piece(VIDEO, DIR / "data_src_cut.mp4",
                                                     "00:00:00.000", "00:00:00.000", 0, 25),
    "denoise png factor kw": lambda: video_arguments.denoise_frames(DIR / "seq", DIR / "seq",
                                                                    ".png", 7),
    "denoise jpg prompts": lambda: video_arguments.denoise_frames(DIR / "jpg", DIR / "jpg",
                                                                  ".jpg", 7),
    "denoise as called by CLI with --factor 3": lambda: video_arguments.denoise_frames(
        DIR / "seq", DIR / "seq", ".png", 7),
    "vfs lossy noaudio fps": lambda: video_arguments.encode_pipe(DIR / "r.mp4", "25", 16),
    "vfs lossy ref audio": lambda: video_arguments.encode_pipe(DIR / "r.mp4", "30000/1001", 16,
                                                               VIDEO, 1),
    "vfs lossless ref audio": lambda: video_arguments.encode_pipe(DIR / "r.mov", "30000/1001",
                                                                  None, VIDEO, 1),
    "vfs prompts": lambda: video_arguments.encode_pipe(DIR / "r.mp4", "25", 16),
}


def test_every_call_of_the_table_has_its_case():
    encoding = {call["case"] for call in CALLS["calls"] if call["how"] != "probe"}
    assert encoding == set(CASES)


@pytest.mark.parametrize("call", [call for call in CALLS["calls"] if call["how"] != "probe"],
                         ids=lambda call: call["case"])
def test_call(call):
    # ffmpeg takes a path with either slash
    ours = [word.replace("\\", "/") for word in CASES[call["case"]]()]
    assert ["ffmpeg"] + ours == call["argv"]


def test_reference_without_sound_is_no_input():
    assert video_arguments.encode_pipe(DIR / "r.mp4", "25", 16, VIDEO, None) == \
        video_arguments.encode_pipe(DIR / "r.mp4", "25", 16)


@pytest.mark.parametrize("suffix, is_jpeg", [(".jpg", True), (".jpeg", True), (".png", False)])
def test_denoised_jpegs_keep_their_quality_under_both_suffixes(suffix, is_jpeg):
    words = video_arguments.denoise_frames(DIR / "in", DIR / "out", suffix, 7)
    assert (words[-3:-1] == ["-q:v", "2"]) is is_jpeg


def test_metadata_stands_with_the_output():
    words = video_arguments.encode_pipe(DIR / "r.mp4", "25", 16, metadata=["-metadata", "a=b"])
    assert words[-4:] == ["-metadata", "a=b", str(DIR / "r.mp4"), "-y"]


def test_bit_rates_are_asked_in_the_unit_that_ffmpeg_takes():
    """`16M` is 16 million bits a second, an eighth of as many bytes."""
    from mainscripts import VideoEd

    assert "16M" in video_arguments.encode_pipe(DIR / "r.mp4", "25", 16)
    assert [option.prompt for option in (VideoEd.BITRATE, VideoEd.CUT_BITRATE)] == [
        "Megabits per second"] * 2
