"""Segmentation of face pictures: the network XSeg with its files (spec 40 section 7).

Importing it does not import TensorFlow.
"""
from pathlib import Path
from typing import Any, List, Optional, Tuple

import numpy as np

from core.errors import UserError
from core.interact import interact as io
from core.leras import nn

CPU = '/CPU:0'
BASE_CHANNELS = 32
MIN_VALUE = 0.1         # of a mask; what is less becomes 0
UNKNOWN_VALUE = 0.5     # of a mask without a trained network


class XSegNet(object):
    """The network, its optimizer when training, and their weights files.

    Files: `<name>_<resolution>.npy`, and `<name>_<resolution>_opt.npy` when training.
    Attributes: `resolution`, `weights_file_root`, `model_filename_list` ([part, file name] in
    the order of saving), `input_t`, `target_t`, `model` (nn.XSeg), `model_weights`, `opt` when
    training, else `net_run`; `initialized`: False while inference has no weights.
    """

    VERSION = 1

    def __init__(self, name: str, resolution: int = 256, load_weights: bool = True,
                 weights_file_root: Optional[Path] = None, training: bool = False,
                 place_model_on_cpu: bool = False, run_on_cpu: bool = False,
                 optimizer: Any = None, data_format: str = 'NHWC',
                 raise_on_no_model_files: bool = False, defer_weights: bool = False) -> None:
        """
        Arguments:
            name: scope of the variables and beginning of the file names; `XSeg` in use.
            resolution: side of the pictures; the network is made for 256.
            load_weights: False gives initial values without looking for files.
            weights_file_root: folder of the files; default: of this module.
            training: keep the optimizer's state; no `extract`.
            place_model_on_cpu, run_on_cpu: where variables and computation are.
            optimizer: of `nn`, required when training (ValueError).
            data_format: NHWC or NCHW; becomes that of `nn`.
            raise_on_no_model_files: a missing file is a UserError; otherwise a part that is
                trained starts anew and inference is not `initialized`, which the log says.
            defer_weights: only the graph is built, without a session.

        A file of another network is a UserError that names the weight.
        """
        if defer_weights:
            nn.prepare()
            nn.set_data_format(data_format)
        else:
            nn.initialize(data_format=data_format)
        self.resolution = resolution
        self.weights_file_root = (Path(weights_file_root) if weights_file_root is not None
                                  else Path(__file__).parent)
        self.initialized = False
        self._build_model(name, training, place_model_on_cpu, optimizer)
        if not training:
            self._build_inference(CPU if run_on_cpu else nn.tf_default_device_name)
        if not defer_weights:
            self.initialized = self._fill_weights(load_weights, training,
                                                  raise_on_no_model_files)

    def _build_model(self, name: str, training: bool, place_model_on_cpu: bool,
                     optimizer: Any) -> None:
        tf, side = nn.tf, self.resolution
        self.model_filename_list: List[List[Any]] = []
        with tf.device(CPU):
            self.input_t = tf.placeholder(nn.floatx, nn.get4Dshape(side, side, 3))
            self.target_t = tf.placeholder(nn.floatx, nn.get4Dshape(side, side, 1))
        with tf.device(CPU if place_model_on_cpu else nn.tf_default_device_name):
            self.model = nn.XSeg(3, BASE_CHANNELS, 1, name=name)
            self.model_weights = self.model.get_weights()
            if training:
                if optimizer is None:
                    raise ValueError('XSegNet needs an optimizer for training.')
                self.opt = optimizer
                self.opt.initialize_variables(self.model_weights, vars_on_cpu=place_model_on_cpu)
                self.model_filename_list.append([self.opt, '%s_%d_opt.npy' % (name, side)])
        self.model_filename_list.append([self.model, '%s_%d.npy' % (name, side)])

    def _build_inference(self, device: str) -> None:
        with nn.tf.device(device):
            _, pred = self.model(self.input_t)

        def net_run(images: np.ndarray) -> np.ndarray:
            """(n, r, r, 3) -> (n, r, r, 1), of the network's data format."""
            return nn.tf_sess.run([pred], feed_dict={self.input_t: images})[0]
        self.net_run = net_run

    def _fill_weights(self, load_weights: bool, training: bool, must_exist: bool) -> bool:
        """Loads or initialises every part; False if inference has no file."""
        for part, filename in self.model_filename_list:
            path = self.weights_file_root / filename
            if load_weights and part.load_weights(path):
                continue
            if load_weights and must_exist:
                raise UserError('There is no trained XSeg network: {} is missing.'.format(path), [
                    'Train one: main.py train --model XSeg, with this model folder.',
                    'Or copy {} of a trained one into this folder.'.format(filename)])
            if load_weights and not training:
                io.log_err('{} is missing: there are no XSeg masks, they count as half '
                           'transparent everywhere. Train XSeg, or copy the file of a trained '
                           'one there.'.format(path))
                return False
            if load_weights:
                io.log_err('{} is missing, this part starts from initial values.'.format(path))
            part.init_weights()
        return True

    def get_resolution(self) -> int:
        return self.resolution

    def flow(self, x: Any, pretrain: bool = False) -> Tuple[Any, Any]:
        """Tensor of pictures -> (logits, mask in 0..1); pretrain shuts the skip connections."""
        return self.model(x, pretrain=pretrain)

    def get_weights(self) -> List[Any]:
        return self.model_weights

    def save_weights(self) -> None:
        """Writes all files, with a progress bar."""
        for part, filename in io.progress_bar_generator(self.model_filename_list, 'Saving',
                                                        leave=False):
            part.save_weights(self.weights_file_root / filename)

    def extract(self, input_image: np.ndarray) -> np.ndarray:
        """Mask of one picture (r, r, 3), or masks of (n, r, r, 3); float BGR 0..1 of the
        network's data format.

        (r, r, 1) or (n, r, r, 1), 0..1, values below 0.1 set to 0. Without weights a constant
        0.5 of shape (r, r, 1), whatever the input: callers take that for no network.
        """
        if not self.initialized:
            return np.full((self.resolution, self.resolution, 1), UNKNOWN_VALUE,
                           nn.floatx.as_numpy_dtype)
        is_single = input_image.ndim == 3
        images = input_image[None, ...] if is_single else input_image
        masks = np.clip(self.net_run(images), 0, 1.0)
        masks[masks < MIN_VALUE] = 0
        return masks[0] if is_single else masks
