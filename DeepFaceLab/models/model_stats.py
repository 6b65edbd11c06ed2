"""Measures a model on a few batches: per layer the spread of activations and gradients, of the
image and mask heads range, mean and saturation; and names the signatures of known failures.

Nothing is trained: no update op runs, no file is written. `models/graph_probe.py` finds what is
measured.
"""
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from core.errors import UserError
from core.interact import interact as io
from core.leras import nn

from .graph_probe import GraphProbe, Loss, Site, find_sigmoid_inputs, find_training_losses

SATURATED = (0.01, 0.99)        # outside, the gradient of a sigmoid is under 4 % of its largest

# Signatures of failures that went unnoticed for long (README, "Looking into a model").
DEAD_STD = 0.01                 # activations of an encoder
HEAD_RANGE = (-2.0, 3.0)        # of the image before its sigmoid; of one without a sigmoid, itself
SATURATED_IMAGE = 0.5           # share of a head's values
CONSTANT_MASK = (0.01, 0.99)    # mean

# Of all values of one or several tensors over the batches; NaN where a value is.
Summary = NamedTuple('Summary', [
    ('count', int), ('mean', float), ('std', float), ('low', float), ('high', float),
    ('saturated', float)])      # share outside of SATURATED

LayerStats = NamedTuple('LayerStats', [
    ('network', str), ('layer', str), ('kind', str),
    ('activation', Optional[Summary]),  # None: no training loss depends on it
    ('gradient', Optional[Summary])])   # of the training loss by the activation

HeadStats = NamedTuple('HeadStats', [
    ('network', str), ('head', str),    # image or mask
    ('output', Optional[Summary]),
    ('logits', Optional[Summary])])     # before the sigmoid; None when the head ends otherwise

ModelStats = NamedTuple('ModelStats', [
    ('model', str), ('iteration', int), ('batches', int), ('samples', int),
    ('layers', List[LayerStats]), ('heads', List[HeadStats]), ('warnings', List[str])])


class StepStopped(Exception):
    """A training step has come to the session."""


class FeedCatcher:
    """Stands in for the session during one training step: takes what it feeds and stops it."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self.feed: Optional[Dict[Any, Any]] = None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.session, name)

    def run(self, fetches: Any, feed_dict: Optional[Dict[Any, Any]] = None, **kwargs: Any) -> Any:
        self.feed = feed_dict
        raise StepStopped()


def catch_feed(model: Any) -> Dict[Any, Any]:
    """{placeholder: array} of the model's next training step, which does not take place."""
    catcher = FeedCatcher(nn.tf_sess)
    nn.tf_sess = catcher
    try:
        model.onTrainOneIter()
    except StepStopped:
        pass
    finally:
        nn.tf_sess = catcher.session
    if not catcher.feed:
        raise UserError('%s feeds nothing in a training step.' % model.get_model_name(), [
            'its training has to go through nn.tf_sess.run(fetches, feed_dict)'])
    return catcher.feed


# ---------------------------------------------------------------- in the graph

def derive_sites(sites: Sequence[Site], losses: Sequence[Loss]) -> List[List[Any]]:
    """For each site the gradients of its training losses by its tensors, None where a loss does
    not depend on a tensor."""
    groups: Dict[Any, List[int]] = {}       # sites with the same losses are derived in one pass
    for index, site in enumerate(sites):
        groups.setdefault(find_training_losses(site, losses), []).append(index)
    gradients: List[List[Any]] = [[] for _ in sites]
    for numbers, indices in groups.items():
        tensors = [find_source(sites[index], tensor) for index in indices
                   for tensor in sites[index].tensors]
        derived = iter(nn.tf.gradients([losses[number].tensor for number in numbers], tensors,
                                       colocate_gradients_with_ops=True))
        for index in indices:
            gradients[index] = [next(derived) for _ in sites[index].tensors]
    return gradients


