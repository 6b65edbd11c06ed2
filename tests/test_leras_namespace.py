"""The complete public `nn.` namespace and the packages behind it (spec 10 sections 1 and 15).

Plug-in models call these by position and by keyword.
"""
import inspect
import subprocess
import sys

import pytest

from conftest import TREE
from core.leras import nn

BEFORE = {
    "initialize": "device_config=None, floatx='float32', data_format='NHWC'",
    "initialize_main_env": "", "set_floatx": "tf_dtype", "set_data_format": "data_format",
    "get4Dshape": "w, h, c", "to_data_format": "x, to_data_format, from_data_format",
    "getCurrentDeviceConfig": "", "setCurrentDeviceConfig": "device_config", "reset_session": "",
    "close_session": "",
    "ask_choose_device_idxs": "choose_only_one=False, allow_cpu=True, "
                              "suggest_best_multi_gpu=False, suggest_all_gpu=False",
}
FUNCTIONS = {
    "tf_get_value": "tensor", "batch_set_value": "tuples", "init_weights": "weights",
    "gradients": "loss, vars", "average_gv_list": "grad_var_list, tf_device_string=None",
    "average_tensor_list": "tensors_list, tf_device_string=None", "concat": "tensors_list, axis",
    "gelu": "x", "upsample2d": "x, size=2", "resize2d_bilinear": "x, size=2",
    "resize2d_nearest": "x, size=2", "flatten": "x", "max_pool": "x, kernel_size=2, strides=2",
    "reshape_4D": "x, w, h, c", "random_binomial": "shape, p=0.0, dtype=None, seed=None",
    "gaussian_blur": "input, radius=2.0",
    "style_loss": "target, style, gaussian_blur_radius=0.0, loss_weight=1.0, step_size=1",
    "dssim": "img1, img2, max_val, filter_size=11, filter_sigma=1.5, k1=0.01, k2=0.03",
    "space_to_depth": "x, size", "depth_to_space": "x, size", "rgb_to_lab": "srgb",
    "total_variation_mse": "images", "pixel_norm": "x, axes", "bilinear_sampler": "img, x, y",
    "get_gaussian_weights": "batch_size, in_ch, resolution, num_scale=5, "
                            "sigma=(0.5, 1.0, 2.0, 4.0, 8.0)",
}
CONV = ("use_bias=True, use_wscale=False, kernel_initializer=None, bias_initializer=None, "
        "trainable=True, dtype=None, **kwargs")
CLASSES = {
    "Saveable": "name=None", "LayerBase": "name=None", "ModelBase": "*args, name=None, **kwargs",
    "ArchiBase": "*args, name=None, **kwargs", "OptimizerBase": "name=None",
    "Conv2D": "in_ch, out_ch, kernel_size, strides=1, padding='SAME', dilations=1, " + CONV,
    "Conv2DTranspose": "in_ch, out_ch, kernel_size, strides=2, padding='SAME', " + CONV,
    "DepthwiseConv2D": "in_ch, kernel_size, strides=1, padding='SAME', depth_multiplier=1, "
                       "dilations=1, " + CONV,
    "Dense": "in_ch, out_ch, use_bias=True, use_wscale=False, maxout_ch=0, "
             "kernel_initializer=None, bias_initializer=None, trainable=True, dtype=None, **kwargs",
    "BlurPool": "filt_size=3, stride=2, **kwargs",
    "BatchNorm2D": "dim, eps=1e-05, momentum=0.1, dtype=None, **kwargs",
    "InstanceNorm2D": "in_ch, dtype=None, **kwargs", "FRNorm2D": "in_ch, dtype=None, **kwargs",
    "TLU": "in_ch, dtype=None, **kwargs", "ScaleAdd": "ch, dtype=None, **kwargs",
    "DenseNorm": "dense=False, eps=1e-06, dtype=None, **kwargs",
    "AdaIN": "in_ch, mlp_ch, kernel_initializer=None, dtype=None, **kwargs",
    "TanhPolar": "width, height, angular_offset_deg=270, **kwargs",
    "MsSsim": "batch_size, in_ch, resolution, kernel_size=11, use_l1=False, **kwargs",
    "RMSprop": "lr=0.001, rho=0.9, lr_dropout=1.0, lr_cos=0, clipnorm=0.0, name=None, **kwargs",
    "AdaBelief": "lr=0.001, beta_1=0.9, beta_2=0.999, lr_dropout=1.0, lr_cos=0, clipnorm=0.0, "
                 "name=None, **kwargs",
    "DeepFakeArchi": "resolution, use_fp16=False, mod=None, opts=None",
    "DeepFakeArchiBWTEST_NOPRINT": "resolution, use_fp16=False, mod=None, opts=None",
}
ON_BUILD = {
    "PatchDiscriminator": "patch_size, in_ch, base_ch=None, conv_kernel_initializer=None",
    "UNetPatchDiscriminator": "patch_size, in_ch, base_ch=16, use_fp16=False",
    "CodeDiscriminator": "in_ch, code_res, ch=256, conv_kernel_initializer=None",
    "XSeg": "in_ch, base_ch, out_ch",
}
METHODS = {
    ("OptimizerBase", "tf_clip_norm"): "g, c, n",
    ("RMSprop", "initialize_variables"): "trainable_weights, vars_on_cpu=True, "
                                         "lr_dropout_on_cpu=False",
    ("AdaBelief", "get_update_op"): "grads_vars", ("Saveable", "set_weights"): "new_weights",
    ("Saveable", "save_weights"): "filename, force_dtype=None",
    ("ModelBase", "build_for_run"): "shapes_list", ("ModelBase", "run"): "inputs",
    ("ModelBase", "xor_list"): "lst1, lst2", ("ModelBase", "get_layer_by_name"): "name",
    ("XSeg", "forward"): "inp, pretrain=False", ("TanhPolar", "warp"): "inp_t",
    ("UNetPatchDiscriminator", "find_archi"): "target_patch_size, max_layers=9",
}


