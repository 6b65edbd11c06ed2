"""The life of a SAEHD model: first run, files and their sizes, resuming, pretraining, previews,
merging side, one-channel models."""
from types import SimpleNamespace

import numpy as np
import pytest
import saehd_support as support
from core import persist
from core.errors import UserError


def make_model(folder, monkeypatch, channels: int = 3, model_class=None, **kwargs):
    """A model on fixed batches; options come from the folder's data.dat."""
    module = support.get_model_module()
    support.start_engine()
    support.quiet_prompts(monkeypatch)
    resolution = kwargs.pop('resolution', 64)
    monkeypatch.setattr(module, 'SampleGeneratorFace',
                        support.make_generator_class(resolution, channels))
    arguments = dict(support.list_arguments(folder), is_training=True)
    arguments.update(kwargs)
    return (model_class or module.Model)(**arguments)


def start_model(folder, monkeypatch, iteration: int = 0, **changes):
    """A model with given options; at iteration 0 they come in as default options."""
    options = support.make_options(**changes)
    support.write_model_folder(folder, options, iteration)
    (folder / 'SAEHD_default_options.dat').write_bytes(persist.dumps(options))
    return make_model(folder, monkeypatch, resolution=options['resolution'])


def count_conv(kernel, in_ch, out_ch):
    return kernel * kernel * in_ch * out_ch + out_ch


def count_upscale(in_ch, out_ch):
    return count_conv(3, in_ch, 4 * out_ch)


def count_residual(ch):
    return 2 * count_conv(3, ch, ch)


def count_parameters(o) -> dict:
    """Parameters of every network's file of a `liae-ud` model (spec 21 section 13)."""
    ae, e, d, m = [o[x] for x in ('ae_dims', 'e_dims', 'd_dims', 'd_mask_dims')]
    side, low, out, code = o['resolution'] // 16, o['resolution'] // 32, 2 * ae, 4 * ae
    encoder = (count_conv(5, 3, e) + count_conv(5, e, 2 * e) + count_conv(5, 2 * e, 4 * e)
               + count_conv(5, 4 * e, 8 * e))
    flat = 8 * e * side ** 2
    inter = (flat * ae + ae) + (ae * low ** 2 * out + low ** 2 * out) + count_upscale(out, out)
    decoder = (count_upscale(code, 8 * d) + count_upscale(8 * d, 4 * d)
               + count_upscale(4 * d, 2 * d) + count_residual(8 * d) + count_residual(4 * d)
               + count_residual(2 * d) + count_conv(1, 2 * d, 3) + 3 * count_conv(3, 2 * d, 3)
               + count_upscale(code, 8 * m) + count_upscale(8 * m, 4 * m)
               + count_upscale(4 * m, 2 * m) + count_upscale(2 * m, m) + count_conv(1, m, 1))
    return dict(encoder=encoder, inter_AB=inter, inter_B=inter, decoder=decoder)


def test_files_have_the_sizes_of_the_formula(tmp_path, monkeypatch):
    """RMSprop keeps one slot a weight; AdaBelief's two are in the sizes on disk below."""
    model = start_model(tmp_path, monkeypatch, archi='liae-ud', adabelief=False)
    model.save()
    expected = count_parameters(model.options)
    expected['src_dst_opt'] = sum(expected.values())
    for name, count in expected.items():
        arrays = persist.load(tmp_path / ('p_SAEHD_%s.npy' % name))
        extra = 8 if name.endswith('opt') else 0
        assert sum(np.asarray(x).nbytes for x in arrays.values()) == 4 * count + extra, name
    files = sorted(x.name for x in tmp_path.glob('p_SAEHD_*.npy'))
    assert files == sorted('p_SAEHD_%s.npy' % x for x in expected)


# spec 21 section 13: sizes on disk of files that an older version wrote
DISK_SIZES = dict(encoder=1081625, inter=427600, decoder_src=5773203, decoder_dst=5773203,
                  code_discriminator=526690, GAN=15056, src_dst_opt=26113277,
                  D_code_opt=1053405, GAN_opt=30417)


def test_files_have_the_reference_sizes_on_disk(tmp_path, monkeypatch):
    model = start_model(tmp_path, monkeypatch, true_face_power=0.01, gan_power=0.1,
                        gan_dims=4)
    model.train_one_iter()
    model.save()
    sizes = {x.name[len('p_SAEHD_'):-len('.npy')]: x.stat().st_size
             for x in tmp_path.glob('p_SAEHD_*.npy')}
    assert sizes == DISK_SIZES
    order = [name for _, name in model.get_model_filename_list()]
    assert order == ['encoder.npy', 'inter.npy', 'decoder_src.npy', 'decoder_dst.npy',
                     'code_discriminator.npy', 'GAN.npy', 'src_dst_opt.npy', 'D_code_opt.npy',
                     'GAN_opt.npy']


