/* text: encodings, each canonical: what one function writes, its counterpart and nothing else reads. */
#include "text.h"
#include "crypt.h"

#include <arpa/inet.h>
#include <time.h>

static const char HEX[] = "0123456789abcdef";
static const char BASE64[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char BASE64URL[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
static const char BASE32[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
static const char CROCKFORD[] = "0123456789abcdefghjkmnpqrstvwxyz";

/* Turns an alphabet round: the value of a letter plus one, 0 for what is no letter of it. */
struct values {
    uint8_t of[256];
};

static const struct values *values_of(const char *alphabet)
{
    static struct {
        const char *alphabet;
        struct values values;
    } known[4];
    size_t i = 0;

    while (known[i].alphabet && known[i].alphabet != alphabet)
        i++;
    if (!known[i].alphabet) {
        known[i].alphabet = alphabet;
        for (uint8_t value = 0; alphabet[value]; value++)
            known[i].values.of[(uint8_t)alphabet[value]] = (uint8_t)(value + 1);
    }
    return &known[i].values;
}

/* ---- hexadecimal ---- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

void text_hex(const uint8_t *bytes, size_t len, char *out)
{
    for (size_t i = 0; i < len; i++) {
        *out++ = HEX[bytes[i] >> 4];
        *out++ = HEX[bytes[i] & 15];
    }
    *out = '\0';
}

bool text_unhex(const char *hex, uint8_t *out, size_t len)
{
    if (strlen(hex) != 2 * len)
        return false;
    for (size_t i = 0; i < 2 * len; i++)
        if (hex_digit(hex[i]) < 0)
            return false;
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
    return true;
}

/* ---- base64 and base32: groups of `bits` taken from the top ---- */

static size_t encode(const char *alphabet, int bits, const uint8_t *bytes, size_t len, char *out)
{
    uint32_t window = 0;
    int held = 0;
    size_t written = 0;
    uint32_t mask = (1u << bits) - 1;

    for (size_t i = 0; i < len; i++) {
        window = window << 8 | bytes[i];
        for (held += 8; held >= bits; held -= bits)
            out[written++] = alphabet[window >> (held - bits) & mask];
    }
    if (held > 0)
        out[written++] = alphabet[window << (bits - held) & mask];
    out[written] = '\0';
    return written;
}

/* With out NULL it only checks; the second pass writes. Left-over bits must be zero, or two texts would mean the same.
 */
static bool decode(const char *alphabet, int bits, const char *text, size_t text_len, uint8_t *out, size_t len)
{
    const struct values *values = values_of(alphabet);
    uint32_t window = 0;
    int held = 0;
    size_t written = 0;

    if (text_len != (len * 8 + (size_t)bits - 1) / (size_t)bits)
        return false;
    for (size_t i = 0; i < text_len; i++) {
        int digit = values->of[(uint8_t)text[i]] - 1;
        if (digit < 0)
            return false;
        window = window << bits | (uint32_t)digit;
        held += bits;
        if (held >= 8) {
            held -= 8;
            if (out)
                out[written] = (uint8_t)(window >> held);
            written++;
        }
    }
    return written == len && (window & ((1u << held) - 1)) == 0;
}

void text_base64url(const uint8_t *bytes, size_t len, char *out)
{
    encode(BASE64URL, 6, bytes, len, out);
}

bool text_unbase64url(const char *text, size_t text_len, uint8_t *out, size_t len)
{
    return decode(BASE64URL, 6, text, text_len, NULL, len) && decode(BASE64URL, 6, text, text_len, out, len);
}

void text_base64(const uint8_t *bytes, size_t len, char *out)
{
    size_t written = encode(BASE64, 6, bytes, len, out);
    while (written % 4)
        out[written++] = '=';
    out[written] = '\0';
}

void text_base32(const uint8_t *bytes, size_t len, char *out)
{
    encode(BASE32, 5, bytes, len, out);
}

bool text_unbase32(const char *text, uint8_t *out, size_t len)
{
    size_t text_len = strlen(text);
    return decode(BASE32, 5, text, text_len, NULL, len) && decode(BASE32, 5, text, text_len, out, len);
}

/* ---- UUID and TypeID ---- */

void text_uuid7(uint8_t out[static 16])
{
    uint64_t ms = (uint64_t)text_now_ms();

    crypt_random_id(out + 6, 10);
    for (int i = 0; i < 6; i++)
        out[i] = (uint8_t)(ms >> (40 - 8 * i));
    out[6] = (uint8_t)(0x70 | (out[6] & 0x0f));
    out[8] = (uint8_t)(0x80 | (out[8] & 0x3f));
}

void text_uuid(const uint8_t uuid[static 16], char out[static 37])
{
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *out++ = '-';
        *out++ = HEX[uuid[i] >> 4];
        *out++ = HEX[uuid[i] & 15];
    }
    *out = '\0';
}

bool text_unuuid(const char *text, uint8_t out[static 16])
{
    char hex[33];
    size_t n = 0;

    if (strlen(text) != 36)
        return false;
    for (int i = 0; i < 36; i++) {
        if (i == 8 || i == 13 || i == 18 || i == 23) {
            if (text[i] != '-')
                return false;
        } else {
            hex[n++] = text[i];
        }
    }
    hex[n] = '\0';
    return text_unhex(hex, out, 16);
}

/* TypeID's suffix is the 128-bit number in 26 digits: 130 bits, so the first digit holds only three. */
void text_typeid_suffix(const uint8_t uuid[static 16], char out[static 27])
{
    uint32_t window = 0;
    int held = 2;

    for (int i = 0; i < 16; i++) {
        window = window << 8 | uuid[i];
        for (held += 8; held >= 5; held -= 5)
            *out++ = CROCKFORD[window >> (held - 5) & 31];
    }
    *out = '\0';
}

bool text_untypeid_suffix(const char *suffix26, uint8_t out[static 16])
{
    const struct values *values = values_of(CROCKFORD);
    uint8_t bytes[17];
    uint32_t window = 0;
    int held = 6; /* 130 bits and 6 in front make 17 bytes; the first of them must come out as zero */
    size_t written = 0;

    if (strlen(suffix26) != 26 || suffix26[0] > '7')
        return false;
    for (int i = 0; i < 26; i++) {
        int digit = values->of[(uint8_t)suffix26[i]] - 1;
        if (digit < 0)
            return false;
        window = window << 5 | (uint32_t)digit;
        for (held += 5; held >= 8; held -= 8)
            bytes[written++] = (uint8_t)(window >> (held - 8));
    }
    memcpy(out, bytes + 1, 16);
    return true;
}

static bool is_typeid_prefix(const char *prefix)
{
    size_t len = strlen(prefix);

    if (len == 0)
        return true;
    if (len > 63 || prefix[0] == '_' || prefix[len - 1] == '_')
        return false;
    return strspn(prefix, "abcdefghijklmnopqrstuvwxyz_") == len;
}

void text_typeid(const char *prefix, const uint8_t uuid[static 16], char out[static TEXT_TYPEID])
{
    size_t len = strnlen(prefix, 63);

    memcpy(out, prefix, len);
    if (len)
        out[len++] = '_';
    text_typeid_suffix(uuid, out + len);
}

bool text_untypeid(const char *prefix, const char *text, uint8_t out[static 16])
{
    size_t len = strlen(prefix);

    if (!is_typeid_prefix(prefix) || strncmp(text, prefix, len) != 0)
        return false;
    if (len && text[len++] != '_')
        return false;
    return text_untypeid_suffix(text + len, out);
}

/* ---- percent-encoding ---- */

static int any_hex_digit(char c)
{
    return hex_digit(c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : c);
}

long text_unpercent(char *text, bool plus)
{
    char *to = text;

    for (const char *from = text; *from; from++) {
        if (*from == '%') {
            int high = any_hex_digit(from[1]);
            int low = high < 0 ? -1 : any_hex_digit(from[2]);
            if (low < 0 || (high == 0 && low == 0))
                return -1;
            *to++ = (char)(high << 4 | low);
            from += 2;
        } else {
            *to++ = plus && *from == '+' ? ' ' : *from;
        }
    }
    *to = '\0';
    return to - text;
}

static bool is_unreserved(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || (c && strchr("-._~", c));
}

size_t text_percent(const char *text, char *out, size_t room)
{
    size_t need = 0;

    for (; *text; text++) {
        char escaped[4] = {*text == ' ' ? '+' : *text};
        size_t len = 1;
        if (*text != ' ' && !is_unreserved(*text))
            len = (size_t)snprintf(escaped, sizeof escaped, "%%%02X", (unsigned)(uint8_t)*text);
        if (need + len < room)
            memcpy(out + need, escaped, len);
        else if (need < room)
            room = need + 1; /* full: nothing shorter may slip in behind */
        need += len;
    }
    if (room)
        out[need < room ? need : room - 1] = '\0';
    return need;
}

/* ---- the rest ---- */

/* Length of the well-formed sequence at `s`, 0 when there is none (RFC 3629 §4's table). */
static size_t utf8_length(const uint8_t *s, size_t left)
{
    uint8_t low = 0x80, high = 0xbf;
    size_t len;

    if (s[0] < 0x80)
        return 1;
    if (s[0] < 0xc2 || s[0] > 0xf4)
        return 0;
    len = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    if (s[0] == 0xe0)
        low = 0xa0;
    else if (s[0] == 0xed)
        high = 0x9f;
    else if (s[0] == 0xf0)
        low = 0x90;
    else if (s[0] == 0xf4)
        high = 0x8f;
    if (left < len || s[1] < low || s[1] > high)
        return 0;
    for (size_t i = 2; i < len; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    return len;
}

bool text_utf8(const char *bytes, size_t len)
{
    const uint8_t *s = (const uint8_t *)bytes;

    for (size_t at = 0, step; at < len; at += step)
        if ((step = utf8_length(s + at, len - at)) == 0)
            return false;
    return true;
}

size_t text_characters(const char *text, bool *ret_control)
{
    size_t count = 0;

    *ret_control = false;
    for (const uint8_t *c = (const uint8_t *)text; *c; c++) {
        if ((*c & 0xc0) != 0x80)
            count++;
        if (*c < 0x20 || *c == 0x7f || (*c == 0xc2 && c[1] < 0xa0))
            *ret_control = true;
    }
    return count;
}

bool text_address_key(const char *address, char out[static 64])
{
    struct in_addr four;
    struct in6_addr six;
    char shown[INET6_ADDRSTRLEN];

    if (inet_pton(AF_INET, address, &four) == 1)
        return inet_ntop(AF_INET, &four, out, 64) != NULL;
    if (inet_pton(AF_INET6, address, &six) != 1)
        return false;
    if (IN6_IS_ADDR_V4MAPPED(&six)) {
        memcpy(&four, six.s6_addr + 12, 4);
        return inet_ntop(AF_INET, &four, out, 64) != NULL;
    }
    memset(six.s6_addr + 8, 0, 8);
    if (!inet_ntop(AF_INET6, &six, shown, sizeof shown))
        return false;
    snprintf(out, 64, "%s/64", shown);
    return true;
}

long long text_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
