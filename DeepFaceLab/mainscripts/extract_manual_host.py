"""The main process of marking by hand: window, state and one worker with the networks (spec 41
section 6.3)."""
from typing import Any, Iterator, List, Optional, Sequence, Tuple

from core.errors import UserError
from core.interact import interact as io
from core.joblib import Subprocessor
from facelib import FaceType

from .extract_host import ExtractSubprocessor
from .extract_manual import ManualState
from .extract_manual_window import FrameView, ManualWindow, check_screen
from .extract_stages import FrameData, read_even_frame
from .extract_worker import LANDMARKS, ExtractCli, get_write_error

PAUSE = 0.002   # s; the window takes the mouse as often


class ManualPass(Subprocessor):
    """`run` returns all frames, with the faces that the user has marked; `is_stopped` afterwards
    whether some were left.

    Arguments: frames; face_type; window_size, width in pixels; device_config, of one device;
    networks_class of extract_networks.py. UserError where there is no screen.
    """

    def __init__(self, frames: Sequence[FrameData], face_type: FaceType, window_size: int,
                 device_config: Any, networks_class: Any) -> None:
        self.state = ManualState(frames)
        self.window = ManualWindow()
        self.face_type = face_type
        self.window_size = window_size
        # It knows how to describe a worker of these networks.
        self._workers = ExtractSubprocessor([], LANDMARKS, face_type=face_type,
                                            device_config=device_config,
                                            networks_class=networks_class, batch_size=1)
        self._view: Tuple[Optional[FrameData], Any] = (None, None)
        self._returned: List[List[FrameData]] = []
        self._shown_index = 0
        super().__init__("Manual", ExtractCli, io_loop_sleep_time=PAUSE)

    def take_marked(self) -> List[FrameData]:
        """The frames with faces, after a run that broke off."""
        self.state.press_key("q")
        return [frame for frame in self.state.frames if frame.rects]

    def is_stopped(self) -> bool:
        return self.state.is_stopped

    def on_check_run(self) -> bool:
        check_screen()
        return not self.state.is_finished

    def run(self) -> List[FrameData]:
        try:
            return super().run()
        finally:
            if self.window is not None and io.named_windows:
                self.window.close()
            if io.pg_bar is not None:
                io.progress_bar_close()

    def process_info_generator(self) -> Iterator[Tuple[str, dict, dict]]:
        name, place = self._workers.list_workers()[0]
        yield name, {}, self._workers.make_client_dict(place)

    def on_clients_initialized(self) -> None:
        self.window.open()
        io.progress_bar(None, len(self.state.frames))

    def get_data(self, host_dict: dict) -> Optional[List[FrameData]]:
        if self._returned:
            return self._returned.pop()
        request = None if self._get_view() is None else self.state.take_request()
        return None if request is None else [request]

    def on_data_return(self, host_dict: dict, data: List[FrameData]) -> None:
        self._returned = [data]

    def on_data_failed(self, host_dict: dict, data: List[FrameData]) -> None:
        self.state.receive(data[0], None)

    def on_result(self, host_dict: dict, data: List[FrameData], result: List[FrameData]) -> None:
        text = get_write_error(result)
        if text is not None:
            raise UserError(text)
        self.state.receive(data[0], result[0].landmarks[0] if result[0].landmarks else None)

    def on_tick(self) -> bool:
        """False while there is something to mark."""
        view = self._get_view()
        if view is not None:
            self.window.pass_events(self.state, view)
            view = self._get_view()     # a key may have changed the frame
        if self.state.index != self._shown_index:
            io.progress_bar_inc(self.state.index - self._shown_index)
            self._shown_index = self.state.index
        if view is None:
            return True
        if self.state.take_redraw():
            self.window.show(view.draw(self.state, self.face_type))
        return False

    def _get_view(self) -> Optional[FrameView]:
        """Of the current frame; None at the end. Frames that cannot be read are passed over."""
        while not self.state.is_finished:
            frame = self.state.current
            if self._view[0] is frame:
                return self._view[1]
            try:
                image = read_even_frame(frame.filepath)
            except UserError as error:
                frame.error = error.what
                io.log_err(error.what)
                self.state.drop_current()
                continue
            self._view = (frame, FrameView(image, self.window_size))
            return self._view[1]
        return None

    def get_result(self) -> List[FrameData]:
        return self.state.frames
