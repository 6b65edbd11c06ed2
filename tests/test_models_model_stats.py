"""models/model_stats.py: the figures against NumPy, and the signatures of planted failures."""
import numpy as np
import pytest

import model_stats_support as support
import saehd_support
from core.errors import UserError
from core.leras import nn
from models import model_stats
from models.graph_probe import GraphProbe
from models.model_stats import HeadStats, LayerStats, ModelMeter, Summary


IMAGE_HEAD = ('out_conv', 'out_conv1', 'out_conv2', 'out_conv3')


@pytest.fixture(scope='module')
def meter(tmp_path_factory):
    """Of a small SAEHD after three training steps."""
    with pytest.MonkeyPatch.context() as monkeypatch:
        model, probe = support.open_saehd(tmp_path_factory.mktemp('saehd'), monkeypatch,
                                          saehd_support.make_options(lr_dropout='y'))
        for _ in range(3):
            model.train_one_iter()
        yield ModelMeter(model, probe)
        model.finalize()


@pytest.fixture
def restored(meter):
    """The same; weights that a test changes come back."""
    weights = meter.model.src_dst_saveable_weights
    values = nn.batch_get_value(weights)
    yield meter
    nn.batch_set_value(list(zip(weights, values)))


@pytest.fixture
def tiny(tmp_path):
    """(model, probe) of a plug-in."""
    model, probe = support.open_tiny(tmp_path)
    yield model, probe
    model.finalize()


def list_state(model):
    return nn.batch_get_value([weight for part, _ in model.get_model_filename_list()
                               for weight in part.get_weights()])


def test_a_healthy_model_and_nothing_is_trained(meter):
    before, session = list_state(meter.model), nn.tf_sess
    stats = meter.measure(2)
    assert nn.tf_sess is session and len(meter.model.get_loss_history()) == 3
    assert all(np.array_equal(a, b) for a, b in zip(before, list_state(meter.model)))
    assert stats.iteration == 4 and stats.samples == 4 and stats.warnings == []
    assert all(layer.activation.std > 0 and layer.gradient.std > 0 for layer in stats.layers)
    for head in stats.heads:
        assert 0 <= head.output.low < head.output.mean < head.output.high <= 1
        # the sigmoid rises
        for low_or_high in ('low', 'high'):
            np.testing.assert_allclose(1 / (1 + np.exp(-getattr(head.logits, low_or_high))),
                                       getattr(head.output, low_or_high), rtol=1e-4)


def test_a_dead_encoder_is_told(restored):
    support.scale_weights(restored.model.encoder, 1e-4)
    warning, = [text for text in restored.measure(1).warnings if 'encoder' in text]
    assert 'under 0.01 in 4 of 4 layers' in warning and 'down1/downs_0/conv1' in warning


def test_an_exploding_head_is_told(restored):
    for name in IMAGE_HEAD:
        support.scale_weights(getattr(restored.model.decoder_src, name), 1e4)
    warnings = restored.measure(1).warnings
    assert any(text.startswith('decoder_src image') and 'saturated' in text for text in warnings)
    assert not any('decoder_dst' in text for text in warnings)


@pytest.mark.parametrize('bias, word', [(6.0, 'white'), (-6.0, 'black')])
def test_a_white_or_black_picture_is_told(bias, word, restored):
    nn.batch_set_value([(getattr(restored.model.decoder_dst, name).bias, np.full(3, bias))
                        for name in IMAGE_HEAD])
    assert any(text.startswith('decoder_dst image: the mean before the sigmoid')
               and text.endswith('the picture turns %s.' % word)
               for text in restored.measure(1).warnings)


def test_nan_is_told_where_it_comes_up(restored):
    support.scale_weights(restored.model.decoder_src.res1, np.nan)
    warnings = restored.measure(1).warnings
    assert 'first in decoder_src/res1/conv1' in warnings[0] and 'activations' in warnings[0]
    assert 'gradients' in warnings[1]
    assert 'decoder_src image: NaN or infinite values.' in warnings


# From here on the graph of `meter` is gone: every plug-in begins a graph of its own.

