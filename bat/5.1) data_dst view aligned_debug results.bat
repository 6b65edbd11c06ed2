@echo off
rem Shows the destination frames with their landmarks.
setlocal EnableExtensions DisableDelayedExpansion
cd /d "%~dp0"
if exist "_internal\setenv.bat" goto install
if exist "..\setenv.bat" if exist "..\dfl.py" goto checkout
echo There is no _internal\setenv.bat beside this script. It belongs into the folder of an
echo install, beside _internal, or stays in the folder bat of this program.
if not defined DFL_NO_PAUSE pause
exit /b 3
:checkout
call ..\setenv.bat
goto ready
:install
call _internal\setenv.bat
:ready
set "RC=0"
if not exist "%XNVIEWMP_PATH%\xnviewmp.exe" goto absent
start "" /D "%XNVIEWMP_PATH%" /LOW "%XNVIEWMP_PATH%\xnviewmp.exe" "%WORKSPACE%\data_dst\aligned_debug"
goto done
:absent
start "" explorer "%WORKSPACE%\data_dst\aligned_debug"
:done
endlocal & exit /b %RC%
