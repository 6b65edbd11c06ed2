"""Marking by hand: the state machine, the window's picture, the pass with a worker."""
import math
import shutil
import subprocess
import sys
import time
from pathlib import Path

import cv2
import extract_support as support
import numpy as np
import pytest
from merge_cli_support import make_environment

from core import options
from core.errors import UserError
from core.interact import interact as io
from core.leras import nn
from DFLIMG import DFLIMG
from facelib import FaceType, LandmarksProcessor
from mainscripts import Extractor, extract_networks
from mainscripts.extract_manual import ManualState, list_help, make_forced_landmarks
from mainscripts.extract_manual_host import ManualPass
from mainscripts.extract_manual_window import FrameView
from mainscripts.extract_stages import FrameData

RECT = [100, 60, 196, 156]


def make_state(count=3, **given):
    return ManualState([FrameData("%d.png" % i, **given) for i in range(count)])


def answer(state, shift=0.0):
    """The network's answer to what is wanted now."""
    request = state.take_request()
    state.receive(request, support.make_face(request.rects[0]) + shift)
    return request


def test_mouse_moves_the_box_until_it_is_locked():
    state = make_state()
    state.move(150, 120)
    assert state.rect == (50, 20, 250, 220)
    first = answer(state)
    assert first.rects == [(50, 20, 250, 220)] and first.landmarks_accurate and first.manual
    assert state.take_request() is None         # nothing has changed
    state.press_left()
    assert state.is_locked
    state.move(10, 10)
    state.turn_wheel(True)
    assert state.rect == (50, 20, 250, 220)
    answer(state)                               # the button asks once more
    assert state.take_request() is None
    state.press_left()
    assert not state.is_locked and state.rect[0] == 10 - 100


def test_wheel_is_finer_for_small_boxes():
    state = make_state()
    sizes = []
    for _ in range(200):
        state.turn_wheel(False)
        sizes.append(state.size)
    assert sizes[0] == 90.0 and sizes[1] == 81.0 and sizes[-1] == 5
    assert min(np.diff([5] + sizes[::-1])) >= 0
    state.turn_wheel(True)
    assert state.size == 6
    state.size = 300.0
    state.turn_wheel(True)
    assert state.size == 310


def test_enter_keeps_the_face_and_space_goes_without():
    state = make_state()
    state.move(150, 120)
    answer(state)
    state.press_key("\r")
    assert state.index == 1 and state.frames[0].rects == [[50, 20, 250, 220]]
    state.press_key(" ")
    assert state.index == 2 and state.frames[1].rects == []
    answer(state)
    state.press_key("\n")
    assert state.is_finished and not state.is_stopped and state.current is None
    assert len(state.frames[2].landmarks) == 1
    state.press_key("\r")                       # nothing is left


def test_enter_waits_for_the_landmarks():
    state = make_state()
    state.move(150, 120)
    old = state.take_request()
    state.move(160, 120)
    state.press_key("\r")
    assert state.index == 0
    state.receive(old, support.make_face(RECT))     # of where the mouse was
    assert state.index == 0
    answer(state)
    assert state.index == 1 and state.frames[0].rects == [[60, 20, 260, 220]]
    # no face there: nothing to keep
    state.press_key("\r")
    state.receive(state.take_request(), None)
    assert state.index == 1 and state.landmarks is None and state.frames[1].rects == []


def test_back_and_on_keep_locked_faces():
    state = make_state()
    state.press_key(",")                        # there is nothing before
    assert state.index == 0
    state.move(150, 120)
    answer(state)
    state.press_key(".")                        # not locked: not kept
    assert state.frames[0].rects == [] and state.index == 1
    state.move(200, 100)
    state.press_left()
    answer(state)
    state.press_key(",")
    assert state.frames[1].rects == [[100, 0, 300, 200]] and state.index == 0
    state.press_key(".")
    # the face is shown, locked, and not the frame's until it is confirmed
    assert state.index == 1 and state.is_locked and state.frames[1].rects == []
    assert state.rect == (100, 0, 300, 200) and state.landmarks is not None
    assert state.take_request() is None
    state.press_key(".")
    assert state.frames[1].rects == [[100, 0, 300, 200]] and state.index == 2


