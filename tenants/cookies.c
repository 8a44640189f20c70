/* cookies: reading, drawing and setting them. */
#include "cookies.h"

#include "text.h"

#define SESSION "__Host-sid"
#define DEVICE "__Host-device"
#define SESSION_SECONDS 43200
#define DEVICE_SECONDS 1209600
#define TOKEN_TEXT 86 /* base64url of 64 bytes */

static bool read_token(struct req *rq, const char *name, uint8_t ret[static COOKIES_TOKEN]);
static void set_token(struct req *rq, const char *name, const uint8_t token[static COOKIES_TOKEN], int seconds);
static void clear(struct req *rq, const char *name);

struct token *cookies_draw(struct req *rq, const uint8_t *tenant, const uint8_t *user)
{
    struct token *token = req_alloc(rq, sizeof(*token));
    req_secret(rq, token, sizeof(*token));
    text_uuid7(token->id);
    memcpy(token->bytes, tenant, 16);
    memcpy(token->bytes + 16, user, 16);
    crypt_random(token->bytes + COOKIES_TOKEN - COOKIES_SECRET, COOKIES_SECRET);
    crypt_hash(token->bytes, COOKIES_TOKEN, token->hash);
    return token;
}

bool cookies_session(struct req *rq, uint8_t ret[static COOKIES_TOKEN])
{
    return read_token(rq, SESSION, ret);
}

const uint8_t *cookies_device_hash(struct req *rq)
{
    uint8_t token[COOKIES_TOKEN];
    if (!read_token(rq, DEVICE, token))
        return NULL;
    uint8_t *hash = req_alloc(rq, CRYPT_MAC);
    crypt_hash(token, sizeof(token), hash);
    crypt_wipe(token, sizeof(token));
    return hash;
}

static bool read_token(struct req *rq, const char *name, uint8_t ret[static COOKIES_TOKEN])
{
    const char *text = req_cookie(rq, name);
    return text && strlen(text) == TOKEN_TEXT && text_unbase64url(text, TOKEN_TEXT, ret, COOKIES_TOKEN);
}

void cookies_set_session(struct req *rq, const uint8_t token[static COOKIES_TOKEN])
{
    set_token(rq, SESSION, token, SESSION_SECONDS);
}

void cookies_set_device(struct req *rq, const uint8_t token[static COOKIES_TOKEN])
{
    set_token(rq, DEVICE, token, DEVICE_SECONDS);
}

static void set_token(struct req *rq, const char *name, const uint8_t token[static COOKIES_TOKEN], int seconds)
{
    char text[TOKEN_TEXT + 1], cookie[TOKEN_TEXT + 128];
    text_base64url(token, COOKIES_TOKEN, text);
    snprintf(cookie, sizeof(cookie), "%s=%s; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=%d", name, text,
             seconds);
    req_set_header(rq, "Set-Cookie", cookie);
    crypt_wipe(text, sizeof(text));
    crypt_wipe(cookie, sizeof(cookie));
}

void cookies_clear_session(struct req *rq)
{
    clear(rq, SESSION);
}

void cookies_clear_device(struct req *rq)
{
    clear(rq, DEVICE);
}

static void clear(struct req *rq, const char *name)
{
    char cookie[128];
    snprintf(cookie, sizeof(cookie), "%s=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0", name);
    req_set_header(rq, "Set-Cookie", cookie);
}

const char *cookies_browser(struct req *rq)
{
    /* Names that others borrow come last: Edge calls itself Chrome too, Chrome calls itself Safari. */
    static const char *const browsers[][2] = {
        {"Edg", "Edge"},         {"OPR/", "Opera"},     {"SamsungBrowser/", "Samsung Internet"},
        {"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"}, {"CriOS/", "Chrome"},
        {"Chrome/", "Chrome"},   {"Safari/", "Safari"},
    };
    static const char *const systems[][2] = {
        {"iPhone", "iPhone"}, {"iPad", "iPad"},      {"Android", "Android"}, {"Windows", "Windows"},
        {"CrOS", "ChromeOS"}, {"Mac OS X", "macOS"}, {"Linux", "Linux"},
    };
    const char *agent = req_header(rq, "user-agent");
    const char *browser = NULL, *system = NULL;
    for (size_t i = 0; agent && !browser && i < LEN(browsers); i++)
        browser = strstr(agent, browsers[i][0]) ? browsers[i][1] : NULL;
    for (size_t i = 0; agent && !system && i < LEN(systems); i++)
        system = strstr(agent, systems[i][0]) ? systems[i][1] : NULL;
    if (!system)
        return browser ? browser : "Browser";
    return req_printf(rq, "%s on %s", browser ? browser : "Browser", system);
}
