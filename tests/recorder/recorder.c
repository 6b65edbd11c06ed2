/* A Windows program that stands where python.exe is expected: appends what it was started with to
 * the file in RECORD_FILE (arguments, working folder, environment) and returns RECORD_CODE.
 *   x86_64-w64-mingw32-gcc -municode -O1 -s -o python.exe recorder.c
 * UTF-8, one item a line with its kind in front; RECORD_ENV=1 adds the environment. */
#include <stdio.h>
#include <stdlib.h>
#include <windows.h>

static void write_item(FILE *file, const char *kind, const wchar_t *text)
{
    int size = WideCharToMultiByte(CP_UTF8, 0, text, -1, NULL, 0, NULL, NULL);
    char *bytes = malloc(size);
    WideCharToMultiByte(CP_UTF8, 0, text, -1, bytes, size, NULL, NULL);
    fprintf(file, "%s\t%s\n", kind, bytes);
    free(bytes);
}

int wmain(int argc, wchar_t **argv)
{
    static wchar_t folder[4096];
    const wchar_t *path = _wgetenv(L"RECORD_FILE");
    const wchar_t *code = _wgetenv(L"RECORD_CODE");
    FILE *file = path ? _wfopen(path, L"ab") : NULL;
    if (file == NULL)
        return 250;
    write_item(file, "CALL", argv[0]);
    for (int i = 1; i < argc; i++)
        write_item(file, "ARG", argv[i]);
    GetCurrentDirectoryW(4096, folder);
    write_item(file, "CWD", folder);
    if (_wgetenv(L"RECORD_ENV") != NULL) {
        wchar_t *all = GetEnvironmentStringsW();
        for (wchar_t *entry = all; *entry; entry += wcslen(entry) + 1)
            write_item(file, "ENV", entry);
        FreeEnvironmentStringsW(all);
    }
    fclose(file);
    return code ? _wtoi(code) : 0;
}
