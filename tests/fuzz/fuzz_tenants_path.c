/* origin_keeps: what it takes is a path on the same origin, raw and decoded, for whoever reads a backslash as a slash. */
#include "tenants/origin.h"
#include "server/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool leaves(const char *path)
{
    if (path[0] != '/' || path[1] == '/' || path[1] == '\\')
        return true;
    for (; *path; path++)
        if ((unsigned char)*path < ' ' || *path == 0x7F)
            return true;
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *path = malloc(size + 1);
    memcpy(path, data, size);
    path[size] = '\0';
    if (origin_keeps(path) && (leaves(path) || text_unpercent(path, false) < 0 || leaves(path)))
        abort();
    free(path);
    return 0;
}
