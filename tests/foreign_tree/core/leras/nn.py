"""A tree that is not ours, as small as it can be: only the names that every tree of this kind has
(state, session, functions and classes registered on `nn`), built in its own way."""


class nn:
    current_DeviceConfig = None
    tf = None
    tf_sess = None
    tf_sess_config = None
    tf_default_device_name = None
    data_format = None
    conv2d_ch_axis = None
    conv2d_spatial_axes = None
    floatx = None

    @staticmethod
    def initialize(device_config=None, floatx="float32", data_format="NHWC"):
        if nn.tf is None:
            nn.setCurrentDeviceConfig(device_config or nn.DeviceConfig.CPU())
            import tensorflow
            if tensorflow.__version__.startswith("2"):
                nn.tf = tensorflow.compat.v1
                nn.tf.disable_v2_behavior()
            else:
                nn.tf = tensorflow
            from core.leras import layers, models, ops, optimizers  # noqa: F401
            nn.tf_sess_config = nn.tf.ConfigProto(device_count={"GPU": 0})
            nn.tf_default_device_name = "/CPU:0"
        if nn.tf_sess is None:
            nn.tf_sess = nn.tf.Session(config=nn.tf_sess_config)
        nn.set_floatx(getattr(nn.tf, floatx))
        nn.set_data_format(data_format)

    @staticmethod
    def initialize_main_env():
        pass

    @staticmethod
    def set_floatx(tf_dtype):
        nn.floatx = tf_dtype

    @staticmethod
    def set_data_format(data_format):
        nn.data_format = data_format
        nn.conv2d_ch_axis = {"NHWC": 3, "NCHW": 1}[data_format]
        nn.conv2d_spatial_axes = {"NHWC": [1, 2], "NCHW": [2, 3]}[data_format]

    @staticmethod
    def get4Dshape(w, h, c):
        return (None, h, w, c) if nn.data_format == "NHWC" else (None, c, h, w)

    @staticmethod
    def getCurrentDeviceConfig():
        return nn.current_DeviceConfig

    @staticmethod
    def setCurrentDeviceConfig(device_config):
        nn.current_DeviceConfig = device_config

    @staticmethod
    def reset_session():
        nn.tf.reset_default_graph()
        nn.tf_sess.close()
        nn.tf_sess = nn.tf.Session(config=nn.tf_sess_config)

    @staticmethod
    def close_session():
        nn.tf.reset_default_graph()
        nn.tf_sess.close()
        nn.tf_sess = None

    class DeviceConfig:
        def __init__(self, devices=None):
            self.devices = devices or []
            self.cpu_only = not self.devices

        @staticmethod
        def CPU():
            return nn.DeviceConfig()
