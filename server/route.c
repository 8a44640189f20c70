/* route: walks the table of templates; no allocation, no regular expression, first match wins. */
#include "route.h"
#include "text.h"

static bool path_matches(const char *template, const char *path);
static bool take_params(const char *template, char *scratch, const char *param[REQ_PARAMS]);
static void allow_add(char *allow, size_t room, const char *method);

enum route_verdict route_find(const struct route *table, size_t count, const char *method, int host, const char *path,
                              char *scratch, const char *param[REQ_PARAMS], const struct route **ret_route,
                              const char **ret_allow)
{
    static char allow[64];

    allow[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        const struct route *route = &table[i];
        if (route->host != host || !path_matches(route->path, path))
            continue;
        if (strcmp(route->method, method) != 0) {
            allow_add(allow, sizeof allow, route->method);
            continue;
        }
        memcpy(scratch, path, strlen(path) + 1);
        if (!take_params(route->path, scratch, param))
            return ROUTE_UNKNOWN;
        *ret_route = route;
        return ROUTE_FOUND;
    }
    if (!allow[0])
        return ROUTE_UNKNOWN;
    *ret_allow = allow;
    return ROUTE_OTHER_METHOD;
}

/* Fixed parts are compared as sent: an escaped letter in them is another path. */
static bool path_matches(const char *template, const char *path)
{
    while (*template) {
        if (*template == '{') {
            size_t len = strcspn(path, "/");
            if (len == 0)
                return false;
            path += len;
            template += strcspn(template, "/");
        } else if (*template ++ != *path++) {
            return false;
        }
    }
    return *path == '\0';
}

/* Cuts the copied path at the ends of the placeholders' segments, from left to right, and decodes each. */
static bool take_params(const char *template, char *scratch, const char *param[REQ_PARAMS])
{
    size_t count = 0;

    for (size_t i = 0; i < REQ_PARAMS; i++)
        param[i] = NULL;
    while (*template) {
        if (*template != '{') {
            template ++;
            scratch++;
            continue;
        }
        size_t len = strcspn(scratch, "/");
        char *segment = scratch;
        bool last = scratch[len] == '\0';
        if (count == REQ_PARAMS)
            return false;
        template += strcspn(template, "/");
        scratch += len;
        if (!last) {
            *scratch++ = '\0';
            template ++;
        }
        if (text_unpercent(segment, false) <= 0 || !text_utf8(segment, strlen(segment)))
            return false;
        param[count++] = segment;
    }
    return true;
}

static void allow_add(char *allow, size_t room, const char *method)
{
    size_t len = strlen(allow);

    snprintf(allow + len, room - len, "%s%s%s", len ? ", " : "", method, strcmp(method, "GET") == 0 ? ", HEAD" : "");
}
