/* hosts: host names and origins, from three keys of the configuration. */
#include "hosts.h"

#include "config.h"
#include "log.h"
#include "origin.h"

#define PANEL_ORIGINS 8
#define SLUG "{slug}"

/* A panel's origin around its slug: "https://" + slug + ".panel.example:8443". */
struct panel {
    char scheme[9];
    char behind[ORIGIN_TEXT];      /* with port */
    char host_behind[ORIGIN_TEXT]; /* without */
};

static bool read_host(const char *key, char out[static ORIGIN_TEXT]);
static bool read_panels(const char *list);
static bool read_panel(const char *origin, struct panel *ret);
static void host_of(const char *origin, char out[static ORIGIN_TEXT]);
static bool wrong(const char *key, const char *value);

static char api_host[ORIGIN_TEXT];
static char hooks_host[ORIGIN_TEXT];
static struct panel panels[PANEL_ORIGINS];
static size_t panel_count;
static char launch_template[ORIGIN_TEXT + 32];

bool hosts_start(void)
{
    return read_host("api_origin", api_host) & read_host("hooks_origin", hooks_host) &
           read_panels(config_text("panel_origins"));
}

static bool read_host(const char *key, char out[static ORIGIN_TEXT])
{
    if (!origin_is(config_text(key)))
        return wrong(key, config_text(key));
    host_of(config_text(key), out);
    return true;
}

static bool read_panels(const char *list)
{
    panel_count = 0;
    while (*list) {
        char origin[ORIGIN_TEXT];
        size_t len = strcspn(list, " \t");
        snprintf(origin, sizeof(origin), "%.*s", (int)(len < ORIGIN_TEXT ? len : ORIGIN_TEXT - 1), list);
        list += len + strspn(list + len, " \t");
        if (panel_count == PANEL_ORIGINS || !read_panel(origin, &panels[panel_count]))
            return wrong("panel_origins", origin);
        panel_count++;
    }
    if (!panel_count)
        return wrong("panel_origins", "");
    snprintf(launch_template, sizeof(launch_template), "%s" SLUG "%s/launch", panels[0].scheme, panels[0].behind);
    return true;
}

/* "https://{slug}.panel.example:8443", taken apart around the slug. */
static bool read_panel(const char *origin, struct panel *ret)
{
    char example[ORIGIN_TEXT + HOSTS_SLUG];
    const char *slug = strstr(origin, "://" SLUG ".");
    if (!slug || slug - origin > 5)
        return false;
    const char *behind = slug + 3 + sizeof(SLUG) - 1;
    int scheme_len = (int)(slug - origin) + 3;
    snprintf(ret->scheme, sizeof(ret->scheme), "%.*s", scheme_len, origin);
    snprintf(ret->behind, sizeof(ret->behind), "%s", behind);
    snprintf(ret->host_behind, sizeof(ret->host_behind), "%.*s", (int)strcspn(behind, ":"), behind);
    snprintf(example, sizeof(example), "%.*sslug%s", scheme_len, origin, behind);
    return origin_is(example);
}

static void host_of(const char *origin, char out[static ORIGIN_TEXT])
{
    const char *host = strstr(origin, "://") + 3;
    snprintf(out, ORIGIN_TEXT, "%.*s", (int)strcspn(host, ":"), host);
}

static bool wrong(const char *key, const char *value)
{
    log_event(LOG_ERROR, NULL, "config_value", L_TEXT("key", key), L_TEXT("value", value));
    return false;
}

int hosts_class(const char *host)
{
    char slug[HOSTS_SLUG];
    if (strcmp(host, api_host) == 0)
        return HOST_API;
    if (strcmp(host, hooks_host) == 0)
        return HOST_HOOKS;
    return hosts_slug(host, slug) ? HOST_PANEL : -1;
}

bool hosts_slug(const char *host, char out[static HOSTS_SLUG])
{
    size_t len = strcspn(host, ".");
    char slug[HOSTS_SLUG];
    if (len >= sizeof(slug))
        return false;
    memcpy(slug, host, len);
    slug[len] = '\0';
    for (size_t i = 0; i < panel_count; i++) {
        if (strcmp(host + len, panels[i].host_behind) == 0 && hosts_is_slug(slug)) {
            memcpy(out, slug, len + 1);
            return true;
        }
    }
    return false;
}

bool hosts_is_slug(const char *text)
{
    static const char *const ours[] = {"api", "hooks", "www", "admin"};
    size_t len = strlen(text);
    if (len < 3 || len >= HOSTS_SLUG || text[0] < 'a' || text[0] > 'z' || text[len - 1] == '-' ||
        strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") != len)
        return false;
    for (size_t i = 0; i < LEN(ours); i++) {
        if (strcmp(text, ours[i]) == 0)
            return false;
    }
    return true;
}

bool hosts_is_panel_origin(const char *slug, const char *origin)
{
    for (size_t i = 0; i < panel_count; i++) {
        size_t scheme = strlen(panels[i].scheme), middle = strlen(slug);
        if (strncmp(origin, panels[i].scheme, scheme) == 0 && strncmp(origin + scheme, slug, middle) == 0 &&
            strcmp(origin + scheme + middle, panels[i].behind) == 0)
            return true;
    }
    return false;
}

const char *hosts_hooks_origin(void)
{
    return config_text("hooks_origin");
}

const char *hosts_launch_template(void)
{
    return launch_template;
}

void hosts_panel(const char *slug, char *out, size_t room)
{
    if ((size_t)snprintf(out, room, "%s%s", slug, panels[0].host_behind) >= room)
        die("the panel's host of %s is too long", slug);
}

void hosts_panel_origin(const char *slug, char *out, size_t room)
{
    if ((size_t)snprintf(out, room, "%s%s%s", panels[0].scheme, slug, panels[0].behind) >= room)
        die("the panel's origin of %s is too long", slug);
}
