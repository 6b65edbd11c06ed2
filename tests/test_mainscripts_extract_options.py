"""mainscripts/extract_options.py: what is asked in which order, and what answers it."""
import extract_support as support
import pytest

from core import options
from core.errors import UserError
from core.interact import interact as io
from facelib import FaceType
from mainscripts import Extractor, extract_networks, extract_options
from mainscripts.extract_host import ExtractSubprocessor


@pytest.fixture
def asked(monkeypatch):
    """Questions and their defaults, in order; all take their default."""
    questions = []

    def answer(text, default=None, *args, **kwargs):
        questions.append((text, default))
        return default
    for name in ("input_bool", "input_int", "input_str", "input_number"):
        monkeypatch.setattr(io, name, answer)
    monkeypatch.setattr(options, "_sources", options.OptionSources(environ={}))
    monkeypatch.setattr(extract_networks, "check_files", lambda face_type: None)
    return questions


def run_without_work(monkeypatch, tmp_path, **arguments):
    """The settings of the pass that would run."""
    seen = []

    def run(host):
        seen.append(host)
        for frame in host.input_data:
            frame.faces_detected = 1
        return host.input_data
    monkeypatch.setattr(ExtractSubprocessor, "run", run)
    if not (tmp_path / "frames").exists():
        support.write_frames(tmp_path / "frames", 2)
    Extractor.main(input_path=tmp_path / "frames", output_path=tmp_path / "aligned",
                   **dict(dict(face_type=None, cpu_only=True), **arguments))
    return seen[0]


def test_order_and_defaults(asked, tmp_path, monkeypatch):
    host = run_without_work(monkeypatch, tmp_path)
    assert asked == [("Face type", "wf"), ("Max number of faces from image", 0),
                     ("Image size", 512), ("Jpeg quality", 90), ("Choose detector type.", 0),
                     ("Write debug images to aligned_debug?", False)]
    assert host.output[:3] == (FaceType.WHOLE_FACE, 512, 90)
    assert host.output.debug_folder is None and not host.output.is_gray


def test_heads_are_larger(asked, tmp_path, monkeypatch):
    host = run_without_work(monkeypatch, tmp_path, face_type="head")
    assert ("Image size", 768) in asked and host.output.image_size == 768


def test_command_line_then_answers_then_environment(asked, tmp_path, monkeypatch):
    monkeypatch.setattr(options, "_sources", options.OptionSources(
        flags=dict(extract_image_size="700", extract_detector="s3fd"),
        environ=dict(DFL_EXTRACT_IMAGE_SIZE="300", DFL_EXTRACT_JPEG_QUALITY="70",
                     DFL_EXTRACT_MAX_FACES="3", DFL_EXTRACT_FACE_TYPE="f", DFL_EXTRACT_DEBUG="y",
                     extract_to_bw="1")))
    host = run_without_work(monkeypatch, tmp_path, max_faces_from_image=2)
    assert not asked
    assert host.output == (FaceType.FULL, 700, 70, tmp_path / "aligned",
                           tmp_path / "aligned_debug", True)
    assert host.max_faces_from_image == 2


@pytest.mark.parametrize("arguments, message", [
    (dict(image_size=0), "no size"), (dict(jpeg_quality=101), "1 to 100"),
    (dict(detector="dlib"), "no detector 'dlib'")])
def test_values_that_make_no_sense(asked, arguments, message, tmp_path, monkeypatch):
    with pytest.raises(UserError, match=message):
        run_without_work(monkeypatch, tmp_path, **arguments)


def test_sizes_of_the_command_line_are_not_clipped(asked):
    assert extract_options.choose_size(96, FaceType.FULL, None) == 96
    assert extract_options.choose_size(None, FaceType.FULL, 300) == 300
