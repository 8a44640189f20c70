/* openapi: the API's own description, served from memory. */
#include "provisioning/provisioning.h"

#include "config.h"
#include "log.h"

#include <errno.h>

#define OPENAPI_MOST (1024 * 1024) /* bytes */

static char *description;
static size_t description_len;

bool openapi_start(void)
{
    const char *path = config_text("openapi");
    FILE *file = fopen(path, "re");
    char *text = malloc(OPENAPI_MOST);
    size_t len = file && text ? fread(text, 1, OPENAPI_MOST, file) : 0;
    bool good = file && text && !ferror(file) && len > 0 && len < OPENAPI_MOST;
    if (file)
        fclose(file);
    if (!good) {
        log_event(LOG_ERROR, NULL, "openapi_unreadable", L_TEXT("path", path),
                  L_TEXT("why", file ? "empty or too large" : strerror(errno)));
        free(text);
        return false;
    }
    free(description);
    description = realloc(text, len);
    description_len = len;
    return true;
}

void openapi_read(struct req *rq)
{
    req_reply_text(rq, 200, "application/yaml", description, description_len);
}
