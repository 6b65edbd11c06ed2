"""Every numbered script under the batch interpreter of wine, with a recorder in place of
python.exe, from a folder with a blank, an ampersand and Cyrillic letters (spec 70 section 12)."""
import time

import pytest

import bat_support
from bat_support import BAT, FIXED, ODD_FOLDER, TABLE, expected_calls, fill_windows, to_windows

MISSING = bat_support.find_missing()
pytestmark = [pytest.mark.slow, pytest.mark.skipif(MISSING is not None, reason=str(MISSING))]
ENTRIES = {entry["bat"]: entry for entry in TABLE
           if "bat" in entry and entry["kind"] != "installer"}
CALLING = [name for name in ENTRIES if expected_calls(name)]
CODE = 5


@pytest.fixture(scope="module")
def wine(tmp_path_factory):
    wine = bat_support.Wine(tmp_path_factory.mktemp("wine"))
    yield wine
    wine.stop()


@pytest.fixture(scope="module")
def install(wine, tmp_path_factory):
    folder = tmp_path_factory.mktemp("install") / ODD_FOLDER
    bat_support.make_stub_install(folder, wine.recorder)
    for program in ("XnViewMP/xnviewmp.exe", "EbSynth/EbSynth.exe"):
        (folder / "_internal" / program).write_bytes(wine.recorder.read_bytes())
    return folder


def main_of(entry, root):
    tree = entry["calls"][0].get("root", "DFL_ROOT").replace("DFL_ROOT", "DeepFaceLab")
    return to_windows(root) + "\\_internal\\" + tree + "\\main.py"


@pytest.mark.parametrize("name", CALLING)
def test_script_calls_what_the_table_says_and_returns_its_code(wine, install, name):
    arguments = [r"C:\film & (x86)\Жук.mp4"] if "{ARG1}" in str(expected_calls(name)) else []
    code, text, records = wine.run(install / name, *arguments, RECORD_CODE=str(CODE))
    expected = fill_windows(expected_calls(name), install)
    expected = [[word.replace("{ARG1}", (arguments or [""])[0]) for word in call]
                for call in expected]
    main = main_of(ENTRIES[name], install)
    assert [record["ARG"] for record in records] == [[main] + call for call in expected]
    assert code == CODE
    assert "Press any key" in text      # also those of the editor: the code is not 0


@pytest.mark.parametrize("workspace", ["D:\\my ws\\", "D:\\a & (b)!^;,=", "D:\\"])
def test_workspace_of_the_user_may_end_in_a_backslash(wine, install, workspace):
    for name, argument in (("1) clear workspace.bat", "."),
                           ("5.2) data_dst sort.bat", "data_dst\\aligned")):
        code, _, records = wine.run(install / name, WORKSPACE=workspace)
        assert code == 0 and records[0]["ARG"][-1] == workspace + "\\" + argument


def test_scripts_pause_and_return_0_when_all_went_well(wine, install):
    for name, is_pausing in (("6) train SAEHD.bat", True), ("8) merged to avi.bat", True),
                             ("5.XSeg) data_dst mask - edit.bat", False)):
        code, text, records = wine.run(install / name)
        assert code == 0 and records
        assert ("Press any key" in text) == is_pausing
    code, text, _ = wine.run(install / "6) train SAEHD.bat", DFL_NO_PAUSE="1")
    assert code == 0 and "Press any key" not in text


def test_script_started_from_another_folder_with_more_arguments(wine, install, tmp_path):
    extra = ["--force-model-name", "a & (b)", "--silent-start"]
    code, _, records = wine.run(install / "6) train SAEHD.bat", *extra, cwd=str(tmp_path))
    assert code == 0 and records[0]["ARG"][-3:] == extra
    assert records[0]["CWD"] == to_windows(install)


