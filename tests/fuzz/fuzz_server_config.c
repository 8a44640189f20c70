/* The configuration parser: any bytes are read to the end, and what it took can be asked for. */
#include "server/config.h"
#include "server/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    log_level_set(LOG_ERROR + 1);
    if (config_parse((const char *)data, size)) {
        if (!*config_text("database") && !*config_text("listen"))
            abort();
        config_int("workers");
    }
    return 0;
}
