"""core/debug_areas.py: every debug name of SAEHDBW switches lines of its area on, and nothing else
(spec 60 section 17.1)."""
import numpy as np
import pytest

from core import debug_areas, options
from core.errors import UserError
from core.interact import interact as io
from core.process_options import DEBUG_AREAS, DEBUG_SWITCHES
from mainscripts import cli, verbs

NAMES = {"merger_debug": "merge", "debug_merge_masked": "merge", "debug_color_transfer": "ct",
         "debug_on_train_one_iter": "train", "debug_AE_view": "view", "debug_dense_py": "layers",
         "print_samples_info": "samples", "print_load_bgr": "io",
         "print_debug_generate_next_samples": "samples",
         "print_debug_one_iter_filenames": "samples"}


@pytest.fixture(autouse=True)
def quiet(monkeypatch):
    """No area is on, whatever the environment of the tests says."""
    for option in DEBUG_SWITCHES.values():
        for name in option.env:
            monkeypatch.delenv(name, raising=False)
    monkeypatch.delenv("DFL_DEBUG", raising=False)


@pytest.fixture
def lines(monkeypatch):
    """What is logged, as a list that grows."""
    told = []
    monkeypatch.setattr(io, "log_info", lambda text, *args, **kwargs: told.append(text))
    return told


@pytest.mark.parametrize("name", sorted(NAMES))
def test_name_of_the_fork_switches_its_area_on(name, monkeypatch, lines):
    assert debug_areas.list_areas() == []
    debug_areas.tell(NAMES[name], "not shown")
    monkeypatch.setenv(name, "0")
    assert debug_areas.list_areas() == []
    monkeypatch.setenv(name, "1")
    assert debug_areas.list_areas() == [NAMES[name]]
    for area in DEBUG_AREAS:
        debug_areas.tell(area, "%d of %s", 3, area)
    assert lines == ["[{0}] 3 of {0}".format(NAMES[name])]


def test_one_variable_for_all(monkeypatch):
    monkeypatch.setenv("DFL_DEBUG", "train, IO")
    assert debug_areas.list_areas() == ["train", "io"]
    monkeypatch.setenv("DFL_DEBUG", "all")
    assert debug_areas.list_areas() == list(DEBUG_AREAS)
    monkeypatch.setenv("DFL_DEBUG", "trian")
    with pytest.raises(UserError, match="trian"):
        debug_areas.list_areas()


def test_flags_reach_the_workers(monkeypatch):
    """They know the environment only."""
    monkeypatch.setattr(options, "_sources", options.OptionSources())
    monkeypatch.setenv("DFL_DEBUG", "")
    arguments = cli.parse_arguments(["util", "--input-dir", ".", "--set", "debug=merge",
                                     "--set", "debug_io=y", "--add-landmarks-debug-images"])
    verbs.configure_options(arguments)
    monkeypatch.setattr(options, "_sources", options.OptionSources())
    assert debug_areas.list_areas() == ["merge", "io"]


def test_arrays_are_described_when_they_are_shown():
    class Refusing:
        size = 1

        @property
        def shape(self):
            raise AssertionError("looked at")
    debug_areas.tell("ct", "%s", debug_areas.ArraysText(Refusing()))
    text = str(debug_areas.ArraysText(np.float32([[0, 1], [1, 1]]), np.zeros((0, 3))))
    assert text == "(2, 2) 0.750 [0.000, 1.000]; (0, 3)"


def test_training_of_a_gray_model_tells_what_it_does(tmp_path, monkeypatch, lines):
    import gray_support
    for name in ("debug_on_train_one_iter", "debug_AE_view", "debug_dense_py"):
        monkeypatch.setenv(name, "1")
    model = gray_support.start_model(tmp_path, monkeypatch)
    model.train_one_iter()
    model.generate_next_samples()
    model.get_previews()
    text = "\n".join(lines)
    assert "[train] iteration 1: [('src_loss', " in text
    assert "[view] SAEHDBW: (" in text and "[view] SAEHDBW masked: (" in text
    assert "[layers] encoder/down1/downs_0/conv1/weight:0 (5, 5, 1, 16)" in text
    monkeypatch.undo()


@pytest.mark.parametrize("feed", ["plain", "fast"])
def test_samples_and_files_that_are_read(feed, tmp_path, monkeypatch, lines):
    from sample_support import image, load_samples, write_faceset
    from samplelib import SampleProcessor
    from samplelib.batch_worker import BatchTask, generate_named_batches
    from samplelib.face_feed import FaceFeed

    class Indexes:
        def multi_get(self, count):
            return list(range(count))
    for name in ("print_samples_info", "print_load_bgr", "debug_color_transfer"):
        monkeypatch.setenv(name, "1")
    monkeypatch.setenv("DFL_FEED", feed)
    samples = load_samples(sorted(write_faceset(tmp_path / "set", 3).glob("*.jpg")))
    outputs = [image(ct_mode="lct")]
    maker = FaceFeed(samples, SampleProcessor.Options(), outputs, samples)
    task = BatchTask(samples, Indexes(), 2, SampleProcessor.Options(), outputs, True, samples,
                     Indexes(), maker)
    batches = generate_named_batches(task)
    for _ in range(3):
        next(batches)
    text = "\n".join(lines)
    assert "[samples] batch 1: 00000.jpg, 00001.jpg: (2, 64, 64, 3) 0." in text
    assert "[samples] batch 2: " in text and "batch 3" not in text
    assert "[io] " in text and "00000.jpg: " in text and "[ct] lct: sample (64, 64, 3)" in text


def test_merging_tells_of_each_frame(tmp_path, monkeypatch, lines):
    import merge_run_support
    from merger.frame_worker import FrameMerger, Gate
    monkeypatch.setenv("debug_merge_masked", "1")
    engine = merge_run_support.make_engine(merge_run_support.write_workspace(tmp_path, count=1))
    model = merge_run_support.StandInModel()

    class Networks:
        predictor_func, predictor_input_shape = staticmethod(model.predictor_func), (64, 64, 3)
        face_enhancer_func = xseg_256_extract_func = None
        has_provenance = False
    frame = engine.frames[0]
    frame.need_return_image = False
    clock = iter(range(100))
    merger = FrameMerger(Networks, Gate(), lambda: None, lines.append, lambda: next(clock))
    outcome = merger.merge(frame)
    assert outcome.kind == "merged", outcome.details
    assert any(line.startswith("[merge] 00000.png: faces 1, overlay, mask of ") for line in lines)