def write_networks(folder, monkeypatch):
    """The networks' files of a model with the usual options, no optimizer's: a small graph."""
    module = support.get_model_module()
    with monkeypatch.context() as patch:
        patch.setattr(module, 'load_or_init_weights',
                      lambda model, *args, **kwargs: support.set_weights(model))
        support.write_model_folder(folder, support.make_options())
        make_model(folder, patch, is_training=False).onSave()


def read_encoder(model):
    return model.encoder.get_weights_np()[0]


def test_resumed_model_goes_on_where_it_was(tmp_path, monkeypatch):
    model = start_model(tmp_path, monkeypatch, archi='liae-ud')
    assert model.is_first_run()
    losses = [model.onTrainOneIter() for _ in range(2)]
    assert [name for name, _ in losses[0]] == ['src_loss', 'dst_loss']
    model.iter = 2
    model.save()
    saved = {name: part.get_weights_np() for part, name in model.get_model_filename_list()}

    resumed = make_model(tmp_path, monkeypatch)
    assert resumed.get_iter() == 2
    for part, name in resumed.get_model_filename_list():
        for ours, before in zip(part.get_weights_np(), saved[name]):
            np.testing.assert_array_equal(ours, before, err_msg=name)

    merging = make_model(tmp_path, monkeypatch, is_training=False)
    assert [x for _, x in merging.get_model_filename_list()] == [
        'encoder.npy', 'inter_AB.npy', 'inter_B.npy', 'decoder.npy']
    face = support.make_batch('face', 1, 64)[1][0]
    image, mask, dst_mask = merging.predictor_func(face)
    assert image.shape == (64, 64, 3) and mask.shape == dst_mask.shape == (64, 64)
    assert image.dtype == mask.dtype == np.float32
    swapped, _, swapped_mask = merging.AE_merge(face[None])
    np.testing.assert_array_equal(image, swapped[0])
    np.testing.assert_array_equal(mask, swapped_mask[0, ..., 0])


def test_merging_refuses_missing_weights(tmp_path, monkeypatch):
    support.write_model_folder(tmp_path, support.make_options(), iteration=5)
    with pytest.raises(UserError, match='encoder.npy'):
        make_model(tmp_path, monkeypatch, is_training=False)


def test_a_lost_file_is_told_and_another_optimizer_goes_on_counting(tmp_path, monkeypatch, capsys):
    model = start_model(tmp_path, monkeypatch)
    model.train_one_iter()
    model.save()
    encoder, inter = read_encoder(model), model.inter.get_weights_np()[0]
    (tmp_path / 'p_SAEHD_inter.npy').unlink()
    monkeypatch.setenv('DFL_ADABELIEF', 'n')
    monkeypatch.setenv('DFL_GAN_POWER', '0.1')
    capsys.readouterr()

    resumed = make_model(tmp_path, monkeypatch)
    errors = [x for x in capsys.readouterr().out.splitlines() if x.startswith('/!\\')]
    assert len(errors) == 1 and 'p_SAEHD_inter.npy' in errors[0], errors    # none for the new GAN
    np.testing.assert_array_equal(read_encoder(resumed), encoder)
    assert (resumed.inter.get_weights_np()[0] != inter).any()
    iters, *slots = resumed.src_dst_opt.get_weights_np()
    assert iters == 1 and all('acc_' in x.name for x in resumed.src_dst_opt.get_weights()[1:])
    assert not any(x.any() for x in slots)


def test_weights_of_another_size_stop_the_start(tmp_path, monkeypatch):
    write_networks(tmp_path, monkeypatch)
    support.write_model_folder(tmp_path, support.make_options(ae_dims=48), iteration=5)
    for is_training in (True, False):
        with pytest.raises(UserError, match='inter/dense1/weight'):
            make_model(tmp_path, monkeypatch, is_training=is_training)


def test_new_gan_size_resets_only_the_gan(tmp_path, monkeypatch):
    model = start_model(tmp_path, monkeypatch, gan_power=0.1, gan_dims=4)
    model.iter = 1
    model.save()
    encoder = read_encoder(model)

    module = support.get_model_module()
    ask = module.options.ask_options

    def ask_and_change(model):
        ask(model)
        model.options['gan_dims'] = 8
        model.gan_model_changed = True
    monkeypatch.setattr(module.options, 'ask_options', ask_and_change)
    changed = make_model(tmp_path, monkeypatch)
    np.testing.assert_array_equal(read_encoder(changed), encoder)
    assert changed.D_src.get_weights()[0].shape.as_list() == [3, 3, 8, 16]
    changed.train_one_iter()


