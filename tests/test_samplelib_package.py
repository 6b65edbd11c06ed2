"""Names of the package, and what importing it costs (spec 30 section 1)."""
import importlib
import subprocess
import sys

import samplelib

NAMES = ["Sample", "SampleType", "SampleLoader", "SampleProcessor", "SampleGeneratorBase",
         "SampleGeneratorFace", "SampleGeneratorFacePerson", "SampleGeneratorFaceTemporal",
         "SampleGeneratorImage", "SampleGeneratorImageTemporal",
         "SampleGeneratorFaceCelebAMaskHQ", "SampleGeneratorFaceXSeg", "PackedFaceset"]


def test_every_name_is_a_class_and_hides_its_module():
    assert samplelib.__all__ == NAMES
    for name in NAMES:
        assert isinstance(getattr(samplelib, name), type), name
        if name != "SampleType":
            module = importlib.import_module("samplelib." + name)
            assert sys.modules["samplelib." + name] is module
            assert getattr(module, name) is getattr(samplelib, name)


def test_names_of_the_modules():
    for module, names in (
            ("PackedFaceset", ["packed_faceset_filename"]),
            ("SampleLoader", ["FaceSamplesLoaderSubprocessor"]),
            ("SampleGeneratorFaceXSeg", ["SegmentedSampleFilterSubprocessor"]),
            ("SampleGeneratorFacePerson", ["Index2DHost"]),
            ("SampleGeneratorFaceCelebAMaskHQ", ["MaskType", "MaskType_to_name",
                                                 "MaskType_from_name"])):
        module = importlib.import_module("samplelib." + module)
        assert all(hasattr(module, name) for name in names)
    assert importlib.import_module("samplelib.PackedFaceset").packed_faceset_filename == (
        "faceset.pak")


def test_any_module_can_be_imported_first_and_none_needs_tensorflow():
    """What a worker process imports, in the orders that plug-ins use."""
    code = ("import sys\nfrom %s import *\nimport samplelib\n"
            "assert 'tensorflow' not in sys.modules\n"
            "assert samplelib.PackedFaceset.load and samplelib.SampleLoader.load")
    for module in ("samplelib.PackedFaceset", "samplelib.batch_worker"):
        done = subprocess.run([sys.executable, "-c", code % module], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
        assert done.returncode == 0, done.stdout.decode()