@pytest.mark.parametrize("is_locked", [True, False])
def test_q_leaves_the_rest_as_it_is(is_locked):
    state = make_state()
    state.move(150, 120)
    answer(state)
    if is_locked:
        state.press_left()
        answer(state)
    state.press_key("q")
    assert state.is_finished and state.is_stopped
    assert len(state.frames[0].rects) == is_locked
    assert [len(frame.rects) for frame in state.frames[1:]] == [0, 0]


def test_frames_with_faces_are_passed_over():
    frames = [FrameData("%d.png" % i, *(([RECT], [support.make_face(RECT)]) if i != 1 else ()))
              for i in range(3)]
    state = ManualState(frames)
    assert state.index == 1
    state.press_key(",")
    assert state.index == 1
    state.press_key(" ")
    assert state.is_finished and len(frames[0].rects) == len(frames[2].rects) == 1
    assert ManualState([]).is_finished and ManualState(frames[:1]).is_finished


def test_landmarks_without_the_network():
    state = make_state()
    state.move(100, 100)
    state.press_left()
    answer(state)
    state.press_right()
    assert state.is_forced and not state.is_locked
    state.move(100, 150)
    assert state.size == 50 and state.take_request() is None
    assert state.landmarks.shape == (68, 2)
    np.testing.assert_allclose(state.landmarks[30], (100, 100))
    assert np.ptp(state.landmarks[:17], axis=0).max() < 1e-9     # no jaw
    # the mouse below the nose: the face is turned by a quarter
    upright = make_forced_landmarks(100, 100, 150, 100)
    expected = LandmarksProcessor.landmarks_2D - LandmarksProcessor.landmarks_2D[13]
    np.testing.assert_allclose(upright[17:], expected * 50 + 100, atol=1e-4)
    turned = np.stack([-(upright[:, 1] - 100), upright[:, 0] - 100], -1) + 100
    np.testing.assert_allclose(state.landmarks, turned, atol=1e-6)
    state.turn_wheel(True)
    assert math.isclose(state.size, 50)
    forced = state.landmarks
    state.press_left()
    assert not state.is_forced and state.is_locked and (state.x, state.y) == (100, 150)
    assert state.take_request() is None and state.landmarks is forced
    state.press_key("\r")
    assert state.frames[0].landmarks[0] is forced and state.index == 1
    state.press_right()
    state.press_right()
    assert not state.is_forced and state.take_request() is not None


def test_late_answer_does_not_replace_landmarks_without_the_network():
    state = make_state()
    state.move(100, 100)
    late = state.take_request()
    state.press_right()
    state.move(100, 150)
    state.press_key("a")        # must not ask either
    forced = state.landmarks
    state.press_left()
    state.receive(late, support.make_face(late.rects[0]))
    assert state.take_request() is None and state.landmarks is forced


def test_a_and_h_are_seen_at_once():
    state = make_state()
    answer(state)
    assert state.take_redraw() and not state.take_redraw()
    state.press_key("h")
    assert state.is_help_hidden and state.take_redraw()
    state.press_key("a")
    assert not state.is_accurate and state.take_redraw()
    assert state.take_request().landmarks_accurate is False
    assert len(list_help(state)) == 6 and "off" in list_help(state)[4]


# The window

def test_view_is_scaled_and_positions_go_back():
    view = FrameView(np.zeros((360, 640, 3), np.uint8), 1280)
    assert view.scale == 2.0 and view.picture.shape == (720, 1280, 3)
    assert view.to_frame(100, 50) == (50, 25)
    assert view.to_frame(-5, 5000) == (0, 359.5)
    assert FrameView(np.zeros((30, 40, 3), np.uint8), 0).picture.shape == (30, 40, 3)


def draw(state, face_type=FaceType.WHOLE_FACE, image=None):
    image = np.zeros((240, 320, 3), np.uint8) if image is None else image
    return FrameView(image, 0).draw(state, face_type)


def test_picture_shows_box_face_and_help():
    state = make_state()
    state.move(150, 140)
    state.size = 60.0
    without = draw(state)
    assert without[:100].max() > 100            # the help
    assert (without[200, 100:200] == (255, 0, 0)).all()
    answer(state)
    unlocked = draw(state)
    state.press_left()
    locked = draw(state)
    assert ((unlocked == (0, 255, 0)).all(-1)).sum() > 50
    assert ((locked == (255, 255, 0)).all(-1)).sum() > 50
    state.press_key("h")
    # the crop reaches up there; the help was added onto it
    assert int(locked[:100].sum()) - int(draw(state)[:100].sum()) > 10000
    # no crop is cut: box and landmarks
    assert ((draw(state, FaceType.MARK_ONLY) == (255, 255, 0)).all(-1)).sum() > 50
    # all landmarks in one place
    state.landmarks = np.zeros((68, 2))
    draw(state)
    state.landmarks = np.full((68, 2), np.nan)
    draw(state)


