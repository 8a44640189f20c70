/* The router with its percent-decoding: parameters are whole strings inside the scratch, never empty, always UTF-8. */
#include "server/route.h"
#include "server/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct route TABLE[] = {
    {"GET", "/v1/tenants", 0, 0, BODY_NONE, NULL, "a"},
    {"GET", "/v1/tenants/{tenant}", 0, 0, BODY_NONE, NULL, "b"},
    {"DELETE", "/v1/tenants/{tenant}/keys/{key}", 0, 0, BODY_NONE, NULL, "c"},
    {"POST", "/hooks/twilio/{tenant}/{send}/{mac}", 0, 0, BODY_FORM, NULL, "d"},
    {"GET", "/{a}/{b}/{c}/{d}", 0, 0, BODY_NONE, NULL, "e"},
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const METHODS[] = {"GET", "POST", "DELETE", "HEAD"};
    const char *param[REQ_PARAMS], *allow;
    const struct route *route;
    char *path = malloc(size + 1), *scratch = malloc(size + 1);

    memcpy(path, data, size);
    path[size] = '\0';
    for (size_t m = 0; m < LEN(METHODS); m++) {
        enum route_verdict verdict = route_find(TABLE, LEN(TABLE), METHODS[m], 0, path, scratch, param, &route, &allow);
        for (size_t i = 0; verdict == ROUTE_FOUND && i < REQ_PARAMS && param[i]; i++)
            if (param[i] < scratch || param[i] + strlen(param[i]) > scratch + size || !*param[i] ||
                !text_utf8(param[i], strlen(param[i])))
                abort();
        if (verdict == ROUTE_OTHER_METHOD && !*allow)
            abort();
    }
    free(path);
    free(scratch);
    return 0;
}
