@echo off
rem Moves data_src, data_dst and model of the workspace into a dated folder, after asking, and makes empty ones.
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
if exist "%PYTHON_EXECUTABLE%" if exist "%DFL_ROOT%\main.py" goto run
echo Not found: the interpreter "%PYTHON_EXECUTABLE%"
echo or the program "%DFL_ROOT%\main.py".
if not defined DFL_NO_PAUSE pause
exit /b 4
:run
set "RC=0"
"%PYTHON_EXECUTABLE%" "%DFL_ROOT%\main.py" clear-workspace ^
    --workspace "%WORKSPACE%\." %*
if "%RC%"=="0" set "RC=%ERRORLEVEL%"
if not defined DFL_NO_PAUSE pause
endlocal & exit /b %RC%
