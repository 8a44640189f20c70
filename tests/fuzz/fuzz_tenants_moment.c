/* Points in time as a caller writes them: read or refused, never misread. */
#include "tenants/moment.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = strndup((const char *)data, size), again[32];
    int64_t ms;

    if (moment_read(text, &ms)) {
        time_t seconds = (time_t)(ms / 1000);
        struct tm parts;
        gmtime_r(&seconds, &parts);
        strftime(again, sizeof again, "%Y-%m-%dT%H:%M:%S", &parts);
        if (strncmp(again, text, 19) != 0)
            __builtin_trap();
    }
    free(text);
    return 0;
}
