/* webhook_signature: HMAC-SHA256 over id, timestamp and body. */
#include "outbox/webhook_signature.h"

#include "crypt.h"
#include "log.h"
#include "text.h"

static const char PREFIX[] = "whsec_";

static bool read_secret(const char *secret, uint8_t ret_key[static WEBHOOK_KEY]);

void webhook_secret_draw(char ret[static WEBHOOK_SECRET])
{
    uint8_t key[WEBHOOK_KEY];
    crypt_random(key, sizeof(key));
    memcpy(ret, PREFIX, sizeof(PREFIX));
    text_base64(key, sizeof(key), ret + sizeof(PREFIX) - 1);
    crypt_wipe(key, sizeof(key));
}

bool webhook_sign(const char *const secrets[static 2], const char *id, long long timestamp, const char *body,
                  char ret[static WEBHOOK_SIGNATURES])
{
    size_t room = strlen(id) + strlen(body) + 32;
    char signatures[WEBHOOK_SIGNATURES] = "", *text = malloc(room), *at = signatures;
    bool good = true;
    if (!text)
        die("out of memory");
    size_t len = (size_t)snprintf(text, room, "%s.%lld.%s", id, timestamp, body);
    for (size_t i = 0; i < 2 && secrets[i] && good; i++) {
        uint8_t key[WEBHOOK_KEY], mac[CRYPT_MAC];
        good = read_secret(secrets[i], key);
        if (good) {
            crypt_hmac_sha256(key, sizeof(key), text, len, mac);
            at = stpcpy(at, i ? " v1," : "v1,");
            text_base64(mac, sizeof(mac), at);
            at += strlen(at);
        }
        crypt_wipe(key, sizeof(key));
    }
    free(text);
    if (good)
        memcpy(ret, signatures, sizeof(signatures));
    return good;
}

/* Standard base64 of 32 bytes is base64url of them with other words for 62 and 63, and one '='. */
static bool read_secret(const char *secret, uint8_t ret_key[static WEBHOOK_KEY])
{
    char text[43];
    const char *encoded = secret + sizeof(PREFIX) - 1;
    if (strncmp(secret, PREFIX, sizeof(PREFIX) - 1) != 0 || strlen(encoded) != sizeof(text) + 1 || encoded[43] != '=')
        return false;
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = encoded[i] == '+' ? '-' : encoded[i] == '/' ? '_' : encoded[i];
    bool good = text_unbase64url(text, sizeof(text), ret_key, WEBHOOK_KEY);
    crypt_wipe(text, sizeof(text));
    return good;
}