def find_source(site: Site, tensor: Any) -> Any:
    """What a loss depends on when it depends on a tensor: of a head with a sigmoid what enters
    that, because a cross entropy may start there."""
    inputs = find_sigmoid_inputs(tensor) if site.kind == 'head' else []
    return inputs[0] if inputs else tensor


def reduce_tensor(tensor: Any) -> Any:
    """count, mean, variance, lowest, highest, values under and over SATURATED: float64 (7,)."""
    tf = nn.tf
    with tf.device(tensor.device or None):
        x = tf.cast(tensor, tf.float32)
        mean, variance = tf.nn.moments(tf.reshape(x, [-1]), [0])
        counts = [tf.reduce_sum(tf.cast(outside, tf.float32))
                  for outside in (x < SATURATED[0], x > SATURATED[1])]
        values = [mean, variance, tf.reduce_min(x), tf.reduce_max(x)] + counts
        return tf.stack([tf.cast(value, tf.float64) for value in [tf.size(x)] + values])


def summarise(rows: np.ndarray) -> Optional[Summary]:
    """One Summary of several tensors' reductions, (n, 7); None of nothing."""
    if len(rows) == 0:
        return None
    count, mean, variance, low, high = rows[:, :5].T
    total = count.sum()
    middle = (count * mean).sum() / total
    spread = (count * (variance + (mean - middle) ** 2)).sum() / total
    if not np.isfinite(mean).all():
        return Summary(int(total), *[float('nan')] * 5)
    return Summary(int(total), float(middle), float(np.sqrt(spread)), float(low.min()),
                   float(high.max()), float(rows[:, 5:].sum() / total))


class ModelMeter:
    """What measures a model, in the graph of a model that `probe` watched being built.

    Of a layer that is called several times all calls count on which its training loss depends.
    UserError for a model without layers or losses that can be seen.
    """

    def __init__(self, model: Any, probe: GraphProbe) -> None:
        self.model = model
        self.layers, self.heads = probe.list_layers(), probe.list_heads()
        if not self.layers or not probe.losses:
            raise UserError('%s has no %s that can be measured.' % (
                model.get_model_name(), 'loss' if self.layers else 'layer'), [
                    'its networks have to be nn.ModelBase with nn layers, its losses have to go '
                    'through nn.gradients'])
        sites = self.layers + self.heads
        self._reductions: List[Any] = []
        # of each site: where its activations are among the reductions, and what goes with them
        self._places = [self._add_site(site, gradients)
                        for site, gradients in zip(sites, derive_sites(sites, probe.losses))]
        self._fetch = nn.tf.stack(self._reductions)

    def _add_site(self, site: Site, gradients: Sequence[Any]) -> Tuple[slice, slice]:
        used = [(tensor, gradient) for tensor, gradient in zip(site.tensors, gradients)
                if gradient is not None]
        if site.kind == 'head':
            seconds = [logits for tensor, _ in used for logits in find_sigmoid_inputs(tensor)]
        else:
            seconds = [gradient for _, gradient in used]
        return self._add([tensor for tensor, _ in used]), self._add(seconds)

    def _add(self, tensors: Sequence[Any]) -> slice:
        first = len(self._reductions)
        self._reductions += [reduce_tensor(tensor) for tensor in tensors]
        return slice(first, len(self._reductions))

    def measure(self, batches: int) -> ModelStats:
        """Statistics over so many training batches."""
        results = [nn.tf_sess.run(self._fetch, feed_dict=catch_feed(self.model))
                   for _ in io.progress_bar_generator(range(batches), 'Measuring')]
        summaries = [[summarise(np.concatenate([result[place] for result in results]))
                      for place in pair] for pair in self._places]
        layers = [LayerStats(site.network, site.name, site.kind, *pair)
                  for site, pair in zip(self.layers, summaries)]
        heads = [HeadStats(site.network, site.name, *pair)
                 for site, pair in zip(self.heads, summaries[len(layers):])]
        return ModelStats(self.model.get_model_name(), self.model.get_iter(), batches,
                          batches * self.model.get_batch_size(), layers, heads,
                          find_warnings(layers, heads))


