"""Worker processes: sample generators, item processors, calls back into the host."""
from .MPClassFuncOnDemand import MPClassFuncOnDemand
from .MPFunc import MPFunc
from .SubprocessGenerator import SubprocessGenerator
from .SubprocessorBase import Subprocessor
from .ThisThreadGenerator import ThisThreadGenerator

__all__ = ['MPClassFuncOnDemand', 'MPFunc', 'SubprocessGenerator', 'Subprocessor',
           'ThisThreadGenerator']
