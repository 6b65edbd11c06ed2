@echo off
rem Switches computing on the CPU on or off for the scripts that can do it. No package is changed.
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
set "SWITCH=%INTERNAL%\cpu_only.txt"
if exist "%SWITCH%" goto off
>"%SWITCH%" echo While this file exists, the scripts that can do it compute on the CPU.
echo The scripts now compute on the CPU. Start this script again to go back to the GPU.
goto done
:off
del "%SWITCH%"
echo The scripts now compute on the GPU again.
:done
if not defined DFL_NO_PAUSE pause
endlocal & exit /b %RC%
