"""Base class of networks (spec 10 section 8)."""
import types
from typing import Any, Dict, List, Optional, Sequence

import numpy as np

from core import debug_areas
from core.interact import interact as io
from core.leras import nn

tf = nn.tf

# attributes that hold layers for bookkeeping, not for building
_BOOKKEEPING = ("layers", "layers_by_name", "run_placeholders")


class ModelBase(nn.Saveable):
    """A tree of layers and models, built when it is first called or asked for its weights.

    A subclass assigns its parts to attributes in `on_build(*args, **kwargs)` (the constructor's
    arguments) and connects them in `forward`. Names follow the attributes: `conv` gives the
    variables `<model>/conv/weight`, `<model>/conv/bias`; list elements `convs_0`, dict values
    `convs_<key>`; parts in tuples are not built. Attribute order is build order, order of
    `get_weights()` and order in the file. If `on_build` is a generator, what it has assigned is
    built at every `yield`.

    Only variables are made in the model's scope; ops of `forward` belong to the caller's. The
    variables are on the device that is active when the model is built.
    """

    def __init__(self, *args: Any, name: Optional[str] = None, **kwargs: Any) -> None:
        super().__init__(name=name)
        self.layers: List[Any] = []
        self.layers_by_name: Dict[str, Any] = {}
        self.built = False
        self.args = args
        self.kwargs = kwargs
        self.run_placeholders: Optional[List[Any]] = None

    def on_build(self, *args: Any, **kwargs: Any) -> Any:
        """Assigns the parts to attributes. Override."""

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Makes the ops. Override."""

    def _build_sub(self, part: Any, name: str) -> None:
        if isinstance(part, list):
            for i, element in enumerate(part):
                self._build_sub(element, "%s_%d" % (name, i))
        elif isinstance(part, dict):
            for key, element in part.items():
                self._build_sub(element, "%s_%s" % (name, key))
        elif isinstance(part, (nn.LayerBase, ModelBase)):
            if part.name is None:
                part.name = name
            if isinstance(part, nn.LayerBase):
                with nn.tf.variable_scope(part.name):
                    part.build_weights()
            else:
                part.build()
            self.layers.append(part)
            self.layers_by_name[part.name] = part

    def build(self) -> None:
        """Makes all variables."""
        with nn.tf.variable_scope(self.name):
            seen = set(_BOOKKEEPING)
            for _ in self._run_on_build():
                for name, value in list(vars(self).items()):
                    if name not in seen:
                        seen.add(name)
                        self._build_sub(value, name)
        self.built = True
        for layer in self.layers if debug_areas.is_on("layers") else ():
            if isinstance(layer, nn.LayerBase):
                debug_areas.tell("layers", "%s", ", ".join("%s %s" % (weight.name, weight.shape)
                                                           for weight in layer.get_weights()))

    def _run_on_build(self) -> Any:
        """Runs `on_build`, stopping after each of its steps."""
        steps = self.on_build(*self.args, **self.kwargs)
        if isinstance(steps, types.GeneratorType):
            for _ in steps:
                yield
        yield

    def get_weights(self) -> List[Any]:
        """All variables; builds the model if necessary."""
        if not self.built:
            self.build()
        return [weight for layer in self.layers for weight in layer.get_weights()]

    def get_layer_by_name(self, name: str) -> Any:
        """The direct part of that name, or None."""
        return self.layers_by_name.get(name, None)

    def get_layers(self) -> List[Any]:
        """All layers, those of inner models included; builds the model if necessary."""
        if not self.built:
            self.build()
        layers = []
        for part in self.layers:
            layers.extend(part.get_layers() if isinstance(part, ModelBase) else [part])
        return layers

    def xor_list(self, lst1: Sequence[Any], lst2: Sequence[Any]) -> List[Any]:
        """The elements that are in one list only."""
        return ([value for value in lst1 if value not in lst2]
                + [value for value in lst2 if value not in lst1])

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not self.built:
            self.build()
        return self.forward(*args, **kwargs)

    def build_for_run(self, shapes_list: Sequence[Any]) -> None:
        """Prepares `run` for inputs [(dtype, shape), ...]; `forward` gets them as one list."""
        if not isinstance(shapes_list, list) or not all(
                isinstance(item, (list, tuple)) and len(item) == 2 for item in shapes_list):
            raise ValueError("build_for_run needs a list of (dtype, shape), not %r"
                             % (shapes_list,))
        self.run_placeholders = [nn.tf.placeholder(dtype, shape) for dtype, shape in shapes_list]
        self.run_output = self.__call__(self.run_placeholders)

    def run(self, inputs: Sequence[np.ndarray]) -> Any:
        """The output for a list of arrays, one for each placeholder."""
        if self.run_placeholders is None:
            raise Exception("Call build_for_run before run.")
        if len(inputs) != len(self.run_placeholders):
            raise ValueError("%d inputs for %d placeholders" % (len(inputs),
                                                                len(self.run_placeholders)))
        return nn.tf_sess.run(self.run_output, feed_dict=dict(zip(self.run_placeholders, inputs)))

    def summary(self) -> None:
        """Logs a table of the layers with their numbers of parameters."""
        rows = [(str(layer).capitalize(), sum(int(np.prod(weight.shape.as_list()))
                                              for weight in layer.get_weights()))
                for layer in self.get_layers()]
        head = ("Layer", "Parameters")
        width = max([len(head[0])] + [len(text) for text, _ in rows])
        count_width = max([len(head[1])] + [len(str(count)) for _, count in rows])
        rule = "-" * (width + count_width + 7)
        lines = [rule, "| %s | %s |" % (head[0].center(width), head[1].center(count_width)), rule]
        lines += ["| %s | %s |" % (text.ljust(width), str(count).rjust(count_width))
                  for text, count in rows]
        lines += [rule, "Total number of parameters: %d" % sum(count for _, count in rows), rule]
        io.log_info("\n".join(lines))


nn.ModelBase = ModelBase
