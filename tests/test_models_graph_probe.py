"""models/graph_probe.py: what a graph consists of, told by watching it being built."""
import pytest

import model_stats_support as support
import saehd_support
from core.leras import nn
from models import graph_probe, model_stats


def list_own_layers(networks):
    """(network, layer) by the networks' own account."""
    classes = tuple(getattr(nn, name) for name in graph_probe.LAYER_CLASSES)
    return [tuple(layer.get_weights()[0].name.rpartition('/')[0].split('/', 1))
            for network in networks for layer in network.get_layers()
            if isinstance(layer, classes)]


def test_tiny_is_seen_whole(tmp_path):
    model, probe = support.open_tiny(tmp_path)
    try:
        assert [site[:3] for site in probe.list_layers()] == [
            ('net', 'conv1', 'Conv2D'), ('net', 'conv2', 'Conv2D')]
        head, = probe.list_heads()
        assert head[:2] == ('net', 'image')
        assert graph_probe.find_sigmoid_inputs(head.tensors[0]) == []
        loss, = probe.losses
        assert loss.variables == model.net.get_weights()
    finally:
        model.finalize()


@pytest.mark.parametrize('data_format', ['NHWC', 'NCHW'])
def test_pictures_are_known_by_their_channels(data_format):
    nn.initialize(nn.DeviceConfig.CPU(), data_format=data_format)
    try:
        kinds = []
        for channels in (1, 3, 8):
            tensor = nn.tf.placeholder(nn.floatx, nn.get4Dshape(8, 8, channels))
            kinds.append((graph_probe.is_picture(tensor), graph_probe.is_image(tensor, 1)))
        assert kinds == [(True, False), (True, True), (False, False)]
        assert not graph_probe.is_picture(nn.tf.placeholder(nn.floatx, (None, 3)))
        assert not graph_probe.is_picture(None)
    finally:
        nn.initialize(data_format='NHWC')


def test_logits_beside_their_mask_are_one_head():
    """As XSeg, whose loss takes the logits."""
    saehd_support.start_engine()
    tf = nn.tf

    class Masker(nn.ModelBase):
        def on_build(self):
            self.conv = nn.Conv2D(3, 1, kernel_size=1)

        def forward(self, x):
            logits = self.conv(x)
            return logits, tf.nn.sigmoid(logits)
    probe = graph_probe.GraphProbe()
    with probe.watch():
        net = Masker(name='net')
        logits, mask = net(tf.placeholder(tf.float32, (None, 8, 8, 3)))
        nn.gradients(logits * logits, net.get_weights())
    head, = probe.list_heads()
    assert head[:2] == ('net', 'mask') and head.tensors == [mask]
    assert model_stats.find_source(head, mask).name == logits.name
    layer, = probe.list_layers()
    assert model_stats.find_source(layer, logits) is logits


def test_nothing_is_left_replaced_after_an_error():
    nn.initialize(nn.DeviceConfig.CPU())
    before = nn.gradients, nn.LayerBase.__call__, nn.ModelBase.__call__
    with pytest.raises(KeyError):
        with graph_probe.GraphProbe().watch():
            assert nn.gradients is not before[0]
            raise KeyError()
    assert before == (nn.gradients, nn.LayerBase.__call__, nn.ModelBase.__call__)


@pytest.mark.parametrize('options', [
    dict(archi='df-ud', true_face_power=0.01, gan_power=0.1),
    dict(archi='liae-ut', random_warp=False)], ids=lambda options: options['archi'])
def test_every_layer_of_saehd_once(options, tmp_path, monkeypatch):
    model, probe = support.open_saehd(tmp_path, monkeypatch, saehd_support.make_options(**options))
    try:
        names = model.layout.net_names + (('code_discriminator', 'D_src') if 'gan_power' in options
                                          else ())
        seen = [(site.network, site.name) for site in probe.list_layers()]
        assert len(seen) == len(set(seen))
        assert set(seen) == set(list_own_layers([getattr(model, name) for name in names]))
        decoders = [name for name in model.layout.net_names if name.startswith('decoder')]
        assert [site[:2] for site in probe.list_heads()] == [
            (name, kind) for name in decoders for kind in ('image', 'mask')]
        for head in probe.list_heads():
            assert [len(graph_probe.find_sigmoid_inputs(x)) for x in head.tensors] == (
                [1] * len(head.tensors))
        main = graph_probe.find_main_losses(probe.losses)
        assert [probe.losses[number].variables for number in main] == [
            model.src_dst_trainable_weights]
        for site in probe.list_layers():
            own = graph_probe.find_training_losses(site, probe.losses)
            is_judge = site.network in ('dis', 'D_src')
            assert len(own) == 1 and (own == main) is (not is_judge), site.network
    finally:
        model.finalize()
