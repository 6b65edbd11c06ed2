"""SubprocessGenerator without a process, for debugging (spec 41 section 3.3)."""
from typing import Callable, Iterator


class ThisThreadGenerator:
    """Iterator over `generator_func(user_param)` in the calling thread.

    A generator that ends or yields None ends the iteration.
    """

    def __init__(self, generator_func: Callable[[object], Iterator], user_param=None) -> None:
        super(ThisThreadGenerator, self).__init__()
        self.generator_func = generator_func
        self.user_param = user_param
        self._iterator = None
        self._ended = False

    def __iter__(self) -> 'ThisThreadGenerator':
        return self

    def __next__(self):
        if self._ended:
            raise StopIteration()
        if self._iterator is None:
            self._iterator = iter(self.generator_func(self.user_param))
            self.user_param = None
        item = next(self._iterator, None)
        if item is None:
            self._ended = True
            raise StopIteration()
        return item

    def __getstate__(self) -> dict:
        state = self.__dict__.copy()
        state['_iterator'] = None
        return state

    def close(self) -> None:
        """End the iteration."""
        self._ended = True
        self._iterator = None