def test_end_of_pretraining_keeps_all_but_the_codes(tmp_path, monkeypatch):
    model = start_model(tmp_path, monkeypatch, archi='liae-ud', pretrain=True, gan_power=0.1)
    assert not hasattr(model, 'D_src') and model.gan_power == 0.0
    assert model.options_show_override['gan_power'] == 0.0
    fixed = model.inter_AB.get_weights_np()[0]
    for _ in range(2):
        model.train_one_iter()
    np.testing.assert_array_equal(model.inter_AB.get_weights_np()[0], fixed)
    assert all(str(x.args[0]).endswith('pretrain')
               for x in model.get_training_data_generators())
    model.save()
    encoder, code = read_encoder(model), model.inter_B.get_weights_np()[0]

    monkeypatch.setenv('DFL_PRETRAIN', '0')
    resumed = make_model(tmp_path, monkeypatch)
    assert resumed.pretrain_just_disabled and resumed.get_iter() == 0
    assert resumed.get_loss_history() == []
    np.testing.assert_array_equal(read_encoder(resumed), encoder)
    assert (resumed.inter_B.get_weights_np()[0] != code).any()
    assert resumed.src_dst_opt.get_weights_np()[0] == 2


def leave_out_the_graph(monkeypatch):
    module = support.get_model_module()
    monkeypatch.setattr(module.Model, '_build_graph', lambda self, devices: None)
    monkeypatch.setattr(module.networks, 'list_saved_parts', lambda *args: [])


@pytest.mark.parametrize('iteration, archi, kept', [
    (0, 'df', []), (0, 'liae', []), (1, 'df', ['encoder', 'decoder_src', 'decoder_dst']),
    (1, 'liae', ['encoder', 'decoder'])])
def test_a_new_model_reads_no_file_also_where_the_last_new_one_pretrained(
        iteration, archi, kept, tmp_path, monkeypatch):
    """Its default options are on then, and `n` looks like the end of pretraining: weights that
    lie there without their data.dat are not gone on with all the same, as the log says."""
    from models.common.layouts import LAYOUTS
    leave_out_the_graph(monkeypatch)
    loaded = []

    def record(model, must_init, **kwargs):
        model.layout = LAYOUTS[archi]
        for name in model.layout.net_names:
            setattr(model, name, name)
        loaded.extend(name for name in model.layout.net_names if not must_init(name))
    monkeypatch.setattr(support.get_model_module(), 'load_or_init_weights', record)
    monkeypatch.setattr(support.get_model_module().Model, 'update_sample_for_preview',
                        lambda *args, **kwargs: None)
    monkeypatch.setenv('DFL_PRETRAIN', 'n')
    model = start_model(tmp_path, monkeypatch, iteration, archi=archi, pretrain=True)
    assert model.pretrain_just_disabled and model.get_iter() == 0
    assert loaded == kept


@pytest.mark.parametrize('channels', [3, 1])
def test_debug_mode_tiles_real_samples(channels, facesets, tmp_path, monkeypatch, capsys):
    """Real generators in this process, one sample a batch with its landmarks drawn."""
    module = support.get_model_module()
    leave_out_the_graph(monkeypatch)
    monkeypatch.setattr(module.Model, 'channels', channels)
    support.start_engine()
    support.quiet_prompts(monkeypatch)
    support.write_model_folder(tmp_path, support.make_options(batch_size=4, random_warp=True))
    arguments = dict(support.list_arguments(tmp_path), training_data_src_path=facesets.src,
                     training_data_dst_path=facesets.dst)
    model = module.Model(is_training=True, debug=True, **arguments)
    assert model.model_data_format == 'NHWC' and 'cannot be shown' not in capsys.readouterr().out
    for batches in model.generate_next_samples():
        assert [x.shape for x in batches] == [(1, 64, 64, channels)] * 2 + [(1, 64, 64, 1)] * 2
        assert all(x.dtype == np.float32 and x.max() > 0 for x in batches)
    picture = model.debug_one_iter()
    assert picture.ndim == 3 and picture.shape[0] * picture.shape[1] >= 8 * 64 * 64
    model.finalize()