def test_setenv_defines_the_names_and_the_order_of_path(wine, install):
    path = r'C:\one;"C:\Program Files (x86)\two";C:\a & b'
    _, _, records = wine.run(install / "6) train SAEHD.bat", RECORD_ENV="1", WINEPATH=path)
    found = {name.upper(): value for name, value in records[0]["ENV"].items()}
    internal = to_windows(install) + "\\_internal"
    python = internal + "\\python-3.6.8"
    user = internal + "\\_e\\u"
    for name, value in {
            "INTERNAL": internal, "LOCALENV_DIR": internal + "\\_e", "TMP": internal + "\\_e\\t",
            "TEMP": internal + "\\_e\\t", "HOME": user, "HOMEPATH": user, "USERPROFILE": user,
            "LOCALAPPDATA": user + "\\AppData\\Local", "APPDATA": user + "\\AppData\\Roaming",
            "PYTHON_PATH": python, "PYTHONEXECUTABLE": python + "\\python.exe",
            "PYTHON_EXECUTABLE": python + "\\python.exe",
            "PYTHONWEXECUTABLE": python + "\\pythonw.exe",
            "PYTHONW_EXECUTABLE": python + "\\pythonw.exe",
            "PYTHON_BIN_PATH": python + "\\python.exe",
            "PYTHON_LIB_PATH": python + "\\Lib\\site-packages",
            "QT_QPA_PLATFORM_PLUGIN_PATH": python + "\\Lib\\site-packages\\PyQt5\\Qt\\plugins",
            "XNVIEWMP_PATH": internal + "\\XnViewMP", "FFMPEG_PATH": internal + "\\ffmpeg",
            "WORKSPACE": internal + "\\..\\workspace", "DFL_ROOT": internal + "\\DeepFaceLab",
            "DFL_ROOT_SAEHDBW": internal + "\\DeepFaceLab_SAEHDBW"}.items():
        assert found[name] == value, name
    assert "PYTHONHOME" not in found and "PYTHONPATH" not in found
    parts = found["PATH"].split(";")
    assert parts[:7] == [internal + "\\XnViewMP", internal + "\\ffmpeg",
                         internal + "\\CUDNN\\Win10.0", internal + "\\CUDA", internal + "\\CUDNN",
                         python, python + "\\Scripts"]
    assert '"' not in found["PATH"]
    for name in ("Desktop", "Documents", "Downloads", "Music", "Pictures", "Videos"):
        assert (install / "_internal" / "_e" / "u" / name).is_dir()


def test_path_does_not_grow_in_one_console(wine, install):
    script = install / "twenty.bat"
    script.write_bytes(b"@echo off\r\n" + b"call _internal\\setenv.bat\r\n" * 20
                       + b'"%PYTHON_EXECUTABLE%"\r\n')
    _, _, twenty = wine.run(script, RECORD_ENV="1")
    script.write_bytes(b'@echo off\r\ncall _internal\\setenv.bat\r\n"%PYTHON_EXECUTABLE%"\r\n')
    _, _, once = wine.run(script, RECORD_ENV="1")
    script.unlink()
    get_path = [{name.upper(): value for name, value in records[0]["ENV"].items()}["PATH"]
                for records in (once, twenty)]
    assert get_path[0] == get_path[1]


def test_cpu_switch_adds_the_flag_and_takes_it_away(wine, install):
    switch = install / "10.misc) make CPU only.bat"
    assert FIXED[switch.name] == [] and wine.run(switch)[::2] == (0, [])
    try:
        assert wine.run(install / "6) train SAEHD.bat")[2][0]["ARG"][-1] == "--cpu-only"
        assert wine.run(install / "4.2) data_src sort.bat")[2][0]["ARG"][-1] != "--cpu-only"
    finally:
        wine.run(switch)
    assert wine.run(install / "6) train SAEHD.bat")[2][0]["ARG"][-1] == "SAEHD"


@pytest.mark.parametrize("name", [name for name, entry in ENTRIES.items() if "start" in entry])
def test_viewer_gets_the_folder(wine, install, name):
    code, text, records = wine.run(install / name)
    for _ in range(100):    # `start` comes back at once
        if records:
            break
        time.sleep(0.1)
        records = bat_support.read_records(wine.record)
    start = ENTRIES[name]["start"]
    places = {"{XNVIEWMP_PATH}": "{INTERNAL}/XnViewMP"}
    words = [[word.replace(*item) for item in places.items() for word in
              [start["program"], start["workdir"]] + start["args"]]]
    program, folder, argument = fill_windows(words, install)[0]
    assert records[0]["ARG"] == [argument] and records[0]["CWD"] == folder
    assert records[0]["CALL"] == program and code == 0 and "Press any key" not in text


def test_script_without_setenv_or_interpreter_says_so(wine, tmp_path):
    alone = tmp_path / "6) train SAEHD.bat"
    alone.write_bytes((BAT / alone.name).read_bytes())
    code, text, records = wine.run(alone)
    assert code == 3 and "setenv.bat" in text and not records
    (tmp_path / "_internal").mkdir()
    (tmp_path / "_internal" / "setenv.bat").write_bytes(
        (bat_support.REPOSITORY / "setenv.bat").read_bytes())
    code, text, records = wine.run(alone)
    assert code == 4 and "no interpreter" in text and not records


def test_scripts_work_in_a_checkout(wine, tmp_path):
    checkout = tmp_path / "check & out"
    for name in ("bat", ".venv/Scripts", "DeepFaceLab"):
        (checkout / name).mkdir(parents=True)
    for name in ("dfl.py", "DeepFaceLab/main.py"):
        (checkout / name).write_text("")
    (checkout / ".venv" / "Scripts" / "python.exe").write_bytes(wine.recorder.read_bytes())
    (checkout / "setenv.bat").write_bytes((bat_support.REPOSITORY / "setenv.bat").read_bytes())
    script = checkout / "bat" / "7) merge SAEHD.bat"
    script.write_bytes((BAT / script.name).read_bytes())
    code, _, records = wine.run(script)
    assert code == 0
    assert records[0]["ARG"][3] == to_windows(checkout) + "\\workspace\\data_dst"