def test_small_boxes_are_magnified():
    image = np.zeros((240, 320, 3), np.uint8)
    image[110:130, 150:170] = (0, 0, 255)
    state = make_state()
    state.move(160, 120)
    state.press_key("h")
    state.size = 41.0
    assert (draw(state, image=image)[..., 2] == 255).sum() == 400
    state.size = 10.0
    picture = draw(state, image=image)
    assert (picture[65:175, 105:215, 2] == 255).all()


# The pass with its worker

class User:
    """In the place of mouse and keys: does the next thing when the picture is finished."""

    def __init__(self, monkeypatch, actions):
        self.actions, self.shown, self.marking = list(actions), [], None
        monkeypatch.setattr(io, "is_support_windows", lambda: True)
        monkeypatch.setattr(io, "show_image", lambda name, img: self.shown.append(img))
        monkeypatch.setattr(io, "get_mouse_events", self.take_mouse)
        monkeypatch.setattr(io, "get_key_events", self.take_key)

    def is_ready(self):
        state = self.marking.state
        return state._is_answered and not state._needs_extraction

    def take_mouse(self, name):
        assert name == "Manual pass"
        if self.actions and isinstance(self.actions[0], tuple) and self.is_ready():
            x, y, event, flags = self.actions.pop(0)
            return [(x, y, event, flags)]
        return []

    def take_key(self, name):
        if self.actions and isinstance(self.actions[0], str) and self.is_ready():
            key = self.actions.pop(0)
            return [(ord("x"), "x", False, False, False), (ord(key), key, False, False, False)]
        return []


@pytest.fixture
def frames(tmp_path, monkeypatch):
    monkeypatch.setattr(options, "_sources", options.OptionSources(
        flags=dict(extract_continue="y"), environ={}))
    monkeypatch.setattr(extract_networks, "check_files", lambda face_type: None)
    monkeypatch.setattr(extract_networks, "S3FDNetworks", support.SquareNetworks)
    return support.write_frames(tmp_path / "frames", 4)


def run_pass(monkeypatch, paths, actions):
    user = User(monkeypatch, actions)
    user.marking = ManualPass([FrameData(path) for path in paths], FaceType.WHOLE_FACE, 640,
                              nn.DeviceConfig.CPU(), support.SquareNetworks)
    return user, user.marking.run()


def test_pass_marks_frames(frames, monkeypatch):
    frames[1].write_bytes(b"")
    # the view of 320x240 is 480 wide: 1.5 pixels for each
    move, wheel = (225, 162, 0, 0), (225, 162, 10, 1)
    user, result = run_pass(monkeypatch, frames, [
        move, wheel, (225, 162, 1, 0), "\r", (300, 150, 0, 0), " ", "\r"])
    assert not user.actions and [len(frame.rects) for frame in result] == [1, 0, 0, 1]
    np.testing.assert_allclose(result[0].rects, [[40, -2, 260, 218]], atol=1)
    assert "cannot be read" in result[1].error
    np.testing.assert_allclose(result[0].landmarks[0], support.make_face(result[0].rects[0]))
    assert user.shown and all(img.shape == (360, 480, 3) for img in user.shown)
    assert not user.marking.is_stopped() and not io.named_windows


def test_closing_the_window_ends_the_pass_and_keeps_what_is_marked(frames, monkeypatch):
    user = User(monkeypatch, [(225, 162, 0, 0), (225, 162, 1, 0), "\r"])
    monkeypatch.setattr(io, "is_window_closed",
                        lambda name: name == "Manual pass" and not user.actions)
    user.marking = ManualPass([FrameData(path) for path in frames], FaceType.WHOLE_FACE, 640,
                              nn.DeviceConfig.CPU(), support.SquareNetworks)
    result = user.marking.run()
    assert [len(frame.rects) for frame in result] == [1, 0, 0, 0]
    assert user.marking.is_stopped()