def test_tiny_by_hand(tiny):
    """Values and gradients of the linear head computed again in NumPy, over two batches."""
    model, probe = tiny
    batches = [np.random.RandomState(model.generator_list[0].drawn + i).uniform(
        0, 1, (2, 16, 16, 3)).astype(np.float32) for i in (1, 2)]
    stats = ModelMeter(model, probe).measure(2)
    outputs = [model.AE_view(batch) for batch in batches]
    assert stats[:4] == ('t_Tiny', 0, 2, 4)
    last, head = stats.layers[-1], stats.heads[0]
    gradients = [2 * (output - batch) / output[0].size for output, batch in zip(outputs, batches)]
    for summary, values in ((last.activation, outputs), (last.gradient, gradients),
                            (head.output, outputs)):
        values = np.array(values, np.float64)
        np.testing.assert_allclose(summary[:5], [
            values.size, values.mean(), values.std(), values.min(), values.max()], rtol=1e-4,
            atol=1e-9)
        assert summary.saturated == pytest.approx(np.mean((values < .01) | (values > .99)))
    assert head.logits is None and stats.warnings == []


def test_a_linear_head_that_explodes_is_told(tiny):
    model, probe = tiny
    support.scale_weights(model.net, 100)
    assert any('net image: values from' in text and 'outside of -2..3' in text
               for text in ModelMeter(model, probe).measure(1).warnings)


def test_a_model_that_hides_its_training_is_refused(tiny):
    model, probe = tiny
    with pytest.raises(UserError, match='no layer'):
        ModelMeter(model, GraphProbe())
    meter = ModelMeter(model, probe)
    model.onTrainOneIter = lambda: ()
    with pytest.raises(UserError, match='feeds nothing'):
        meter.measure(1)


def make_rows(arrays):
    return np.array([[x.size, x.mean(), x.var(), x.min(), x.max(), (x < .01).sum(),
                      (x > .99).sum()] for x in arrays])


def test_summaries_of_parts_are_those_of_the_whole():
    state = np.random.RandomState(0)
    parts = [state.normal(mean, 1 + mean, size) for mean, size in ((0, 10), (3, 1000), (-1, 1))]
    whole = np.concatenate(parts)
    summary = model_stats.summarise(make_rows(parts))
    np.testing.assert_allclose(summary, [
        whole.size, whole.mean(), whole.std(), whole.min(), whole.max(),
        np.mean((whole < .01) | (whole > .99))])
    assert model_stats.summarise(np.zeros((0, 7))) is None
    assert np.isnan(model_stats.summarise(make_rows([np.array([0.5, np.nan])])).std)


def summary(**changes):
    return Summary(10, 0.5, 0.2, 0.1, 0.9, 0.1)._replace(**changes)


@pytest.mark.parametrize('head, words', [
    (HeadStats('d', 'image', summary(), summary(low=-9.0, high=9.0)), []),
    (HeadStats('d', 'image', summary(saturated=0.6), summary()), ['60 % of the values']),
    (HeadStats('d', 'image', summary(), summary(mean=-2.1)), ['-2.1', 'black']),
    (HeadStats('d', 'image', summary(low=-1.9, high=2.9), None), []),
    (HeadStats('d', 'image', summary(low=-2.1), None), ['-2.1', '-2..3']),
    (HeadStats('d', 'mask', summary(saturated=0.9), summary(mean=-7.0)), []),
    (HeadStats('d', 'mask', summary(mean=0.999), summary()), ['the same everywhere']),
    (HeadStats('d', 'image', None, None), [])])
def test_what_is_wrong_with_a_head(head, words):
    warnings = model_stats.judge_head(head)
    assert len(warnings) == (1 if words else 0)
    assert all(word in warnings[0] for word in words)


def test_what_is_wrong_with_layers():
    weak, good = summary(std=0.001), summary()
    layers = [LayerStats('encoder', 'a', 'Conv2D', weak, good),
              LayerStats('encoder', 'b', 'Conv2D', good, good),
              LayerStats('inter', 'a', 'Dense', weak, summary(std=0.0, mean=0.0)),
              LayerStats('inter', 'b', 'Dense', None, None)]
    warnings = model_stats.find_warnings(layers, [])
    assert len(warnings) == 2
    assert 'in 1 of 2 layers, first in a (0.001)' in warnings[0]
    assert 'gradient is 0 in 1 of 4 layers, first in inter/a' in warnings[1]
    assert len(model_stats.find_warnings(layers[2:], [])) == 2     # the first network then
