from .Model import Model
