import types

from core.leras import nn

tf = nn.tf


class ModelBase(nn.Saveable):
    def __init__(self, *args, name=None, **kwargs):
        super().__init__(name=name)
        self.layers = []
        self.layers_by_name = {}
        self.built = False
        self.args = args
        self.kwargs = kwargs
        self.run_placeholders = None

    def on_build(self, *args, **kwargs):
        pass

    def forward(self, *args, **kwargs):
        pass

    def _build_sub(self, layer, name):
        if isinstance(layer, list):
            for i, part in enumerate(layer):
                self._build_sub(part, "%s_%d" % (name, i))
        elif isinstance(layer, (nn.LayerBase, ModelBase)):
            layer.name = layer.name or name
            if isinstance(layer, nn.LayerBase):
                with tf.variable_scope(layer.name):
                    layer.build_weights()
            else:
                layer.build()
            self.layers.append(layer)
            self.layers_by_name[layer.name] = layer

    def build(self):
        with tf.variable_scope(self.name):
            before = set(vars(self))
            steps = self.on_build(*self.args, **self.kwargs)
            for _ in steps if isinstance(steps, types.GeneratorType) else [None]:
                pass
            for name in [name for name in vars(self) if name not in before]:
                self._build_sub(vars(self)[name], name)
        self.built = True

    def get_weights(self):
        if not self.built:
            self.build()
        return [w for layer in self.layers for w in layer.get_weights()]

    def get_layers(self):
        return self.layers

    def get_layer_by_name(self, name):
        return self.layers_by_name.get(name)

    def __call__(self, *args, **kwargs):
        if not self.built:
            self.build()
        return self.forward(*args, **kwargs)


nn.ModelBase = ModelBase
