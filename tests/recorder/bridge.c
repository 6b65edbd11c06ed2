/* A Winelib program that stands where python.exe is expected and starts the Python of Linux
 * (BRIDGE_PYTHON) with its arguments, `Z:\`, `.\` and `..\` paths turned into those of Linux;
 * returns its code.
 *   winegcc -m64 -o bridge.exe bridge.c -lshell32      use bridge.exe.so as python.exe
 * Variables that a script has set since wine was started come along when BRIDGE_NAMES has them. */
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <windows.h>
#include <shellapi.h>

static char *to_utf8(const WCHAR *text)
{
    int size = WideCharToMultiByte(CP_UTF8, 0, text, -1, NULL, 0, NULL, NULL);
    char *bytes = malloc(size);
    WideCharToMultiByte(CP_UTF8, 0, text, -1, bytes, size, NULL, NULL);
    return bytes;
}

static char *to_linux(char *text)
{
    int drive = strncmp(text, "Z:\\", 3) == 0 ? 2 : 0;
    if (!drive && strncmp(text, ".\\", 2) != 0 && strncmp(text, "..\\", 3) != 0)
        return text;
    for (char *p = text; *p; p++)
        if (*p == '\\')
            *p = '/';
    return text + drive;
}

static void copy_variable(const char *name)
{
    static char value[32768];
    if (GetEnvironmentVariableA(name, value, sizeof(value)))
        setenv(name, value, 1);
}

int main(void)
{
    int count, status = 0;
    WCHAR **wide = CommandLineToArgvW(GetCommandLineW(), &count);
    char **arguments = calloc(count + 1, sizeof(char *));
    copy_variable("BRIDGE_PYTHON");
    copy_variable("BRIDGE_NAMES");
    arguments[0] = getenv("BRIDGE_PYTHON");
    for (int i = 1; i < count; i++)
        arguments[i] = to_linux(to_utf8(wide[i]));
    char *names = getenv("BRIDGE_NAMES");
    for (char *name = names ? strtok(strdup(names), ",") : NULL; name; name = strtok(NULL, ","))
        copy_variable(name);
    pid_t child = fork();
    if (child == 0) {
        execv(arguments[0], arguments);
        _exit(126);
    }
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 125;
}
