"""Whether convolutions of the layout NCHW run on this processor.

GPUs have them; on the CPU they come with oneDNN, which TensorFlow uses by itself from 2.9 on and
on some processors only (spec 22 section A2).
"""
from functools import lru_cache

from core.leras import nn

SIDE, CHANNELS = 8, 2


@lru_cache(maxsize=None)
def has_nchw_convolution(dtype_name: str = 'float32') -> bool:
    """Tries one, with its gradients, in a graph of its own on the CPU. TensorFlow must be loaded;
    the GPU is not touched."""
    tf = nn.tf
    with tf.Graph().as_default(), tf.device('/CPU:0'):
        image = tf.ones((1, CHANNELS, SIDE, SIDE), dtype_name)
        kernel = tf.ones((3, 3, CHANNELS, CHANNELS), dtype_name)
        result = tf.nn.conv2d(image, kernel, [1, 1, 2, 2], 'SAME', data_format='NCHW')
        gradients = tf.gradients(result, [image, kernel])
        with tf.Session(config=tf.ConfigProto(device_count={'GPU': 0})) as session:
            try:
                values = session.run([result] + gradients)[0]
            except (tf.errors.UnimplementedError, tf.errors.InvalidArgumentError):
                return False
    # TensorFlow 2.6 with oneDNN gives zeros on processors that are newer than it
    return float(values[0, 0, 0, 0]) == 9 * CHANNELS


def choose_cpu_format(dtype_name: str = 'float32') -> str:
    """'NCHW' where the CPU can compute it, else 'NHWC'."""
    return 'NCHW' if has_nchw_convolution(dtype_name) else 'NHWC'
