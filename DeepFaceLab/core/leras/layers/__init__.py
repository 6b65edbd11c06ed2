"""Layers, registered as `nn.<Class>` (spec 10 sections 6 and 7)."""
import numpy as np

from core.leras import nn

tf = nn.tf

from .Saveable import *          # noqa: E402,F401,F403
from .LayerBase import *         # noqa: E402,F401,F403
from .KernelLayer import *       # noqa: E402,F401,F403
from .Conv2D import *            # noqa: E402,F401,F403
from .Conv2DTranspose import *   # noqa: E402,F401,F403
from .DepthwiseConv2D import *   # noqa: E402,F401,F403
from .Dense import *             # noqa: E402,F401,F403
from .BlurPool import *          # noqa: E402,F401,F403
from .BatchNorm2D import *       # noqa: E402,F401,F403
from .InstanceNorm2D import *    # noqa: E402,F401,F403
from .FRNorm2D import *          # noqa: E402,F401,F403
from .TLU import *               # noqa: E402,F401,F403
from .ScaleAdd import *          # noqa: E402,F401,F403
from .DenseNorm import *         # noqa: E402,F401,F403
from .AdaIN import *             # noqa: E402,F401,F403
from .TanhPolar import *         # noqa: E402,F401,F403
from .MsSsim import *            # noqa: E402,F401,F403
