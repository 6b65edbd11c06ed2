"""merger/prediction.py: which predictor is used, what is batched and remembered (worker processes:
test_merger_interactivemergersubprocessor.py)."""
import threading
import time
from multiprocessing import Pipe

import numpy as np
from merge_run_support import SIDE, StandInModel

from core.interact import interact as io
from core.joblib.MPFunc import HostFunctionError, _Channel
from merger.prediction import PredictionServer, find_batch_predictor


def test_batched_predictor_of_the_same_class_only():
    class Child(StandInModel):
        pass

    class Other(StandInModel):
        def predictor_func(self, face):
            return super(Other, self).predictor_func(face)
    child = Child()
    assert find_batch_predictor(child.predictor_func) == child.predict_batch
    assert find_batch_predictor(Other().predictor_func) is None

    def closure(face):
        return face
    assert find_batch_predictor(closure) is None
    closure.predict_batch = abs
    assert find_batch_predictor(closure) is abs


class Connected:
    """A server, and its other side in threads of this process."""

    def __init__(self, **arguments):
        self.model = StandInModel()
        self.server = PredictionServer(arguments.pop('predictor', self.model.predictor_func),
                                       **arguments)
        host, client = Pipe()
        self.server._clients.append(_Channel(host, self.server.slots_count))
        self.client = PredictionServer.__new__(PredictionServer)
        self.client.func = None
        self.client._channel = _Channel(client, self.server.slots_count)
        self.is_busy = False
        self.client.open(lambda: self.is_busy)

    def ask(self, faces, **kwargs):
        """Answers, in the order of the faces, or the errors; served from here meanwhile."""
        answers = [None] * len(faces)

        def call(i):
            try:
                answers[i] = self.client(faces[i], **kwargs)
            except HostFunctionError as error:
                answers[i] = error
        threads = [threading.Thread(target=call, args=(i,)) for i in range(len(faces))]
        for thread in threads:
            thread.start()
        time.sleep(0.1)
        deadline = time.time() + 10
        while any(thread.is_alive() for thread in threads) and time.time() < deadline:
            self.server._process_messages()
            time.sleep(0.001)
        for thread in threads:
            thread.join(1)
        return answers


def make_faces(count, seed=0):
    return list(np.random.RandomState(seed).rand(count, SIDE, SIDE, 3).astype(np.float32))


def test_waiting_faces_are_predicted_together():
    sides = Connected(batch_size=4)
    faces = make_faces(6)
    answers = sides.ask(faces)
    for face, answer in zip(faces, answers):
        np.testing.assert_allclose(answer[0], face[..., ::-1] * 0.9 + 0.05, atol=1e-6)
        assert (answer[1] == sides.model.mask).all()
    assert sides.model.batches == [4, 2]
    assert sides.server.counts == {'faces': 6, 'runs': 2, 'cached': 0}


def test_padded_batches_wait_for_more_unless_a_worker_is_idle():
    sides = Connected(batch_size=4, is_padded=True)
    sides.is_busy = True
    answers = []
    thread = threading.Thread(target=lambda: answers.append(sides.client(make_faces(1)[0])))
    thread.start()
    for _ in range(50):
        sides.server._process_messages()
        time.sleep(0.002)
    assert not answers and sides.model.batches == []
    sides.is_busy = False
    sides.client.tell_idle()
    deadline = time.time() + 10
    while not answers and time.time() < deadline:
        sides.server._process_messages()
    thread.join(5)
    assert len(answers) == 1 and sides.model.batches == [4]


def test_repeated_faces_come_from_the_cache():
    sides = Connected(batch_size=2, has_cache=True)
    faces = make_faces(2)
    first = sides.ask(faces)
    again = sides.ask(faces)
    assert sides.server.counts == {'faces': 2, 'runs': 1, 'cached': 2}
    for one, two in zip(first, again):
        assert all((a == b).all() for a, b in zip(one, two))
    changed = faces[0].copy()
    changed[0, 0, 0] += 1e-3
    sides.ask([changed])
    assert sides.server.counts['faces'] == 3


def test_further_arguments_are_never_batched():
    def predictor(face, func_morph_factor=1.0):
        seen.append(func_morph_factor)
        return face, face[..., 0], face[..., 0]
    seen = []
    predictor.predict_batch = None
    sides = Connected(predictor=predictor, batch_size=8, is_padded=True)
    assert len(sides.ask(make_faces(3), func_morph_factor=0.25)) == 3 and seen == [0.25] * 3


def test_errors_reach_the_worker_that_asked(monkeypatch):
    monkeypatch.setattr(io, 'log_err', lambda text: None)

    def predictor(face):
        raise ValueError('no such layer')
    sides = Connected(predictor=predictor)
    answers = sides.ask(make_faces(2))
    assert all('no such layer' in str(answer) for answer in answers)
    assert sides.server.user_error is None
    sides.ask(make_faces(1))
    assert 'no such layer' in sides.server.user_error.what
