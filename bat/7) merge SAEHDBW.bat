@echo off
rem Merges with the gray model SAEHDBW.
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
if not defined DFL_ROOT_SAEHDBW set "DFL_ROOT_SAEHDBW=%INTERNAL%\DeepFaceLab_SAEHDBW"
if exist "%PYTHON_EXECUTABLE%" if exist "%DFL_ROOT_SAEHDBW%\main.py" goto run
echo Not found: the interpreter "%PYTHON_EXECUTABLE%"
echo or the program "%DFL_ROOT_SAEHDBW%\main.py".
if not defined DFL_NO_PAUSE pause
exit /b 4
:run
set "DFL_CPU_FLAG="
if exist "%INTERNAL%\cpu_only.txt" set "DFL_CPU_FLAG=--cpu-only"
set "RC=0"
"%PYTHON_EXECUTABLE%" "%DFL_ROOT_SAEHDBW%\main.py" merge ^
    --input-dir "%WORKSPACE%\data_dst" ^
    --output-dir "%WORKSPACE%\data_dst\merged" ^
    --output-mask-dir "%WORKSPACE%\data_dst\merged_mask" ^
    --aligned-dir "%WORKSPACE%\data_dst\aligned" ^
    --model-dir "%WORKSPACE%\model" ^
    --model SAEHDBW %DFL_CPU_FLAG% %*
if "%RC%"=="0" set "RC=%ERRORLEVEL%"
if not defined DFL_NO_PAUSE pause
endlocal & exit /b %RC%
