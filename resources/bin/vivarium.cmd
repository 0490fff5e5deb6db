@echo off
rem The command `vivarium`: opens the app, or carries out a command without a window. `vivarium help` lists them.
setlocal
if "%~1"=="" goto app
echo %~1 | findstr /r /c:"[:\\/.]" >nul && goto app
"%~dp0..\Vivarium.exe" --command-line -- %*
exit /b %errorlevel%
:app
start "" "%~dp0..\Vivarium.exe" %*
