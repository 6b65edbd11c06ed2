"""A method of a host object that is made at the first call (spec 41 section 3.4)."""
from .MPFunc import MPFunc


class MPClassFuncOnDemand(MPFunc):
    """`MPFunc` for `class_handle(**class_kwargs).class_func_name`; most networks are never
    asked."""

    def __init__(self, class_handle: type, class_func_name: str, **class_kwargs) -> None:
        self.class_handle = class_handle
        self.class_func_name = class_func_name
        self.class_kwargs = class_kwargs
        self.class_inst = None
        super(MPClassFuncOnDemand, self).__init__(self._call_method)

    def _call_method(self, *args, **kwargs):
        if self.class_inst is None:
            self.class_inst = self.class_handle(**self.class_kwargs)
        return getattr(self.class_inst, self.class_func_name)(*args, **kwargs)
