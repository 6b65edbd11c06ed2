@echo off
rem Starts the bundled EbSynth with its sample project.
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
if not exist "%INTERNAL%\EbSynth\EbSynth.exe" goto absent
start "" /D "%INTERNAL%\EbSynth" /LOW "%INTERNAL%\EbSynth\EbSynth.exe" "%INTERNAL%\EbSynth\SampleProject\sample.ebs"
goto done
:absent
echo Not found: "%INTERNAL%\EbSynth\EbSynth.exe"
set "RC=4"
if not defined DFL_NO_PAUSE pause
:done
endlocal & exit /b %RC%
