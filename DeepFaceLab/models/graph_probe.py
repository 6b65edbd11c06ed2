"""What a training graph consists of, noted while a model builds it: the outputs of its layers and
networks, and its losses.

The calls are noted through `nn` (spec 10 section 15), so this works for every model whose networks
are `nn.ModelBase` and whose losses go through `nn.gradients`. The graph itself is not changed.
"""
import contextlib
from typing import Any, Dict, Iterator, List, NamedTuple, Sequence, Tuple

from core.leras import nn

LAYER_CLASSES = ('Conv2D', 'Conv2DTranspose', 'DepthwiseConv2D', 'Dense')
IMAGE_CHANNELS = (1, 3)

# One layer or one output of a network, in every place where the graph has it.
Site = NamedTuple('Site', [
    ('network', str),       # first part of the variables' names, e.g. decoder_src
    ('name', str),          # the rest of a layer's name, e.g. res0/conv1; a head: image or mask
    ('kind', str),          # class of the layer; 'head'
    ('weights', List[Any]),
    ('tensors', List[Any]),
])

Loss = NamedTuple('Loss', [('tensor', Any), ('variables', List[Any])])


class GraphProbe:
    """`with probe.watch(): model = Model(...)`; then `list_layers` and `list_heads` tell, in the
    order in which the graph uses them, and `losses` holds what was derived."""

    def __init__(self) -> None:
        self.losses: List[Loss] = []
        self._layers: Dict[Any, List[Any]] = {}         # layer -> outputs of its calls
        self._networks: Dict[Any, List[Any]] = {}       # outermost network -> results of its calls
        self._depth = 0

    @contextlib.contextmanager
    def watch(self) -> Iterator[None]:
        """`nn` must be initialised. It is as before when this ends."""
        replaced = [(nn.LayerBase, '__call__', self._note_layer),
                    (nn.ModelBase, '__call__', self._note_network),
                    (nn, 'gradients', self._note_gradients)]
        originals = [(owner, name, vars(owner)[name]) for owner, name, _ in replaced]
        for owner, name, make in replaced:
            setattr(owner, name, make(getattr(owner, name)))
        try:
            yield
        finally:
            for owner, name, original in originals:
                setattr(owner, name, original)

    def _note_layer(self, call: Any) -> Any:
        classes = tuple(getattr(nn, name) for name in LAYER_CLASSES)

        def call_and_note(layer: Any, *args: Any, **kwargs: Any) -> Any:
            result = call(layer, *args, **kwargs)
            if isinstance(layer, classes):
                self._layers.setdefault(layer, []).append(result)
            return result
        return call_and_note

    def _note_network(self, call: Any) -> Any:
        def call_and_note(network: Any, *args: Any, **kwargs: Any) -> Any:
            self._depth += 1
            try:
                result = call(network, *args, **kwargs)
            finally:
                self._depth -= 1
            if self._depth == 0:
                self._networks.setdefault(network, []).append(result)
            return result
        return call_and_note

    def _note_gradients(self, derive: Any) -> Any:
        def derive_and_note(loss: Any, vars: Sequence[Any]) -> Any:
            self.losses.append(Loss(loss, list(vars)))
            return derive(loss, vars)
        return staticmethod(derive_and_note)

    def list_layers(self) -> List[Site]:
        """Every layer once."""
        sites = []
        for layer, tensors in self._layers.items():
            weights = layer.get_weights()
            network, _, name = weights[0].name.rpartition('/')[0].partition('/')
            sites.append(Site(network, name, type(layer).__name__, weights, tensors))
        return sites

    def list_heads(self) -> List[Site]:
        """Outputs with one or three channels of the networks that draw pictures: those that the
        loss with most variables trains (not the discriminators)."""
        trained = {weight.name for number in find_main_losses(self.losses)
                   for weight in self.losses[number].variables}
        sites = []
        for network, results in self._networks.items():
            weights = network.get_weights()
            if not any(weight.name in trained for weight in weights):
                continue
            name = weights[0].name.partition('/')[0]
            outputs = list(zip(*map(flatten, results)))
            logits = list_shown_logits([tensors[0] for tensors in outputs])
            for position, tensors in enumerate(outputs):
                if is_picture(tensors[0]) and tensors[0].name not in logits:
                    is_mask = bool(logits) or not is_image(tensors[0], position)
                    sites.append(Site(name, 'mask' if is_mask else 'image', 'head', weights,
                                      list(tensors)))
        return sites


def find_main_losses(losses: Sequence[Loss]) -> Tuple[int, ...]:
    """Numbers of those that train most variables: the generator's, one for each device."""
    most = max((len(loss.variables) for loss in losses), default=0)
    return tuple(number for number, loss in enumerate(losses) if len(loss.variables) == most)


def find_training_losses(site: Site, losses: Sequence[Loss]) -> Tuple[int, ...]:
    """Numbers of the losses by which a layer's weights are trained; of the main ones for weights
    that rest."""
    names = {weight.name for weight in site.weights}
    found = tuple(number for number, loss in enumerate(losses)
                  if any(variable.name in names for variable in loss.variables))
    return found or find_main_losses(losses)


def flatten(result: Any) -> List[Any]:
    """The tensors that a network returned: one, or a list or tuple of them."""
    return list(result) if isinstance(result, (list, tuple)) else [result]


def is_picture(tensor: Any) -> bool:
    shape = getattr(tensor, 'shape', None)
    return (shape is not None and shape.ndims == 4
            and shape.as_list()[nn.conv2d_ch_axis] in IMAGE_CHANNELS)


def is_image(tensor: Any, position: int) -> bool:
    """Three channels, or the first output (of a grey decoder image and mask have one channel)."""
    return tensor.shape.as_list()[nn.conv2d_ch_axis] == 3 or position == 0


def list_shown_logits(outputs: Sequence[Any]) -> List[str]:
    """Names of the outputs that come out once more behind a sigmoid, as XSeg's: the same head."""
    names = [tensor.name for tensor in outputs if is_picture(tensor)]
    return [logits.name for tensor in outputs if is_picture(tensor)
            for logits in find_sigmoid_inputs(tensor) if logits.name in names]


def find_sigmoid_inputs(tensor: Any) -> List[Any]:
    """What enters the sigmoid that a head ends with; [] when it ends with something else."""
    while tensor.op.type in ('Cast', 'Identity'):
        tensor = tensor.op.inputs[0]
    return [tensor.op.inputs[0]] if tensor.op.type == 'Sigmoid' else []
