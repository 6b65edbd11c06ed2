"""core/package_errors.py: a package that is missing ends in a sentence, not in a traceback."""
import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import main as main_module
from conftest import TREE
from core import package_errors
from core.joblib.worker_error import make_report
from core.leras.device import Devices
from core.leras.device_discovery import discover_devices
from core.package_errors import explain_import_error
from mainscripts import Trainer, verbs

ROOT = Path(__file__).parent.parent
TENSORFLOW_TEXT = '''Traceback (most recent call last):
  File "x.py", line 1, in <module>
ImportError: DLL load failed while importing _pywrap: The module could not be found.


Failed to load the native TensorFlow runtime.
See https://www.tensorflow.org/install/errors for some common causes and solutions.'''


def catch(statement):
    try:
        exec(statement, {"__name__": "core.something"})
    except ImportError as error:
        return error
    raise AssertionError("it can be imported")


@pytest.mark.parametrize("error, words", [
    (ModuleNotFoundError("No module named 'cv2'", name="cv2"),
     ["opencv-python is not installed for " + sys.executable, "-m pip install opencv-python",
      "`python3 dfl.py env`", "doctor"]),
    (ModuleNotFoundError("No module named 'google.protobuf'", name="google.protobuf"),
     ["protobuf cannot be loaded: No module named 'google.protobuf'"]),
    (ImportError("libGL.so.1: cannot open shared object file", name="cv2"),
     ["opencv-python cannot be loaded: libGL.so.1", "opencv-python-headless"]),
    (ImportError(TENSORFLOW_TEXT, name="tensorflow"),
     ["tensorflow cannot be loaded: ImportError: DLL load failed while importing _pywrap"]),
])
def test_sentence_and_remedies(error, words):
    text = str(explain_import_error(error))
    assert all(word in text for word in words), text
    assert "Traceback" not in text and "See https" not in text


@pytest.mark.parametrize("error", [
    catch("import core.no_such_module"), catch("from core.errors import NoSuchError"),
    ImportError("nobody knows where"), ValueError("x")], ids=repr)
def test_defects_of_this_tree_stay_defects(error):
    assert explain_import_error(error) is None


@pytest.mark.parametrize("place, is_told", [("site-packages", True), ("scripts", False)])
def test_package_that_does_not_tell_its_name(monkeypatch, tmp_path, place, is_told):
    """As TensorFlow's and NumPy's own errors: the traceback leads to it from this tree."""
    folder = tmp_path / place / "speechless"
    folder.mkdir(parents=True)
    (folder / "__init__.py").write_text("raise ImportError('its library is missing')")
    module = tmp_path / "tree" / "core"
    module.mkdir(parents=True)
    (module / "asking.py").write_text("import speechless")
    monkeypatch.setattr(package_errors, "TREE", tmp_path / "tree")
    monkeypatch.syspath_prepend(str(folder.parent))
    monkeypatch.syspath_prepend(str(module))
    for name in ("asking", "speechless"):
        monkeypatch.delitem(sys.modules, name, raising=False)
    text = str(explain_import_error(catch("import asking")))
    assert ("speechless cannot be loaded: its library is missing" in text) == is_told


def test_an_install_has_no_environment_to_make(monkeypatch, tmp_path):
    monkeypatch.setattr(package_errors, "TREE", tmp_path / "DeepFaceLab")
    remedies = package_errors.list_remedies("numpy", "")
    assert "scripts of the install" in remedies[0] and "dfl.py" not in "".join(remedies)


@pytest.fixture
def bare_python(tmp_path):
    """An interpreter without any package."""
    subprocess.check_call([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / "bare")])
    return str(tmp_path / "bare" / ("Scripts" if os.name == "nt" else "bin") / "python")


@pytest.mark.parametrize("line", [
    ["train", "--model", "SAEHD", "--model-dir", "m", "--training-data-src-dir", "s",
     "--training-data-dst-dir", "d"],
    ["sort", "--input-dir", "i", "--by", "hue"], ["util", "--list-env"]], ids=lambda line: line[0])
def test_python_without_packages(line, bare_python, tmp_path):
    """What `python3 main.py` is for a newcomer whose packages are in an environment."""
    done = subprocess.run([bare_python, str(TREE / "main.py")] + line, cwd=str(tmp_path),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
                          universal_newlines=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 1
    assert "numpy is not installed" in done.stderr and "dfl.py env" in done.stderr
    assert "Traceback" not in done.stderr


def test_verb(monkeypatch, capsys):
    def fail(path):
        raise catch("import no_such_package")
    monkeypatch.setattr(verbs, "start", lambda *args, **kwargs: type(
        "Script", (), {"remove_xseg": staticmethod(fail)}))
    assert main_module.main(["xseg", "remove", "--input-dir", "i"]) == 1
    assert "no_such_package is not installed" in capsys.readouterr().err


def test_worker():
    what, remedies, traceback_text, is_memory_short = make_report(catch("import no_such_package"))
    assert "no_such_package is not installed" in what and traceback_text is None
    assert "pip install no_such_package" in "".join(remedies) and not is_memory_short


def test_training(monkeypatch, capsys, tmp_path):
    """The trainer's thread hands the sentence to the main thread, which leaves with code 1."""
    def fail(self):
        raise catch("import no_such_package")
    monkeypatch.setattr(Trainer.TrainingLoop, "run", fail)
    with pytest.raises(Exception, match="no_such_package is not installed"):
        Trainer.main(model_class_name="SAEHD", saved_models_path=tmp_path, no_preview=True)
    captured = capsys.readouterr()
    assert "Traceback" not in captured.err + captured.out


def test_list_of_gpus(monkeypatch, capfd, tmp_path):
    """TensorFlow is missing: the driver is not to blame."""
    (tmp_path / "tensorflow").mkdir()
    (tmp_path / "tensorflow" / "__init__.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'tensorflow'\", name='tensorflow')")
    monkeypatch.syspath_prepend(str(tmp_path))      # the child gets it too
    assert discover_devices(Devices._get_tf_devices_proc) == {}
    out = capfd.readouterr().out
    assert "tensorflow is not installed" in out and "Continuing without GPU" in out
    assert "Traceback" not in out and "nvidia-smi" not in out


@pytest.mark.skipif(sys.version_info < (3, 8), reason="ast.parse takes no version")
@pytest.mark.parametrize("program", ["dfl.py", "DeepFaceLab/main.py"])
def test_old_python_reads_as_far_as_the_line_that_refuses_it(program):
    """Of the whole file its syntax has to do, of imports only what stands before the line."""
    tree = ast.parse((ROOT / program).read_text(encoding="ascii"), **{"feature_version": (3, 5)})
    docstring, future, sys_import, refusal = tree.body[:4]
    assert [name.name for name in future.names] == ["print_function"]     # Python 2
    assert [name.name for name in sys_import.names] == ["sys"]
    assert isinstance(refusal, ast.If) and "version_info" in ast.dump(refusal.test)
