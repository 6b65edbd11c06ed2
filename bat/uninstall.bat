@echo off
rem Takes this program off the install again and puts back what was there.
setlocal EnableExtensions DisableDelayedExpansion
set "DFL_TOOL=%~dp0_internal\patches\install.py"
if not exist "%DFL_TOOL%" set "DFL_TOOL=%~dp0..\patches\install.py"
set "DFL_PLACE=%~1"
if "%~1"=="--root" set "DFL_PLACE=%~2"
if "%~1"=="" goto search
if not "%DFL_PLACE:~0,1%"=="-" goto interpreter
:search
set "DFL_PLACE="
cd /d "%~dp0"
if exist "..\..\..\_internal\setenv.bat" set "DFL_PLACE=..\..\.."
if exist "..\..\_internal\setenv.bat" set "DFL_PLACE=..\.."
if exist "..\_internal\setenv.bat" set "DFL_PLACE=.."
if exist "_internal\setenv.bat" set "DFL_PLACE=."
if defined DFL_PLACE goto interpreter
echo No DeepFaceLab install was found around this folder. Unpack this program into the folder
echo of the install, or drop the folder of the install on this script.
if not defined DFL_NO_PAUSE pause
exit /b 2
:interpreter
set "PYTHON_EXECUTABLE="
for /d %%P in ("%DFL_PLACE%\_internal\python*") do if exist "%%~P\python.exe" set "PYTHON_EXECUTABLE=%%~P\python.exe"
set "DFL_PYTHON=%DFL_PLACE%\_internal\python_common\python.exe"
if exist "%DFL_PYTHON%" set "PYTHON_EXECUTABLE=%DFL_PYTHON%"
set "DFL_PYTHON=%DFL_PLACE%\_internal\python-3.6.8\python.exe"
if exist "%DFL_PYTHON%" set "PYTHON_EXECUTABLE=%DFL_PYTHON%"
if defined PYTHON_EXECUTABLE goto run
echo There is no _internal\python*\python.exe in "%DFL_PLACE%".
if not defined DFL_NO_PAUSE pause
exit /b 2
:run
"%PYTHON_EXECUTABLE%" -I -B "%DFL_TOOL%" --uninstall --root "%DFL_PLACE%\." --pause %* & exit /b