@pytest.mark.parametrize("folder", ["a (x86)", "a!b", "a^b", "a;b", "a,b", "a=b", "a'b", "日本"])
def test_script_runs_from_a_folder_with(wine, tmp_path, folder):
    install = bat_support.make_stub_install(tmp_path / folder, wine.recorder)
    code, _, records = wine.run(install / "6) train AMP.bat", RECORD_CODE="5")
    assert code == 5
    assert records[0]["ARG"][-3] == to_windows(install) + "\\_internal\\..\\workspace\\model"


def get_codes(script):
    """`exit /b` without a number keeps the code on Windows; the interpreter of wine 8 returns 0."""
    return (0, CODE) if script.endswith("uninstall.bat") else (CODE,)


@pytest.fixture(scope="module")
def around(wine, tmp_path_factory):
    """An install with the unpacked package in it, as the README says."""
    folder = tmp_path_factory.mktemp("around") / ODD_FOLDER
    bat_support.make_stub_install(folder, wine.recorder)
    for path in list(folder.glob("*.bat")):
        path.unlink()
    package = folder / "package (1)"
    for place in (package / "patches", package / "bat", folder / "_internal" / "patches"):
        place.mkdir(parents=True)
        (place / "install.py").write_text("")
    for name in ("install.bat", "uninstall.bat", "verify.bat"):
        (package / "bat" / name).write_bytes((BAT / name).read_bytes())
        if name != "install.bat":       # an install puts these two beside _internal
            (folder / name).write_bytes((BAT / name).read_bytes())
    return folder


@pytest.mark.parametrize("script, option", [
    ("package (1)/bat/install.bat", []), ("package (1)/bat/uninstall.bat", ["--uninstall"]),
    ("package (1)/bat/verify.bat", ["--verify"]), ("uninstall.bat", ["--uninstall"]),
    ("verify.bat", ["--verify"])])
def test_installer_scripts_find_install_and_interpreter(wine, around, script, option):
    package = around / "package (1)"
    tool = package if "/" in script else around / "_internal"
    place = "..\\.." if "/" in script else "."
    code, _, records = wine.run(around / script, RECORD_CODE="5")
    found = records[0]["ARG"]
    assert found[:2] == ["-I", "-B"] and code in get_codes(script)
    assert found[2].replace("\\bat\\..\\", "\\") == to_windows(tool / "patches" / "install.py")
    assert found[3:] == option + ["--root", place + "\\.", "--pause"]
    assert records[0]["CALL"].endswith("_internal\\python-3.6.8\\python.exe")


def test_installer_takes_a_dropped_folder_and_options(wine, around, tmp_path):
    package = tmp_path / "else where"
    (package / "bat").mkdir(parents=True)
    (package / "bat" / "install.bat").write_bytes((BAT / "install.bat").read_bytes())
    script = package / "bat" / "install.bat"
    code, text, records = wine.run(script)
    assert code == 2 and "No DeepFaceLab install" in text and not records
    root = to_windows(around)
    code, _, records = wine.run(script, root, "--mode", "side", RECORD_CODE="3")
    assert code == 3
    assert records[0]["ARG"][3:] == ["--root", root + "\\.", "--pause", root, "--mode", "side"]
    code, _, records = wine.run(script, "--root", root, "--yes")
    assert records[0]["ARG"][3:] == ["--root", root + "\\.", "--pause", "--root", root, "--yes"]
    typed = package / "typed.bat"       # as completion types it: a backslash before the quote
    typed.write_bytes(b'@call "bat\\install.bat" "%PLACE%\\"\r\n')
    code, _, records = wine.run(typed, PLACE=root)
    assert records[0]["ARG"][3:6] == ["--root", root + "\\\\.", "--pause"]
    assert records[0]["ARG"][6] == root + '"'       # the program takes the quote off
    code, _, records = wine.run(around / "package (1)" / "bat" / "install.bat", "--dry-run")
    assert records[0]["ARG"][3:] == ["--root", "..\\..\\.", "--pause", "--dry-run"]


def test_uninstalling_may_delete_the_running_script(wine, around):
    """The rest of the script is on the line that is read already."""
    script = around / "uninstall.bat"
    content = script.read_bytes()
    line = content.replace(b'"%PYTHON_EXECUTABLE%" -I', b'del "%~f0" & "%PYTHON_EXECUTABLE%" -I')
    assert line != content
    script.write_bytes(line)
    code, _, records = wine.run(script, RECORD_CODE="5")
    assert code in get_codes("uninstall.bat") and len(records) == 1 and not script.exists()
    script.write_bytes(content)
