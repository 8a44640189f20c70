/* Decoders: what one takes is what its encoder writes, byte for byte; everything else is refused. */
#include "server/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_base32(const char *text, size_t len)
{
    uint8_t bytes[128];
    char back[256];
    size_t count = len * 5 / 8;

    if (count > sizeof bytes || !text_unbase32(text, bytes, count))
        return;
    text_base32(bytes, count, back);
    if (strcmp(back, text) != 0)
        abort();
}

static void check_base64url(const char *text, size_t len)
{
    uint8_t bytes[128];
    char back[256];
    size_t count = len * 6 / 8;

    if (count > sizeof bytes || !text_unbase64url(text, len, bytes, count))
        return;
    text_base64url(bytes, count, back);
    if (strlen(back) != len || memcmp(back, text, len) != 0)
        abort();
}

static void check_ids(const char *text)
{
    uint8_t uuid[16];
    char id[TEXT_TYPEID], plain[37];

    if (text_untypeid("user", text, uuid)) {
        text_typeid("user", uuid, id);
        if (strcmp(id, text) != 0)
            abort();
    }
    if (text_unuuid(text, uuid)) {
        text_uuid(uuid, plain);
        if (strcmp(plain, text) != 0)
            abort();
    }
}

/* Encoding a text and decoding it again gives the text. */
static void check_percent(char *text)
{
    size_t need = text_percent(text, NULL, 0);
    char *encoded = malloc(need + 1);

    if (text_percent(text, encoded, need + 1) != need || text_unpercent(encoded, true) != (long)strlen(text) ||
        strcmp(encoded, text) != 0)
        abort();
    free(encoded);
    text_unpercent(text, false);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = malloc(size + 1), key[64];

    memcpy(text, data, size);
    text[size] = '\0';
    check_base32(text, strlen(text));
    check_base64url(text, size);
    check_ids(text);
    (void)!text_utf8(text, size);
    (void)!text_address_key(text, key);
    check_percent(text);
    free(text);
    return 0;
}