@pytest.fixture(scope="module", autouse=True)
def engine():
    nn.initialize(nn.DeviceConfig.CPU())


def describe(function):
    """Parameters without annotations and without self, as they are written."""
    parameters = [p.replace(annotation=inspect.Parameter.empty)
                  for p in inspect.signature(function).parameters.values() if p.name != "self"]
    return str(inspect.Signature(parameters))[1:-1]


@pytest.mark.parametrize("name", sorted(BEFORE) + sorted(FUNCTIONS))
def test_functions(name):
    assert describe(getattr(nn, name)) == dict(BEFORE, **FUNCTIONS)[name]


@pytest.mark.parametrize("name", sorted(CLASSES))
def test_constructors(name):
    assert describe(getattr(nn, name).__init__) == CLASSES[name]


@pytest.mark.parametrize("name", sorted(ON_BUILD))
def test_networks_that_take_their_parameters_when_built(name):
    assert issubclass(getattr(nn, name), nn.ModelBase)
    assert describe(getattr(nn, name).on_build) == ON_BUILD[name]


@pytest.mark.parametrize("owner, name", sorted(METHODS))
def test_methods(owner, name):
    assert describe(getattr(getattr(nn, owner), name)) == METHODS[owner, name]


def test_initializer():
    assert describe(nn.initializers.ca.generate_batch) == "data_list, eps_std=0.05"
    assert callable(nn.initializers.ca())


def test_modules_hold_what_they_are_named_after():
    import importlib
    layers = [name for name in CLASSES if name in (
        "Saveable", "LayerBase", "Conv2D", "Conv2DTranspose", "DepthwiseConv2D", "Dense",
        "BlurPool", "BatchNorm2D", "InstanceNorm2D", "FRNorm2D", "TLU", "ScaleAdd", "DenseNorm",
        "AdaIN", "TanhPolar", "MsSsim")]
    for package, names in (("layers", layers),
                           ("optimizers", ["OptimizerBase", "RMSprop", "AdaBelief"]),
                           ("models", ["ModelBase"] + sorted(ON_BUILD)),
                           ("archis", ["ArchiBase", "DeepFakeArchi"])):
        whole = importlib.import_module("core.leras." + package)
        assert whole.nn is nn and whole.tf is nn.tf
        for name in names:
            module = importlib.import_module("core.leras.%s.%s" % (package, name))
            assert getattr(module, name) is getattr(nn, name) is getattr(whole, name)
    from core.leras import ops
    assert ops.tf_gradients is nn.gradients and callable(ops._get_pixel_value)
    assert all(getattr(ops, name) is getattr(nn, name) for name in FUNCTIONS
               if name != "gradients")
    from core.leras.models import patch_discriminator_kernels
    assert sorted(patch_discriminator_kernels) == list(range(1, 47))


def test_before_initialize():
    code = ("import sys, warnings; from core.leras import nn; "
            "from core.leras.nn import nn as same; assert nn is same and isinstance(nn, type); "
            "assert all(hasattr(nn, name) for name in %r); "
            "assert all(getattr(nn, name) is None for name in ('current_DeviceConfig', 'tf', "
            "'tf_sess', 'tf_sess_config', 'tf_default_device_name', 'data_format', "
            "'conv2d_ch_axis', 'conv2d_spatial_axes', 'floatx')); "
            "assert any(f[0] == 'ignore' and f[2] is FutureWarning for f in warnings.filters)"
            % (sorted(BEFORE),))
    subprocess.check_call([sys.executable, "-c", code], cwd=str(TREE))
