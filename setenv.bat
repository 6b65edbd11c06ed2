@echo off
rem Called by every script, and by programs of others: defines the names that they read. In an
rem install this file lies in _internal, in a checkout beside the folder bat (then .venv is used).
rem No setlocal (the caller wants the variables), no blocks, no unquoted values: folders may have
rem blanks, ampersands and parentheses in their names, and so may the entries of PATH.
set "INTERNAL=%~dp0"
set "INTERNAL=%INTERNAL:~0,-1%"
if not defined DFL_ORIGINAL_PATH set "DFL_ORIGINAL_PATH=%PATH:"=%"
set "PATH=%DFL_ORIGINAL_PATH%"
set "PYTHONHOME="
set "PYTHONPATH="
set "PYTHON_PATH="
for /d %%P in ("%INTERNAL%\python*") do if exist "%%~P\python.exe" set "PYTHON_PATH=%%~P"
if exist "%INTERNAL%\python_common\python.exe" set "PYTHON_PATH=%INTERNAL%\python_common"
if exist "%INTERNAL%\python-3.6.8\python.exe" set "PYTHON_PATH=%INTERNAL%\python-3.6.8"
if defined PYTHON_PATH goto install

rem A checkout: the environment that dfl.py made; the user's profile stays as it is.
set "PYTHON_LIB_PATH=%INTERNAL%\.venv36\Lib\site-packages"
if exist "%INTERNAL%\.venv36\Scripts\python.exe" set "PYTHON_PATH=%INTERNAL%\.venv36\Scripts"
if exist "%INTERNAL%\.venv\Scripts\python.exe" set "PYTHON_LIB_PATH=%INTERNAL%\.venv\Lib\site-packages"
if exist "%INTERNAL%\.venv\Scripts\python.exe" set "PYTHON_PATH=%INTERNAL%\.venv\Scripts"
if not defined PYTHON_PATH goto absent
if not defined WORKSPACE set "WORKSPACE=%INTERNAL%\workspace"
set "PATH=%PYTHON_PATH%;%PATH%"
goto python

:absent
echo There is no interpreter: neither "%INTERNAL%\python-3.6.8\python.exe" of an install
echo nor "%INTERNAL%\.venv\Scripts\python.exe", which "py dfl.py env" makes.
exit /b 1

:install
set "LOCALENV_DIR=%INTERNAL%\_e"
set "TMP=%LOCALENV_DIR%\t"
set "TEMP=%LOCALENV_DIR%\t"
set "HOME=%LOCALENV_DIR%\u"
set "HOMEPATH=%LOCALENV_DIR%\u"
set "USERPROFILE=%LOCALENV_DIR%\u"
set "LOCALAPPDATA=%USERPROFILE%\AppData\Local"
set "APPDATA=%USERPROFILE%\AppData\Roaming"
if not exist "%TMP%\" mkdir "%TMP%"
if not exist "%LOCALAPPDATA%\" mkdir "%LOCALAPPDATA%"
if not exist "%APPDATA%\" mkdir "%APPDATA%"
if not exist "%USERPROFILE%\Desktop\" mkdir "%USERPROFILE%\Desktop"
if not exist "%USERPROFILE%\Documents\" mkdir "%USERPROFILE%\Documents"
if not exist "%USERPROFILE%\Downloads\" mkdir "%USERPROFILE%\Downloads"
if not exist "%USERPROFILE%\Music\" mkdir "%USERPROFILE%\Music"
if not exist "%USERPROFILE%\Pictures\" mkdir "%USERPROFILE%\Pictures"
if not exist "%USERPROFILE%\Videos\" mkdir "%USERPROFILE%\Videos"
if not defined WORKSPACE set "WORKSPACE=%INTERNAL%\..\workspace"
set "PYTHON_LIB_PATH=%PYTHON_PATH%\Lib\site-packages"
set "PATH=%PYTHON_PATH%;%PYTHON_PATH%\Scripts;%PATH%"
if exist "%INTERNAL%\CUDNN\" set "PATH=%INTERNAL%\CUDNN;%PATH%"
if exist "%INTERNAL%\CUDA\" set "PATH=%INTERNAL%\CUDA;%PATH%"
rem Every Windows that is left calls itself 10.0.
set "v=10.0"
set "CUDNN_SYSTEM_PATH=%INTERNAL%\CUDNN\Win6.x"
if exist "%INTERNAL%\CUDNN\Win10.0\" set "CUDNN_SYSTEM_PATH=%INTERNAL%\CUDNN\Win10.0"
if exist "%CUDNN_SYSTEM_PATH%\" set "PATH=%CUDNN_SYSTEM_PATH%;%PATH%"
set "XNVIEWMP_PATH=%INTERNAL%\XnViewMP"
set "FFMPEG_PATH=%INTERNAL%\ffmpeg"
set "PATH=%XNVIEWMP_PATH%;%FFMPEG_PATH%;%PATH%"

:python
set "PYTHONEXECUTABLE=%PYTHON_PATH%\python.exe"
set "PYTHON_EXECUTABLE=%PYTHON_PATH%\python.exe"
set "PYTHONWEXECUTABLE=%PYTHON_PATH%\pythonw.exe"
set "PYTHONW_EXECUTABLE=%PYTHON_PATH%\pythonw.exe"
set "PYTHON_BIN_PATH=%PYTHON_EXECUTABLE%"
set "QT_QPA_PLATFORM_PLUGIN_PATH=%PYTHON_LIB_PATH%\PyQt5\Qt\plugins"
if exist "%PYTHON_LIB_PATH%\PyQt5\Qt5\plugins\" set "QT_QPA_PLATFORM_PLUGIN_PATH=%PYTHON_LIB_PATH%\PyQt5\Qt5\plugins"

rem The tree that the scripts start; DFL_IMPL=original goes back to the one beside ours.
set "DFL_ROOT=%INTERNAL%\DeepFaceLab"
if exist "%INTERNAL%\DeepFaceLab_TF1X\main.py" if not "%DFL_IMPL%"=="original" set "DFL_ROOT=%INTERNAL%\DeepFaceLab_TF1X"
set "DFL_ROOT_SAEHDBW=%INTERNAL%\DeepFaceLab_SAEHDBW"
set "TF_MIN_REQ_CAP=30"
exit /b 0