def extract(folder, **changes):
    arguments = dict(detector="manual", input_path=folder / "frames",
                     output_path=folder / "aligned", output_debug=True, face_type="whole_face",
                     max_faces_from_image=0, image_size=96, jpeg_quality=90, cpu_only=True)
    return Extractor.main(**dict(arguments, **changes))


class Passes:
    """ManualPass with the next user of a list each time."""

    def __init__(self, monkeypatch, *users):
        self.users, self.seen = list(users), []
        monkeypatch.setattr(io, "is_support_windows", lambda: True)
        original = ManualPass

        def make(data, **arguments):
            self.seen.append([frame.filepath.name for frame in data])
            user = User(monkeypatch, self.users.pop(0))
            user.marking = original(data, **arguments)
            return user.marking
        monkeypatch.setattr("mainscripts.extract_manual_host.ManualPass", make)


def test_extraction_by_hand_then_the_deleted_ones(frames, tmp_path, monkeypatch):
    passes = Passes(monkeypatch, [(225, 162, 0, 0), "\r", "\r", "q"], [(90, 90, 0, 0), "\r"],
                    [(225, 162, 0, 0), "\r", "\r"])
    assert extract(tmp_path) == dict(images=4, faces=2, failed=0)
    debug = tmp_path / "aligned_debug"
    assert sorted(path.name for path in debug.iterdir()) == [
        "%05d.jpg" % i for i in range(1, 5)]
    before = DFLIMG.load(tmp_path / "aligned" / "00002_0.jpg").get_source_landmarks()
    # its debug picture shows a wrong face
    (debug / "00002.jpg").unlink()
    extract(tmp_path, manual_output_debug_fix=True, face_type=None)
    assert passes.seen[1] == ["00002.png"] and (debug / "00002.jpg").is_file()
    after = DFLIMG.load(tmp_path / "aligned" / "00002_0.jpg")
    assert after.get_face_type() == "whole_face"
    assert np.abs(after.get_source_landmarks() - before).max() > 10
    assert sorted(path.name for path in (tmp_path / "aligned").glob("*.jpg")) == [
        "00001_0.jpg", "00002_0.jpg"]
    with pytest.raises(UserError, match="nothing to mark"):
        extract(tmp_path, manual_output_debug_fix=True, face_type=None)


@pytest.mark.parametrize("error", [KeyboardInterrupt, UserError("The worker has ended.")])
def test_what_is_marked_is_kept_when_the_pass_breaks_off(error, frames, tmp_path, monkeypatch):
    """Ctrl+C, or a network that fails for good: marking may have taken hours."""
    passes = Passes(monkeypatch, [(225, 162, 0, 0), "\r"], ["q"])

    def fail(self):
        if self.state.index == 1 and self.state._is_answered:
            raise error
        return tick(self)
    tick = ManualPass.on_tick
    with monkeypatch.context() as patch:
        patch.setattr(ManualPass, "on_tick", fail)
        with pytest.raises(type(error) if isinstance(error, UserError) else error):
            extract(tmp_path)
    assert [path.name for path in (tmp_path / "aligned").glob("*.jpg")] == ["00001_0.jpg"]
    assert not io.named_windows
    assert extract(tmp_path)["faces"] == 1      # it goes on with the others
    assert passes.seen[1] == ["00002.png", "00003.png", "00004.png"]


def test_frames_without_a_face_are_fixed_by_hand(frames, tmp_path, monkeypatch):
    cv2.imwrite(str(frames[2]), support.draw_frame(0, []))
    passes = Passes(monkeypatch, ["q"], [(225, 162, 0, 0), "\r"])
    assert extract(tmp_path, detector="s3fd", manual_fix=True)["faces"] == 3
    # what was left is marked when it goes on
    assert extract(tmp_path, detector="s3fd", manual_fix=True) == dict(
        images=4, faces=4, failed=0)
    assert passes.seen == [["00003.png"]] * 2
    assert (tmp_path / "aligned" / "00003_0.jpg").is_file()


def test_frames_that_the_networks_fail_on_are_fixed_by_hand(frames, tmp_path, monkeypatch):
    monkeypatch.setattr(extract_networks, "S3FDNetworks", support.CrashingNetworks)
    image = cv2.imread(str(frames[1]))
    image[0, 0] = support.RAISES
    cv2.imwrite(str(frames[1]), image)
    frames[3].write_bytes(b"")
    passes = Passes(monkeypatch, [(225, 162, 0, 0), "\r"])
    assert extract(tmp_path, detector="s3fd", manual_fix=True) == dict(
        images=4, faces=3, failed=1)
    assert passes.seen == [["00002.png"]]
    assert (tmp_path / "aligned" / "00002_0.jpg").is_file()


