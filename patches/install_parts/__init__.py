"""The parts of patches/install.py: put this program onto a DeepFaceLab install and take it off.

Standard library only, Python 3.6 and newer. Everything is imported before anything is changed: an
uninstall moves this package away while it runs.
"""
