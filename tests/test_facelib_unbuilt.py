"""Placeholders of the networks that this version does not contain."""
import pytest

import facelib
from core.errors import UserError
from facelib.unbuilt import UnbuiltComponent


def test_networks_that_are_not_built_say_so():
    for name in ("S3FDExtractor", "FANExtractor", "FaceEnhancer", "XSegNet"):
        with pytest.raises(UserError) as error:
            getattr(facelib, name)(place_model_on_cpu=True)
        assert name in str(error.value) and error.value.remedies


def test_only_placeholders_are_left_out():
    assert all(issubclass(getattr(facelib, name), UnbuiltComponent) for name in (
        "S3FDExtractor", "FANExtractor", "FaceEnhancer", "XSegNet"))
    assert facelib.__all__[0] == "FaceType"
