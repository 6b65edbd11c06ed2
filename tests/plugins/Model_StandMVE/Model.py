"""Stand-in for a community model of the MVE fork: a small df network that calls every name of the
fork's table (spec 82 section A) as its models do. Written from that table, for the tests."""
import json
import multiprocessing
from pathlib import Path

import numpy as np

from core.cv2ex import cv2_imwrite
from core.interact import interact as io
from core.leras import nn
from facelib import FaceType
from models import ModelBase
from samplelib import *
from utils.label_face import label_face_filename
from utils.train_status_export import data_format_change, prepare_sample

FACE_TYPES = {'h': FaceType.HALF, 'mf': FaceType.MID_FULL, 'f': FaceType.FULL,
              'wf': FaceType.WHOLE_FACE, 'custom': FaceType.CUSTOM, 'head': FaceType.HEAD}
RETRAIN_EVERY = 3       # batches; their worst samples make one more step


class StandMVEModel(ModelBase):

    def on_initialize_options(self):
        yn_str = {True: 'y', False: 'n'}
        options = self.options
        for name, default in (('resolution', 32), ('face_type', 'wf'), ('inter_dims', 16),
                              ('preview_samples', 2), ('loss_function', 'SSIM'), ('lr', 5e-4),
                              ('ct_mode', 'none'), ('background_power', 0.1), ('cpu_cap', 2),
                              ('random_shadow', 'all'), ('eyes_prio', True), ('mouth_prio', False),
                              ('random_downsample', True), ('random_noise', True),
                              ('random_blur', True), ('random_jpeg', True),
                              ('random_color', True), ('session_name', ''),
                              ('maximum_n_backups', 24)):
            options[name] = self.load_or_def_option(name, default)
        options['src_pak_name'] = self.src_pak_name or self.load_or_def_option('src_pak_name', None)
        options['dst_pak_name'] = self.dst_pak_name or self.load_or_def_option('dst_pak_name', None)
        self.src_pak_name = options['src_pak_name']
        self.dst_pak_name = options['dst_pak_name']

        asks = (self.read_from_conf and not self.config_file_exists) or not self.read_from_conf
        if asks and (self.is_first_run() or self.ask_override()):
            self.ask_session_name()
            self.ask_autobackup_hour()
            self.ask_maximum_n_backups()
            self.ask_write_preview_history()
            options['preview_samples'] = int(np.clip(io.input_int(
                'Samples to preview', options['preview_samples'], add_info='1 - 16'), 1, 16))
            self.ask_target_iter()
            self.ask_retraining_samples()
            self.ask_random_src_flip()
            self.ask_random_dst_flip()
            self.ask_batch_size(2)
            options['loss_function'] = io.input_str(
                'Loss function', options['loss_function'], ['SSIM', 'MS-SSIM', 'MS-SSIM+L1'])
            for name in ('eyes_prio', 'mouth_prio', 'random_downsample', 'random_noise',
                         'random_blur', 'random_jpeg', 'random_color'):
                options[name] = io.input_bool('%s (%s)' % (name, yn_str[options[name]]),
                                              options[name])
            options['random_shadow'] = io.input_str('Random shadow', options['random_shadow'],
                                                    ['none', 'src', 'dst', 'all'])
            options['ct_mode'] = io.input_str(
                'Color transfer', options['ct_mode'],
                ['none', 'rct', 'lct', 'mkl', 'idt', 'sot', 'fs-aug', 'cc-aug'])
        if self.load_inter_dims() is False:
            options['inter_dims'] = 16

    def on_initialize(self):
        device_config = nn.getCurrentDeviceConfig()
        devices = device_config.devices
        self.model_data_format = 'NCHW' if len(devices) != 0 and not self.is_debug() else 'NHWC'
        nn.initialize(data_format=self.model_data_format)
        tf = nn.tf

        self.resolution = resolution = int(self.options['resolution'])
        self.face_type = FACE_TYPES[self.options['face_type']]
        inter_dims = int(self.options['inter_dims'])
        self.set_batch_size(max(1, self.get_batch_size()))

        archi = nn.DeepFakeArchi(resolution, opts='u')
        with tf.device(nn.tf_default_device_name):
            self.encoder = archi.Encoder(in_ch=3, e_ch=8, name='encoder')
            code_ch = self.encoder.get_out_ch() * self.encoder.get_out_res(resolution) ** 2
            self.inter = archi.Inter(in_ch=code_ch, ae_ch=inter_dims, ae_out_ch=inter_dims,
                                     name='inter')
            self.decoder_src = archi.Decoder(in_ch=inter_dims, d_ch=8, d_mask_ch=8,
                                             name='decoder_src')
            self.decoder_dst = archi.Decoder(in_ch=inter_dims, d_ch=8, d_mask_ch=8,
                                             name='decoder_dst')
            parts = [self.encoder, self.inter, self.decoder_src, self.decoder_dst]
            self.model_filename_list = [[part, part.name + '.npy'] for part in parts]
            weights = sum([part.get_weights() for part in parts], [])
            if self.is_training:
                self.opt = nn.AdaBelief(lr=float(self.options['lr']), lr_dropout=1.0, lr_cos=0,
                                        clipnorm=0.0, name='src_dst_opt')
                self.opt.initialize_variables(weights, vars_on_cpu=len(devices) == 0,
                                              lr_dropout_on_cpu=False)
                self.model_filename_list.append([self.opt, 'src_dst_opt.npy'])

        with tf.device('/CPU:0'):
            image_shape = nn.get4Dshape(resolution, resolution, 3)
            mask_shape = nn.get4Dshape(resolution, resolution, 1)
            self.inputs = [tf.placeholder(nn.floatx, shape, name='%s_%s' % (name, side))
                           for side in ('src', 'dst')
                           for name, shape in (('warped', image_shape), ('target', image_shape),
                                               ('mask', mask_shape), ('mask_em', mask_shape))]
        self._build_graph(weights)

        for part, filename in io.progress_bar_generator(self.model_filename_list, 'Initializing'):
            do_init = self.is_first_run()
            if not do_init:
                do_init = not part.load_weights(self.get_strpath_storage_for_file(filename))
            if do_init:
                part.init_weights()
        if self.is_training:
            self._retrain_buffer = []
            self._create_generators()

    def _build_graph(self, weights):
        warped_src, target_src, mask_src, em_src = self.inputs[:4]
        warped_dst, target_dst, mask_dst, em_dst = self.inputs[4:]
        src_code = self.inter(self.encoder(warped_src))
        dst_code = self.inter(self.encoder(warped_dst))
        pred_src, pred_src_mask = self.decoder_src(src_code)
        pred_dst, pred_dst_mask = self.decoder_dst(dst_code)
        swapped, swapped_mask = self.decoder_src(dst_code)

        view = [pred_src, pred_dst, pred_dst_mask, swapped, swapped_mask]
        self.AE_view = lambda src, dst: nn.tf_sess.run(
            view, {warped_src: src, warped_dst: dst})
        self.AE_merge = lambda dst: nn.tf_sess.run(
            [swapped, pred_dst_mask, swapped_mask], {warped_dst: dst})
        if not self.is_training:
            return
        src_loss = self._make_loss(target_src, pred_src, mask_src, pred_src_mask, em_src)
        dst_loss = self._make_loss(target_dst, pred_dst, mask_dst, pred_dst_mask, em_dst)
        gradients = nn.average_gv_list([nn.gradients(src_loss + dst_loss, weights)])
        update = self.opt.get_update_op(gradients)
        self.unpooled_train = lambda batch: nn.tf_sess.run(
            [src_loss, dst_loss, update], dict(zip(self.inputs, batch)))[:2]

    def _make_loss(self, target, pred, mask, pred_mask, em):
        """(batch,): the fork's image loss, priorities of eyes and mouth, mask loss."""
        tf, resolution = nn.tf, self.resolution
        blurred = tf.clip_by_value(nn.gaussian_blur(mask, max(1, resolution // 32)), 0, 0.5) * 2
        loss = self._make_image_loss(target * blurred, pred * blurred)
        if self.options['background_power'] > 0:
            loss += self.options['background_power'] * self._make_image_loss(target, pred)
        mouth = tf.clip_by_value(em - 2, 0, 1)
        eyes_mouth = tf.clip_by_value(em - 1, 0, 1)
        eyes = tf.clip_by_value(eyes_mouth - mouth, 0, 1)
        for is_on, part in ((self.options['eyes_prio'], eyes), (self.options['mouth_prio'], mouth)):
            if is_on:
                loss += tf.reduce_mean(300 * tf.abs(target * part - pred * part), axis=[1, 2, 3])
        return loss + tf.reduce_mean(10 * tf.square(mask - pred_mask), axis=[1, 2, 3])

    def _make_image_loss(self, target, pred):
        tf, kind = nn.tf, self.options['loss_function']
        if kind == 'SSIM':
            loss = tf.reduce_mean(10 * nn.dssim(target, pred, max_val=1.0,
                                                filter_size=int(self.resolution / 11.6)), axis=[1])
        else:
            measure = nn.MsSsim(self.get_batch_size(), 3, self.resolution,
                                use_l1=kind == 'MS-SSIM+L1')
            loss = 10 * measure(target, pred, max_val=1.0)
        if kind != 'MS-SSIM+L1':
            loss += tf.reduce_mean(10 * tf.square(target - pred), axis=[1, 2, 3])
        return loss

    def _create_generators(self):
        options = self.options
        sample_type, mask_type = SampleProcessor.SampleType, SampleProcessor.FaceMaskType
        channel_type = (SampleProcessor.ChannelType.LAB_RAND_TRANSFORM if options['random_color']
                        else SampleProcessor.ChannelType.BGR)
        workers = max(1, min(multiprocessing.cpu_count(), options['cpu_cap']) // 2)
        generators = []
        for side, path, pak_name in (
                ('src', self.training_data_src_path, self.src_pak_name),
                ('dst', self.training_data_dst_path, self.dst_pak_name)):
            common = {'face_type': self.face_type, 'data_format': nn.data_format,
                      'resolution': self.resolution}
            image = dict(common, sample_type=sample_type.FACE_IMAGE, transform=True,
                         channel_type=channel_type, ct_mode=options['ct_mode'],
                         random_shadow=options['random_shadow'] in (side, 'all'))
            mask = dict(common, sample_type=sample_type.FACE_MASK, warp=False, transform=True,
                        channel_type=SampleProcessor.ChannelType.G)
            generators.append(SampleGeneratorFace(
                path, pak_name, debug=self.is_debug(), batch_size=self.get_batch_size(),
                sample_process_options=SampleProcessor.Options(
                    scale_range=[-0.15, 0.15], random_flip=options['random_%s_flip' % side]),
                output_sample_types=[
                    dict(image, warp=True, random_downsample=options['random_downsample'],
                         random_noise=options['random_noise'], random_blur=options['random_blur'],
                         random_jpeg=options['random_jpeg']),
                    dict(image, warp=False),
                    dict(mask, face_mask_type=mask_type.FULL_FACE),
                    dict(mask, face_mask_type=mask_type.FULL_FACE_EYES)],
                generators_count=workers,
                ignore_same_path=self.training_data_src_path == self.training_data_dst_path))
        self.set_training_data_generators(generators)

    def onTrainOneIter(self):
        src, dst = self.generate_next_samples()
        src_loss, dst_loss = self.unpooled_train(list(src) + list(dst))
        if self.options['retraining_samples']:
            self._retrain_buffer.append((src, dst, src_loss, dst_loss))
            if len(self._retrain_buffer) == RETRAIN_EVERY:
                src_loss, dst_loss = self._retrain()
        return (('src_loss', np.mean(src_loss)), ('dst_loss', np.mean(dst_loss)))

    def _retrain(self):
        """One step on the samples with the highest losses, their targets in place of the warped."""
        buffer, self._retrain_buffer = self._retrain_buffer, []
        batch = []
        for side in (0, 1):
            worst = np.argsort(np.concatenate([x[2 + side] for x in buffer]))[::-1]
            outputs = [np.concatenate([x[side][i] for x in buffer])[worst[:self.get_batch_size()]]
                       for i in (1, 1, 2, 3)]
            batch += outputs
        return self.unpooled_train(batch)

    def onGetPreview(self, samples, for_history=False, filenames=None):
        n = min(self.get_batch_size(), self.options['preview_samples'])
        src, dst = samples[0][1][:n], samples[1][1][:n]
        results = [nn.to_data_format(x, 'NHWC', self.model_data_format)
                   for x in [src, dst] + self.AE_view(src, dst)]
        src, dst, pred_src, pred_dst, _, swapped, _ = [np.clip(x, 0, 1) for x in results]
        if filenames is not None and len(filenames) == 2:
            src = [label_face_filename(x, name) for x, name in zip(src, filenames[0])]
            dst = [label_face_filename(x, name) for x, name in zip(dst, filenames[1])]
        rows = [np.concatenate(row, axis=1)
                for row in zip(src, pred_src, dst, pred_dst, swapped)]
        return [('StandMVE', np.concatenate(rows, axis=0))]

    def generate_training_state(self):
        """The fork's training snapshot: every sample's losses, and its picture beside the swap."""
        folder = Path(self.get_strpath_storage_for_file('state_history')) / str(self.get_iter())
        folder.mkdir(parents=True, exist_ok=True)
        losses = {}
        for side, generator in zip(('src', 'dst'), self.get_training_data_generators()):
            losses[side] = {}
            for sample in generator.samples:
                prepared = prepare_sample(sample, self.options, self.resolution, self.face_type)
                bgr, mask, mask_em = [nn.to_data_format(data_format_change(x), nn.data_format,
                                                        'NCHW') for x in prepared]
                swapped = nn.to_data_format(self.AE_merge(bgr)[0], 'NHWC', self.model_data_format)
                name = Path(str(sample.filename)).name
                losses[side][name] = float(np.mean(np.abs(swapped[0] - prepared[0])))
                picture = np.concatenate([prepared[0], swapped[0]], axis=1)
                cv2_imwrite(str(folder / ('%s_%s' % (side, name))),
                            np.clip(picture * 255, 0, 255).astype(np.uint8))
        (folder / 'losses.json').write_text(json.dumps(losses))

    def get_model_filename_list(self):
        return self.model_filename_list

    def onSave(self):
        for part, filename in io.progress_bar_generator(self.get_model_filename_list(), 'Saving',
                                                        leave=False):
            part.save_weights(self.get_strpath_storage_for_file(filename))

    def predictor_func(self, face, func_morph_factor=1.0):
        face = nn.to_data_format(face[None, ...], self.model_data_format, 'NHWC')
        bgr, mask_dst, mask = [
            nn.to_data_format(x, 'NHWC', self.model_data_format).astype(np.float32)
            for x in self.AE_merge(face)]
        return bgr[0] * func_morph_factor + (1 - func_morph_factor) * nn.to_data_format(
            face, 'NHWC', self.model_data_format)[0], mask[0][..., 0], mask_dst[0][..., 0]

    def get_MergerConfig(self):
        import merger
        return (self.predictor_func, (self.resolution, self.resolution, 3),
                merger.MergerConfigMasked(face_type=self.face_type, default_mode='overlay',
                                          is_morphable=True))

    def get_config_schema_path(self):
        return Path(__file__).parent.absolute() / Path('config_schema.json')

    def get_formatted_configuration_path(self):
        return Path(__file__).parent.absolute() / Path('formatted_config.yaml')


Model = StandMVEModel
