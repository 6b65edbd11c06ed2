"""What can be saved to and loaded from a weights file (spec 10 section 6)."""
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Union

import numpy as np

from core import persist
from core.interact import interact as io
from core.leras import nn
from core.leras.weights_file import (WeightsMismatchError, fit_value, read_weights_file,
                                     weight_key)

tf = nn.tf


class Saveable(object):
    """Base of layers, models and optimizers: a name and a list of variables."""

    # While a model is saved as one generation: function (saveable, path, force_dtype) that takes
    # part in place of the file system, so that all weights are read in one session call and all
    # files become visible together.
    save_sink = None

    def __init__(self, name: Optional[str] = None) -> None:
        self.name = name

    def get_weights(self) -> List[Any]:
        """The variables, in the order of the file. Override."""
        return []

    def get_weights_np(self) -> List[np.ndarray]:
        """The values, read in one session call."""
        weights = self.get_weights()
        return nn.tf_sess.run(weights) if len(weights) != 0 else []

    def set_weights(self, new_weights: Sequence[np.ndarray]) -> None:
        """Assigns values, each reshaped to its variable; ValueError for another count."""
        weights = self.get_weights()
        if len(weights) != len(new_weights):
            raise ValueError("%d values for the %d weights of %s" % (
                len(new_weights), len(weights), self.name))
        nn.batch_set_value([(weight, np.reshape(value, weight.shape.as_list()))
                            for weight, value in zip(weights, new_weights)])

    def get_file_content(self, values: Optional[Sequence[np.ndarray]] = None,
                         force_dtype: Any = None) -> Dict[str, np.ndarray]:
        """What the weights file holds: key -> value, in order.

        `values`: the weights in order, from a caller that reads several models at once (a model's
        files in one `nn.batch_get_value`); default: read here, in one session call.
        """
        if self.name is None:
            raise Exception("A Saveable without a name cannot be saved.")
        weights = self.get_weights()
        keys = [weight_key(weight.name, self.name) for weight in weights]
        if values is None:
            values = nn.batch_get_value(weights)
        if force_dtype is not None:
            values = [value.astype(force_dtype) for value in values]
        return dict(zip(keys, values))

    def dump_weights(self, values: Optional[Sequence[np.ndarray]] = None,
                     force_dtype: Any = None) -> bytes:
        """The bytes of the weights file, see `get_file_content`."""
        return persist.dumps(self.get_file_content(values, force_dtype))

    def save_weights(self, filename: Union[str, Path], force_dtype: Any = None) -> None:
        """Writes all weights to a file, atomically; with a `save_sink`, hands them to it."""
        if Saveable.save_sink is not None:
            Saveable.save_sink(self, Path(filename), force_dtype)
            return
        content = self.get_file_content(force_dtype=force_dtype)
        persist.write_stream(filename, lambda file: persist.dump(content, file))

    def load_weights(self, filename: Union[str, Path], on_mismatch: str = "raise") -> bool:
        """Loads a weights file (spec 10 section 6.3); builds the model if necessary.

        False if the file does not exist: the caller initialises. True if it is loaded. Keys that
        the model does not know are left; weights that the file lacks get their initial values,
        and the log names them. Values of another dtype or of another shape with as many elements
        fit.

        A file that does not belong to this model (a weight of another size, or not a single known
        weight) raises WeightsMismatchError with the weight's name and assigns nothing: a caller
        that initialises on False would otherwise train a random network on and save it over the
        user's file. `on_mismatch="report"` logs it and returns False, as older versions did
        without the log line. A damaged or unsafe file always raises a UserError.
        """
        path = Path(filename)
        if not path.exists():
            return False
        values = read_weights_file(path)
        try:
            self._assign_file_values(values, path)
        except WeightsMismatchError as error:
            if on_mismatch != "report":
                raise
            io.log_err(str(error))
            return False
        return True

    def _assign_file_values(self, values: Any, path: Path) -> None:
        if self.name is None:
            raise Exception("A Saveable without a name cannot be loaded.")
        weights = self.get_weights()
        known, absent, reshaped = [], [], []
        for weight in weights:
            key = weight_key(weight.name, self.name)
            if key not in values:
                absent.append(weight)
                continue
            shape = weight.shape.as_list()
            known.append((weight, fit_value(values[key], shape, weight.name, path)))
            if list(np.shape(values[key])) != shape:
                reshaped.append(key)
        if weights and not known:
            raise WeightsMismatchError(
                weights[0].name, path, weights[0].shape.as_list(), None,
                "%s: none of the weights of %r is in this file, e.g. %s" % (
                    path, self.name, weights[0].name))
        if reshaped:
            io.log_info("%s: reshaped to fit this model: %s" % (path.name, _listing(reshaped)))
        if absent:
            io.log_info("%s: not in the file, set to initial values: %s" % (
                path.name, _listing([weight.name for weight in absent])))
            nn.init_weights(absent)
        nn.batch_set_value(known)

    def init_weights(self) -> None:
        """Sets the initial values."""
        nn.init_weights(self.get_weights())


def _listing(names: Sequence[str]) -> str:
    shown = ", ".join(names[:8])
    return shown if len(names) <= 8 else "%s and %d more" % (shown, len(names) - 8)


nn.Saveable = Saveable
