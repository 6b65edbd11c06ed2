"""Graph functions, registered as `nn.<name>` (spec 10 section 5)."""
import numpy as np

from core.leras import nn

tf = nn.tf

from .session import *          # noqa: E402,F401,F403
from .gradients import *        # noqa: E402,F401,F403
from .elementwise import *      # noqa: E402,F401,F403
from .spatial import *          # noqa: E402,F401,F403
from .sampling import *         # noqa: E402,F401,F403
from .sampling import _get_pixel_value  # noqa: E402,F401
from .losses import *           # noqa: E402,F401,F403
from .random import *           # noqa: E402,F401,F403
from .windows import *          # noqa: E402,F401,F403
