"""Stand-in for a community model of the SAEHDBW fork: a small one-channel df network that calls the
names of the fork's table (spec 82 section B) as its model does. Written from that table, for the
tests."""
import os

import numpy as np

from core.interact import interact as io
from core.leras import nn
from facelib import FaceType
from models import ModelBase
from samplelib import *

IS_GRAY = any(name in os.environ for name in ('use_bw_input', 'color_input_and_grayscale_model'))


class StandBWModel(ModelBase):

    def on_initialize_options(self):
        self.options['resolution'] = self.load_or_def_option('resolution', 32)
        self.options['archi'] = self.load_or_def_option('archi', 'df-ud')
        if self.is_first_run() or self.ask_override():
            self.ask_autobackup_hour()
            self.ask_write_preview_history()
            self.ask_target_iter()
            self.ask_random_src_flip()
            self.ask_random_dst_flip()
            self.ask_batch_size(2)

    def on_initialize(self):
        devices = nn.getCurrentDeviceConfig().devices
        self.model_data_format = 'NCHW' if len(devices) != 0 and not self.is_debug() else 'NHWC'
        nn.initialize(data_format=self.model_data_format)
        tf = nn.tf
        resolution = self.resolution = self.options['resolution']
        self.face_type = FaceType.WHOLE_FACE
        input_ch = 1 if IS_GRAY else 3
        os.environ['dfl_model_parameters_string'] = ' B:%d %s R:%d' % (
            self.get_batch_size(), self.options['archi'], resolution)

        archi = nn.DeepFakeArchiBWTEST_NOPRINT(resolution, opts=self.options['archi'].split('-')[1])
        self.encoder = archi.Encoder(in_ch=input_ch, e_ch=8, name='encoder')
        code_ch = self.encoder.get_out_ch() * self.encoder.get_out_res(resolution) ** 2
        self.inter = archi.Inter(in_ch=code_ch, ae_ch=8, ae_out_ch=16, name='inter')
        self.decoder_src = archi.Decoder(in_ch=16, d_ch=8, d_mask_ch=8, name='decoder_src')
        self.decoder_dst = archi.Decoder(in_ch=16, d_ch=8, d_mask_ch=8, name='decoder_dst')
        parts = [self.encoder, self.inter, self.decoder_src, self.decoder_dst]
        for part in parts:
            part.summary()
        self.model_filename_list = [[part, part.name + '.npy'] for part in parts]
        weights = sum([part.get_weights() for part in parts], [])

        shape = nn.get4Dshape(resolution, resolution, input_ch)
        mask_shape = nn.get4Dshape(resolution, resolution, 1)
        inputs = [tf.placeholder(nn.floatx, x) for x in [shape, shape, mask_shape] * 2]
        warped_src, target_src, mask_src, warped_dst, target_dst, mask_dst = inputs
        src_code, dst_code = [self.inter(self.encoder(x)) for x in (warped_src, warped_dst)]
        pred_src, pred_src_mask = self.decoder_src(src_code)
        pred_dst, pred_dst_mask = self.decoder_dst(dst_code)
        swapped, swapped_mask = self.decoder_src(dst_code)
        self.AE_view = lambda src, dst: nn.tf_sess.run(
            [pred_src, pred_dst, swapped], {warped_src: src, warped_dst: dst})
        self.AE_merge = lambda dst: nn.tf_sess.run(
            [swapped, pred_dst_mask, swapped_mask], {warped_dst: dst})

        if self.is_training:
            self.opt = nn.RMSprop(lr=5e-4, lr_dropout=1.0, lr_cos=0, clipnorm=1.0,
                                  name='src_dst_opt')
            self.opt.initialize_variables(weights, vars_on_cpu=True, lr_dropout_on_cpu=False)
            self.model_filename_list.append([self.opt, 'src_dst_opt.npy'])
            losses = []
            for target, pred, mask, pred_mask in (
                    (target_src, pred_src, mask_src, pred_src_mask),
                    (target_dst, pred_dst, mask_dst, pred_dst_mask)):
                loss = tf.reduce_mean(10 * nn.dssim(target * mask, pred * mask, max_val=1.0,
                                                    filter_size=3), axis=[1])
                loss += tf.reduce_mean(10 * tf.square(target * mask - pred * mask), axis=[1, 2, 3])
                losses.append(loss + tf.reduce_mean(10 * tf.square(mask - pred_mask),
                                                    axis=[1, 2, 3]))
            update = self.opt.get_update_op(nn.gradients(losses[0] + losses[1], weights))
            self.src_dst_train = lambda batch: nn.tf_sess.run(losses + [update],
                                                              dict(zip(inputs, batch)))[:2]

        for part, filename in self.model_filename_list:
            do_init = self.is_first_run()
            if not do_init:
                do_init = not part.load_weights(self.get_strpath_storage_for_file(filename))
            if do_init:
                part.init_weights()
        if self.is_training:
            self._create_generators()

    def _create_generators(self):
        common = {'face_type': self.face_type, 'data_format': nn.data_format,
                  'resolution': self.resolution, 'transform': True,
                  'channel_type': SampleProcessor.ChannelType.G}
        image = dict(common, sample_type=SampleProcessor.SampleType.FACE_IMAGE)
        mask = dict(common, sample_type=SampleProcessor.SampleType.FACE_MASK, warp=False,
                    face_mask_type=SampleProcessor.FaceMaskType.FULL_FACE)
        self.set_training_data_generators([
            SampleGeneratorFace(
                path, debug=self.is_debug(), batch_size=self.get_batch_size(),
                sample_process_options=SampleProcessor.Options(random_flip=flip),
                output_sample_types=[dict(image, warp=True), dict(image, warp=False), mask],
                generators_count=1)
            for path, flip in ((self.training_data_src_path, self.random_src_flip),
                               (self.training_data_dst_path, self.random_dst_flip))])

    def onTrainOneIter(self):
        src, dst = self.generate_next_samples()
        src_loss, dst_loss = self.src_dst_train(src + dst)
        return (('src_loss', np.mean(src_loss)), ('dst_loss', np.mean(dst_loss)))

    def onGetPreview(self, samples, for_history=False):
        src, dst = samples[0][1], samples[1][1]
        pictures = [nn.to_data_format(x, 'NHWC', self.model_data_format)
                    for x in [src, dst] + self.AE_view(src, dst)]
        rows = [np.concatenate(row, axis=1) for row in zip(*pictures)]
        return [('StandBW', np.concatenate(rows, axis=0))]     # one channel

    def should_save_preview_history(self):
        name, default = ('preview_period_colab', 200) if io.is_colab() else ('preview_period', 500)
        return self.iter % int(os.environ.get(name, default)) == 0

    def get_model_filename_list(self):
        return self.model_filename_list

    def onSave(self):
        for part, filename in io.progress_bar_generator(self.get_model_filename_list(), 'Saving',
                                                        leave=False):
            part.save_weights(self.get_strpath_storage_for_file(filename))

    def predictor_func(self, face=None):
        """(S, S) gray or (S, S, 3) -> (S, S, 1) and two masks (S, S)."""
        face = face[..., None] if face.ndim == 2 else face
        batch = nn.to_data_format(face[None, ...], self.model_data_format, 'NHWC')
        picture, mask_dst, mask = [nn.to_data_format(x, 'NHWC', self.model_data_format)[0]
                                   for x in self.AE_merge(batch)]
        return picture, mask[..., 0], mask_dst[..., 0]

    def get_MergerConfig(self):
        import merger
        return (self.predictor_func, (self.resolution, self.resolution, 1),
                merger.MergerConfigMasked(face_type=self.face_type, default_mode='overlay'))


Model = StandBWModel
