from .Model import Model

__all__ = ['Model']
