/* origin: a deliberately narrow reading of web addresses. */
#include "origin.h"

#include "text.h"

static size_t host_len(const char *text);
static bool is_local(const char *host, size_t len);
static bool is_rooted(const char *path, unsigned char lowest);

bool origin_of(const char *url, char out[static ORIGIN_TEXT])
{
    bool secure = strncmp(url, "https://", 8) == 0;
    if (!secure && strncmp(url, "http://", 7) != 0)
        return false;
    for (const char *at = url; *at; at++) {
        if ((unsigned char)*at <= ' ' || *at == 0x7F || *at == '\\')
            return false;
    }

    const char *host = url + (secure ? 8 : 7);
    size_t len = host_len(host);
    if (!len || len > 253 || (!secure && !is_local(host, len)))
        return false;
    const char *rest = host + len;
    unsigned port = 0;
    if (*rest == ':') {
        size_t digits = strspn(rest + 1, "0123456789");
        if (!digits || digits > 5 || rest[1] == '0')
            return false;
        port = (unsigned)strtoul(rest + 1, NULL, 10);
        rest += 1 + digits;
    }
    if (port > 65535 || (*rest && !strchr("/?#", *rest)))
        return false;

    char canonical[ORIGIN_TEXT];
    int used = snprintf(canonical, sizeof(canonical), "%s://%.*s", secure ? "https" : "http", (int)len, host);
    if (port && port != (secure ? 443u : 80u))
        snprintf(canonical + used, sizeof(canonical) - (size_t)used, ":%u", port);
    for (char *at = canonical; *at; at++)
        *at = *at >= 'A' && *at <= 'Z' ? (char)(*at - 'A' + 'a') : *at;
    memcpy(out, canonical, sizeof(canonical));
    return true;
}

/* Bytes of a host name: labels of letters, digits and inner dashes; 0 when there is none. No brackets: no IPv6 literals.
 */
static size_t host_len(const char *text)
{
    size_t len = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.");
    if (!len || text[0] == '.' || text[0] == '-' || text[len - 1] == '.' || text[len - 1] == '-')
        return 0;
    for (size_t i = 1; i < len; i++) {
        if ((text[i] == '.' || text[i - 1] == '.') && (strchr(".-", text[i]) && strchr(".-", text[i - 1])))
            return 0;
    }
    return len;
}

static bool is_local(const char *host, size_t len)
{
    static const char local[] = "localhost";
    size_t n = sizeof(local) - 1;
    if (len == 9 && memcmp(host, "127.0.0.1", 9) == 0)
        return true;
    return len >= n && memcmp(host + len - n, local, n) == 0 && (len == n || host[len - n - 1] == '.');
}

bool origin_is(const char *text)
{
    char canonical[ORIGIN_TEXT];
    return origin_of(text, canonical) && strcmp(canonical, text) == 0;
}

bool origin_keeps(const char *path)
{
    char decoded[ORIGIN_PATH + 1];
    if (strlen(path) > ORIGIN_PATH || !is_rooted(path, '!'))
        return false;
    snprintf(decoded, sizeof(decoded), "%s", path);
    return text_unpercent(decoded, false) > 0 && is_rooted(decoded, ' ');
}

/* One slash, nothing that could become a second one, and no character below `lowest`: browsers drop tabs and line ends. */
static bool is_rooted(const char *path, unsigned char lowest)
{
    for (const char *at = path; *at; at++) {
        if ((unsigned char)*at < lowest || *at == 0x7F)
            return false;
    }
    return path[0] == '/' && path[1] != '/' && path[1] != '\\';
}
