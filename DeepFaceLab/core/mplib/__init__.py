"""Data shared between processes: lists, index sequences, blocks of memory."""
from .DictHost import DictHost, DictHostCli
from .IndexHost import Index2DHost, IndexHost
from .ListHost import ListHost
from .MPSharedList import MPSharedList

__all__ = ['DictHost', 'DictHostCli', 'Index2DHost', 'IndexHost', 'ListHost', 'MPSharedList']
