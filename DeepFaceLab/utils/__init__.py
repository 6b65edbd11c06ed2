"""Helpers that model plug-ins of the MVE fork import (spec 82 section A)."""