def test_samples_are_asked_for_as_the_options_say(tmp_path, monkeypatch):
    leave_out_the_graph(monkeypatch)
    model = start_model(tmp_path, monkeypatch, ct_mode='rct', random_hsv_power=0.1,
                        random_src_flip=True, uniform_yaw=True)
    src, dst = model.get_training_data_generators()
    assert src.args[0] == tmp_path / 'src' and dst.args[0] == tmp_path / 'dst'
    assert src.kwargs['random_ct_samples_path'] == tmp_path / 'dst'
    assert 'random_ct_samples_path' not in dst.kwargs
    assert src.kwargs['sample_process_options'].random_flip
    assert not dst.kwargs['sample_process_options'].random_flip
    assert src.kwargs['uniform_yaw_distribution'] and dst.kwargs['uniform_yaw_distribution']
    warped, target, mask, em = src.kwargs['output_sample_types']
    assert warped['warp'] and not target['warp'] and not mask['warp'] and not em['warp']
    assert warped['ct_mode'] == target['ct_mode'] == 'rct'
    assert warped['random_hsv_shift_amount'] == 0.1
    assert 'random_hsv_shift_amount' not in target
    assert 'ct_mode' not in dst.kwargs['output_sample_types'][0]
    assert mask['face_mask_type'].name == 'FULL_FACE' and em['face_mask_type'].name == 'EYES_MOUTH'
    assert all(x['transform'] and x['resolution'] == 64 for x in (warped, target, mask, em))


@pytest.mark.parametrize('resolution, names', [
    (64, ['SAEHD', 'SAEHD masked']),
    (288, ['SAEHD src-src', 'SAEHD dst-dst', 'SAEHD pred', 'SAEHD masked src-src',
           'SAEHD masked dst-dst', 'SAEHD masked pred'])])
def test_previews(resolution, names):
    from facelib import FaceType
    from models.common.swap_preview import draw_previews
    support.start_engine()
    samples = [support.make_batch(x, 3, resolution) for x in ('src0', 'dst0')]
    (_, src, src_mask, _), (_, dst, dst_mask, _) = samples
    model = SimpleNamespace(
        AE_view=lambda a, b: [a * .5, b * .5, dst_mask, b * .25, src_mask],
        channels=3, face_type=FaceType.WHOLE_FACE, model_class_name='SAEHD',
        resolution=resolution, get_batch_size=lambda: 3)
    pictures = draw_previews(model, samples)
    assert [name for name, _ in pictures] == names
    rows = min(3, 800 // resolution)
    columns = 5 if resolution <= 256 else 2
    for _, picture in pictures:
        assert picture.shape == (rows * resolution, columns * resolution, 3)
    last = pictures[-1][1][-resolution:, -resolution:]
    np.testing.assert_allclose(last, (dst * .25 * dst_mask * src_mask)[rows - 1])
    if resolution <= 256:
        first = pictures[1][1][:resolution, :resolution]
        np.testing.assert_allclose(first, (src * src_mask)[0])


@pytest.mark.parametrize('names, pretrain, src, dst', [
    ((None, None), False, {}, {}), (('a', 'b'), True, {}, {}),
    (('a', 'b'), False, dict(pak_name='a', ct_pak_name='b'), dict(pak_name='b'))])
def test_paks_by_name_are_asked_for_where_they_are_given(names, pretrain, src, dst):
    model = SimpleNamespace(src_pak_name=names[0], dst_pak_name=names[1], pretrain=pretrain)
    assert support.get_model_module().SAEHDModel._name_paks(model) == (src, dst)


def test_one_channel_model_learns(tmp_path, monkeypatch):
    """A gray model is the same class with channels = 1 (forward pass and training steps)."""
    from models.Model_SAEHD.Model import SAEHDModel

    class GrayModel(SAEHDModel):
        channels = 1
    GrayModel.__module__ = SAEHDModel.__module__
    options = support.make_options(gan_power=0.1, gan_dims=4, face_style_power=1.0)
    support.write_model_folder(tmp_path, options)
    (tmp_path / 'p_SAEHD_data.dat').unlink()
    (tmp_path / 'SAEHD_default_options.dat').write_bytes(persist.dumps(options))
    model = make_model(tmp_path, monkeypatch, channels=1, model_class=GrayModel)
    assert model.bgr_shape == (None, 64, 64, 1)
    types = model.get_training_data_generators()[0].kwargs['output_sample_types']
    assert [x['channel_type'].name for x in types] == ['G'] * 4
    before = model.encoder.get_weights_np()
    assert before[0].shape == (5, 5, 1, 16)
    losses = [[value for _, value in model.onTrainOneIter()] for _ in range(2)]
    assert np.isfinite(losses).all()
    assert (model.encoder.get_weights_np()[0] != before[0]).any()
    _, target, _, _ = support.make_batch('view', 2, 64, 1)
    shapes = [x.shape for x in model.AE_view(target, target)]
    assert shapes == [(2, 64, 64, 1)] * 5
    assert all(x.shape[-1] == 1 for _, x in model.get_previews())
