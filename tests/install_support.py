"""Stub installs of the three builds, a small package, and pictures of a whole folder."""
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parent.parent
OLD_TIME = 1600000000   # s, file times of everything in a stub install
RELEASED_SETENV = """@echo off
SET INTERNAL=%~dp0
SET INTERNAL=%INTERNAL:~0,-1%
SET PYTHON_PATH=%INTERNAL%\\python-3.6.8
SET PYTHON_EXECUTABLE=%PYTHON_PATH%\\python.exe
SET WORKSPACE=%INTERNAL%\\..\\workspace
SET DFL_ROOT=%INTERNAL%\\DeepFaceLab
"""
VERSION_H = """#define TF_MAJOR_VERSION {}
#define TF_MINOR_VERSION {}
#define TF_PATCH_VERSION {}
#define TF_VERSION_SUFFIX ""
"""
PYTHON_STUB = "#!/bin/sh\nexec {} \"$@\"\n"
SITE = "_internal/python-3.6.8/Lib/site-packages/"
BUILDS = {
    "RTX2080Ti": {SITE + "tensorflow/_api/v1/x.py": "", SITE + "tensorflow/include/tensorflow/"
                  "core/public/version.h": VERSION_H.format(1, 13, 1),
                  "_internal/CUDA/cudart64_100.dll": "", "_internal/CUDNN/cudnn64_7.dll": ""},
    "RTX3000": {SITE + "tensorflow/_api/v2/x.py": "", SITE + "tensorflow/include/tensorflow/"
                "core/public/version.h": VERSION_H.format(2, 6, 0),
                "_internal/CUDA/cudart64_110.dll": "", "_internal/CUDNN/Win10.0/cudnn64_8.dll": ""},
    "DirectX12": {SITE + "tensorflow_core/x.py": "", SITE + "tensorflow_core/DirectML.abc.dll": "",
                  SITE + "tensorflow_directml-1.15.5.dist-info/METADATA": "Version: 1.15.5\n"},
}
PRISTINE = "6) train SAEHD.bat"
EDITED = "7) merge SAEHD.bat"
FORK_MAIN = "print('the fork')\n"


def write_tree(folder, files):
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text if isinstance(text, bytes) else text.encode("utf-8"))


def make_install(folder, build="RTX3000", setenv=None, has_fork=False):
    """A stub install with an older source tree, a workspace with models, and scripts."""
    files = {
        "_internal/setenv.bat": setenv if setenv is not None
        else RELEASED_SETENV.replace("\n", "\r\n"),
        "_internal/python-3.6.8/python.exe": PYTHON_STUB.format(sys.executable),
        "_internal/DeepFaceLab/main.py": "print('the original')\n",
        "_internal/DeepFaceLab/core/old.py": "OLD = 1\n",
        "_internal/DeepFaceLab/core/__pycache__/old.cpython-36.pyc": b"\x00old",
        "_internal/DeepFaceLab/models/Model_MINE/Model.py": "MINE = 1\n",
        "_internal/DeepFaceLab/models/Model_SAEHD/Model.py": "SAEHD = 1\n",
        "_internal/DeepFaceLab/facelib/S3FD.npy": b"weights of S3FD",
        "_internal/DeepFaceLab/facelib/2DFAN.npy": b"weights of 2DFAN",
        "_internal/pretrain_faces/faceset.pak": b"faces",
        "_internal/_e/t/MainWindow_cfg.dat": b"settings",
        "_internal/ffmpeg/ffmpeg.exe": b"MZ",
        "workspace/model/me_SAEHD_data.dat": b"model",
        "workspace/model/me_SAEHD_encoder.npy": b"encoder",
        "workspace/data_dst.mp4": b"video",
        EDITED: "rem edited by the user\r\n",
        "my own.bat": "rem mine\r\n",
        PRISTINE: "rem as released\r\n",
    }
    files.update(BUILDS[build])
    if has_fork:
        files["_internal/DeepFaceLab_SAEHDBW/main.py"] = FORK_MAIN
    write_tree(folder, files)
    (folder / "_internal/python-3.6.8/python.exe").chmod(0o755)
    for path in sorted(folder.rglob("*")):
        os.utime(str(path), (OLD_TIME, OLD_TIME))
    return folder


def make_package(folder, version="1.0.0", more=None, verbs="start('train', 'core.new')\n"):
    """A small package with the real installer; its script table calls PRISTINE's text released."""
    import hashlib
    digest = hashlib.sha256(b"rem as released\r\n").hexdigest()
    files = {
        "DeepFaceLab/dfl_tree.json": json.dumps({"tree": "DeepFaceLab_TF1X", "version": version}),
        "DeepFaceLab/main.py": "print('ours {}')\n".format(version),
        "DeepFaceLab/core/new.py": "NEW = '{}'\n".format(version),
        "DeepFaceLab/mainscripts/verbs.py": verbs,
        "DeepFaceLab/models/Model_SAEHD/Model.py": "SAEHD = 2\n",
        "DeepFaceLab_SAEHDBW/main.py": "print('gray')\n",
        "bat/" + PRISTINE: "rem ours {}\r\n".format(version),
        "bat/" + EDITED: "rem ours\r\n", "bat/6) train SAEHDBW.bat": "rem gray\r\n",
        "bat/install.bat": "rem not for the root\r\n", "bat/uninstall.bat": "rem away\r\n",
        "bat/scripts.json": json.dumps({"scripts": [{"bat": PRISTINE, "released_sha256": digest}]}),
    }
    files.update(more or {})
    write_tree(folder, files)
    shutil.copytree(str(REPOSITORY / "patches" / "install_parts"),
                    str(folder / "patches" / "install_parts"),
                    ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(str(REPOSITORY / "patches" / "install.py"), str(folder / "patches" / "install.py"))
    return folder


def picture(folder):
    """{path: (bytes, modification time in ns)} of all files."""
    return {path.relative_to(folder).as_posix(): (path.read_bytes(), path.stat().st_mtime_ns)
            for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink()}


def command(package, root, *arguments):
    return [sys.executable, "-I", "-B", str(package / "patches" / "install.py"), "--root",
            str(root)] + list(arguments)


def run(package, root, *arguments, **options):
    """(exit code, printed text) of the installer as a process of its own."""
    done = subprocess.run(command(package, root, *arguments), stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=str(package),
                          timeout=200, **options)
    return done.returncode, done.stdout.decode("utf-8", "replace")


def make_caller(monkeypatch, *always):
    """call(package, root, *arguments) -> exit code of the installer, in this process. Nothing is
    flushed to the disk, which only a power cut would notice and which takes most of the time."""
    import install      # in the path of tests, not of benches
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)

    def call_main(package, root, *arguments):
        monkeypatch.setattr(install, "HERE", str(package / "patches"))
        return install.main(["--root", str(root)] + list(always) + list(arguments))
    return call_main