# ---------------------------------------------------------------- signatures of failures

def find_warnings(layers: Sequence[LayerStats], heads: Sequence[HeadStats]) -> List[str]:
    """One sentence for each signature of a known failure."""
    return (find_non_finite(layers, heads) + find_dead_encoders(layers)
            + find_lost_gradients(layers)
            + [warning for head in heads for warning in judge_head(head)])


def is_bad(summary: Optional[Summary]) -> bool:
    return summary is not None and not np.isfinite(summary.std)


def find_non_finite(layers: Sequence[LayerStats], heads: Sequence[HeadStats]) -> List[str]:
    """NaN or infinity: where it comes up first, for it spreads from there."""
    warnings = []
    bad = [layer for layer in layers if is_bad(layer.activation)]
    if bad:
        warnings.append('NaN or infinite activations in %d of %d layers, first in %s/%s.' % (
            len(bad), len(layers), bad[0].network, bad[0].layer))
    bad = [layer for layer in layers if is_bad(layer.gradient)]
    if bad:
        # gradients come from the other end
        warnings.append('NaN or infinite gradients in %d of %d layers, first in %s/%s.' % (
            len(bad), len(layers), bad[-1].network, bad[-1].layer))
    return warnings + ['%s %s: NaN or infinite values.' % (head.network, head.head)
                       for head in heads if is_bad(head.output)]


def find_dead_encoders(layers: Sequence[LayerStats]) -> List[str]:
    """Encoders (without one of that name: the first network) in which the picture dies away."""
    measured = [layer for layer in layers if layer.activation is not None]
    names = [layer.network for layer in measured]
    encoders = [name for name in names if 'encoder' in name.lower()] or names[:1]
    warnings = []
    for name in sorted(set(encoders), key=names.index):
        own = [layer for layer in measured if layer.network == name]
        dead = [layer for layer in own if layer.activation.std < DEAD_STD]
        if dead:
            warnings.append(
                '%s: the standard deviation of the activations is under %g in %d of %d layers, '
                'first in %s (%.2g): little of the face gets through.' % (
                    name, DEAD_STD, len(dead), len(own), dead[0].layer, dead[0].activation.std))
    return warnings


def find_lost_gradients(layers: Sequence[LayerStats]) -> List[str]:
    lost = [layer for layer in layers if layer.gradient is not None and layer.gradient.std == 0
            and layer.gradient.mean == 0]
    return ['The gradient is 0 in %d of %d layers, first in %s/%s: they learn nothing.' % (
        len(lost), len(layers), lost[0].network, lost[0].layer)] if lost else []


def judge_head(head: HeadStats) -> List[str]:
    output, logits = head.output, head.logits
    if output is None or is_bad(output):
        return []
    name, warnings = '%s %s: ' % (head.network, head.head), []
    if head.head == 'mask':
        if logits is not None and not CONSTANT_MASK[0] <= output.mean <= CONSTANT_MASK[1]:
            warnings.append('%sthe mean is %.3f: the mask is the same everywhere.' % (
                name, output.mean))
    elif logits is None:
        if output.low < HEAD_RANGE[0] or output.high > HEAD_RANGE[1]:
            warnings.append('%svalues from %.3g to %.3g, outside of %g..%g: a picture has 0 to 1.'
                            % ((name, output.low, output.high) + HEAD_RANGE))
    else:
        if not HEAD_RANGE[0] <= logits.mean <= HEAD_RANGE[1]:
            warnings.append(
                '%sthe mean before the sigmoid is %.3g, outside of %g..%g: the picture turns %s.'
                % ((name, logits.mean) + HEAD_RANGE
                   + ('black' if logits.mean < 0 else 'white', )))
        if output.saturated > SATURATED_IMAGE:
            warnings.append('%s%.0f %% of the values are saturated (outside of %g..%g).' % (
                (name, 100 * output.saturated) + SATURATED))
    return warnings