def test_no_screen_is_an_error(frames, tmp_path, monkeypatch):
    monkeypatch.setattr(io, "is_support_windows", lambda: False)
    earlier = tmp_path / "aligned" / "00001_0.jpg"
    earlier.parent.mkdir()
    earlier.write_bytes(b"of an earlier extraction")
    for detector in ("manual", None):
        if detector is None:    # asked for
            options.current_sources().flags.update(
                extract_detector="manual", extract_overwrite="y")
        with pytest.raises(UserError, match="no screen"):
            extract(tmp_path, detector=detector)
        assert all(path.is_file() for path in frames + [earlier])


WINDOW_SCRIPT = """
import sys; sys.path.insert(0, {tests!r})
import tree_setup, pathlib
import extract_support as support
from mainscripts import Extractor, extract_networks, extract_manual_host
if __name__ == "__main__":
    extract_networks.check_files = lambda face_type: None
    extract_networks.S3FDNetworks = support.SquareNetworks
    told = []
    tick = extract_manual_host.ManualPass.on_tick
    def tell(marking):
        result, state = tick(marking), marking.state
        line = "STATE %d %s %s %s" % (state.index, "locked" if state.is_locked else "free",
                                      "asking" if state.landmarks is None else "marked",
                                      "%d,%d,%d" % (state.x, state.y, state.size))
        if told[-1:] != [line]:
            told.append(line)
            print(line, flush=True)
        return result
    extract_manual_host.ManualPass.on_tick = tell
    folder = pathlib.Path({folder!r})
    Extractor.main("manual", folder / "frames", folder / "aligned", False,
                   face_type="whole_face", max_faces_from_image=0, image_size=96,
                   jpeg_quality=90, cpu_only=True)
    print("END", flush=True)
"""


def try_until(lines, text, action, seconds=30):
    """Do it until the line comes: the window may not have been there yet."""
    deadline = time.time() + seconds
    while time.time() < deadline:
        action()
        if lines.wait_for(text, 1):
            return True
    return False


def wait_for_colors(screen, seconds=20):
    """What the window shows once the locked face, its crop and its box are in it."""
    deadline = time.time() + seconds
    while True:
        picture = screen.grab(1000, 700)
        counts = [(picture == color).all(-1).sum()
                  for color in ((255, 255, 0), (0, 0, 255), (255, 0, 0))]
        if min(counts) > 50:
            return picture
        assert time.time() < deadline, counts
        time.sleep(0.2)


@pytest.mark.skipif(shutil.which("Xvfb") is None, reason="Xvfb (a virtual screen) is not installed")
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="X11 only")
def test_window_on_a_virtual_screen(frames, tmp_path):
    """Events of the X server's mouse and keys, and what its screen shows."""
    import window_support
    script = tmp_path / "window_run.py"
    script.write_text(WINDOW_SCRIPT.format(tests=str(Path(__file__).parent),
                                           folder=str(tmp_path)))
    with window_support.VirtualScreen() as screen:
        process = subprocess.Popen(
            [sys.executable, str(script)], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=dict(make_environment(DISPLAY=screen.name), DFL_INTERACT="desktop"))
        try:
            lines = window_support.Lines(process)
            if not lines.wait_for("STATE 0 free marked"):
                pytest.skip("this OpenCV has no windows")
            lines.forget()
            spots = iter(range(300, 600, 3))
            assert try_until(lines, "STATE 0 free marked",
                             lambda: screen.move(next(spots), 420)), lines.text()
            lines.forget()
            assert try_until(lines, "STATE 0 locked marked", screen.click), lines.text()
            picture = wait_for_colors(screen)
            assert (picture.min(-1) > 150).sum() > 200     # the help
            for number in (1, 2, 3):
                lines.forget()
                assert try_until(lines, "STATE %d" % number,
                                 lambda: screen.press(0xFF0D)), lines.text()
            lines.forget()
            assert try_until(lines, "END", lambda: screen.press(ord("q"))), lines.text()
            assert process.wait(30) == 0
        finally:
            process.kill()
    assert (tmp_path / "aligned" / "00001_0.jpg").is_file()
