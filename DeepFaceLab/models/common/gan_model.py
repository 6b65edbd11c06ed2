"""What SAEHD and AMP do alike: from the answered options to a graph with its weights and feeds."""
from typing import Any, Dict, List, Sequence, Tuple

from core.leras import nn

from . import memory_levers
from .face_feeds import create_face_feeds
from .face_model import FaceModel
from .face_options import fix_gan_patch_size
from .placement import Placement
from .weights import load_or_init_weights


class GanModel(FaceModel):
    """Base of the models with options whose faces a discriminator may judge.

    A subclass has `plan_placement` and the methods below that raise NotImplementedError.

    :cvar optional_parts: attributes of the networks and optimizers that come when their power is
        first set; their files may be missing then.
    :ivar gan_power: the option; 0 is no discriminator.
    :ivar gan_model_changed: this start gives the discriminator another shape.
    """

    optional_parts: Sequence[str] = ()
    pretrain_just_disabled = False

    def _take_options(self) -> None:
        """Attributes and effective settings from the answered options."""
        raise NotImplementedError

    def _build_graph(self, plan: Placement) -> None:
        """Networks, and what trains them or merges with them."""
        raise NotImplementedError

    def _list_saved_parts(self) -> List[list]:
        """[[saveable, file name], ...] in the order of saving."""
        raise NotImplementedError

    def _list_training_fetches(self) -> Dict[str, list]:
        """{training function: what it fetches}."""
        raise NotImplementedError

    def _must_init(self, part: Any) -> bool:
        """Whether a part starts anew without looking for its file."""
        raise NotImplementedError

    def _may_reset(self, part: Any) -> bool:
        """Whether a part starts anew when its file does not fit."""
        raise NotImplementedError

    def _may_be_new(self, part: Any) -> bool:
        """Whether a part may have no file yet."""
        return any(part is getattr(self, name, None) for name in self.optional_parts)

    # override
    def list_memory_levers(self) -> List[Tuple[str, dict, bool]]:
        # not is_first_run: iteration 0 after pretraining is no new model
        return memory_levers.list_memory_levers(
            self.options, len(self.device_config.devices) != 0, not self.saved_options)

    # override
    def build_training_step(self, placement: Placement) -> Dict[str, list]:
        if self.gan_power != 0:
            fix_gan_patch_size(self)
            self._take_options()
        self._build_graph(placement)
        return self._list_training_fetches()

    # override
    def on_initialize(self) -> None:
        self.placement = plan = self.plan_placement()
        self.model_data_format = plan.data_format
        nn.initialize(data_format=self.model_data_format)

        self._build_graph(plan)
        self.model_filename_list = self._list_saved_parts()
        load_or_init_weights(self, self._must_init, may_reset=self._may_reset,
                             may_be_new=self._may_be_new)
        if self.is_training:
            self.set_training_data_generators(create_face_feeds(self, self.get_generator_class()))
            if self.pretrain_just_disabled:
                self.update_sample_for_preview(force_new=True)
