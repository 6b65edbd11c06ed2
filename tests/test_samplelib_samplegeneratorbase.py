"""What every generator has in common (spec 30 section 7.1)."""
import pytest

from samplelib import SampleGeneratorBase
from samplelib.SampleGeneratorBase import split_second_argument


class Counting(SampleGeneratorBase):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.count = 0

    def __next__(self):
        self.count += 1
        return [self.count]


def test_attributes_and_stubs():
    generator = SampleGeneratorBase(batch_size=4)
    assert (generator.debug, generator.batch_size, generator.last_generation,
            generator.active) == (False, 4, None, True)
    assert SampleGeneratorBase(debug=True, batch_size=4).batch_size == 1
    assert iter(generator) is generator and next(generator) is None
    assert generator.is_initialized() is True
    assert not hasattr(generator, "generators")
    generator.close()


def test_an_inactive_generator_repeats_its_last_batch():
    generator = Counting()
    generator.set_active(False)
    assert generator.generate_next() == [1]  # there is none to repeat yet
    assert generator.generate_next() == [1] and generator.count == 1
    generator.set_active(True)
    assert generator.generate_next() == [2] and generator.last_generation == [2]
    assert next(generator) == [3] and generator.last_generation == [2]


@pytest.mark.parametrize("second, debug, paks, expected", [
    (False, None, None, (False, None)), (True, None, None, (True, None)),
    (False, True, None, (True, None)), (None, None, None, (False, None)),
    (None, True, None, (True, None)), ("src", True, None, (True, "src")),
    ("src", None, None, (False, "src")), (["a", None], False, None, (False, ["a", None])),
    (True, None, "src", (True, "src"))])
def test_second_argument_of_two_families(second, debug, paks, expected):
    assert split_second_argument(second, debug, paks) == expected
