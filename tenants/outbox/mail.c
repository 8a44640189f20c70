/* mail: headers of our own making, a body in base64. */
#include "outbox/mail.h"

#include "outbox/mail_texts.h"
#include "text.h"

#include <time.h>

#define BODY_ROOM 3072
#define LINE 57 /* bytes that become a line of 76 */
#define WORD 42 /* bytes of one encoded word: with its frame at most 75 characters (RFC 2047 §2) */
#define STORE_CHARACTERS 80

struct out {
    char *text;
    size_t room, used; /* used counts on beyond the end */
};

static void add(struct out *out, const char *text);
static void add_bytes(struct out *out, const char *text, size_t len);
static bool write_body(const struct mail_parts *parts, char body[static BODY_ROOM]);
static void fill(struct out *out, const char *template, const struct mail_parts *parts, const char *store);
static void add_time(struct out *out, const char *rfc3339);
static void add_subject(struct out *out, const char *subject);
static void add_base64_lines(struct out *out, const char *body);
static size_t whole_characters(const char *text, size_t most);
static size_t blank_len(const char *at);

bool mail_is_address(const char *text)
{
    const char *at = strchr(text, '@');
    size_t local = at ? (size_t)(at - text) : 0;
    if (!local || local > 64 || strlen(text) >= MAIL_ADDRESS ||
        strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!#$%&'*+/=?^_`{|}~.-") != local)
        return false;
    const char *host = at + 1;
    size_t len = strspn(host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-");
    return len && !host[len] && text[0] != '.' && at[-1] != '.' && host[0] != '.' && host[0] != '-' &&
           host[len - 1] != '.' && host[len - 1] != '-' && !strstr(text, "..");
}

bool mail_is_from(const char *text, char ret_address[static MAIL_ADDRESS])
{
    const char *open = strchr(text, '<');
    char address[MAIL_ADDRESS];
    if (!open) {
        snprintf(address, sizeof(address), "%s", text);
    } else {
        size_t words = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 -");
        size_t len = strlen(open);
        if (words != (size_t)(open - text) || words < 2 || words > 60 || open[-1] != ' ' || open[len - 1] != '>' ||
            len - 2 >= sizeof(address))
            return false;
        snprintf(address, sizeof(address), "%.*s", (int)(len - 2), open + 1);
    }
    if (!mail_is_address(address) || (!open && strlen(text) >= MAIL_ADDRESS))
        return false;
    memcpy(ret_address, address, sizeof(address));
    return true;
}

bool mail_compose(const struct mail_parts *parts, char text[static MAIL_ROOM])
{
    const struct mail_text *notice = mail_text_find(parts->notice, parts->locale);
    struct out out = {.text = text, .room = MAIL_ROOM};
    char from[MAIL_ADDRESS], body[BODY_ROOM], date[64];
    time_t now = (time_t)parts->now_s;
    struct tm utc;
    if (!notice || !mail_is_address(parts->to) || !mail_is_from(parts->from, from) || !write_body(parts, body))
        return false;
    gmtime_r(&now, &utc);
    strftime(date, sizeof(date), "%a, %d %b %Y %H:%M:%S +0000", &utc);

    const struct {
        const char *name, *value;
    } headers[] = {{"From: ", parts->from},          {"\r\nTo: ", parts->to},      {"\r\nDate: ", date},
                   {"\r\nMessage-ID: <", parts->id}, {"@", strchr(from, '@') + 1}, {">\r\nSubject: ", ""}};
    for (size_t i = 0; i < LEN(headers); i++) {
        add(&out, headers[i].name);
        add(&out, headers[i].value);
    }
    add_subject(&out, notice->subject);
    add(&out, "\r\nAuto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
              "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n");
    add_base64_lines(&out, body);
    return out.used < out.room;
}

static bool write_body(const struct mail_parts *parts, char body[static BODY_ROOM])
{
    struct out out = {.text = body, .room = BODY_ROOM};
    char store[MAIL_STORE];
    mail_plain(parts->store, store);
    const char *const pieces[] = {mail_text_find(parts->notice, parts->locale)->body,
                                  mail_text_what_now(parts->notice, parts->locale), mail_text_end(parts->locale)};
    for (size_t i = 0; i < LEN(pieces); i++) {
        fill(&out, pieces[i], parts, store);
        add(&out, i + 1 < LEN(pieces) ? "\r\n\r\n" : "\r\n");
    }
    return out.used < out.room;
}

static void fill(struct out *out, const char *template, const struct mail_parts *parts, const char *store)
{
    char percent[16];
    snprintf(percent, sizeof(percent), "%d", parts->percent);
    for (const char *at = template; *at;) {
        size_t plain = strcspn(at, "{");
        add_bytes(out, at, plain);
        at += plain;
        size_t len = *at ? strcspn(at, "}") + 1 : 0;
        if (strncmp(at, "{store}", 7) == 0)
            add(out, store);
        else if (strncmp(at, "{percent}", 9) == 0)
            add(out, percent);
        else if (strncmp(at, "{panel}", 7) == 0)
            add(out, parts->panel);
        else if (strncmp(at, "{at}", 4) == 0)
            add_time(out, parts->at);
        else if (strncmp(at, "{until}", 7) == 0)
            add_time(out, parts->until ? parts->until : parts->at);
        at += len;
    }
}

/* "2026-11-22T05:00:00.000Z" as "2026-11-22 05:00 UTC": read the same everywhere. */
static void add_time(struct out *out, const char *rfc3339)
{
    char text[32];
    snprintf(text, sizeof(text), "%.10s %.5s UTC", rfc3339, strlen(rfc3339) > 11 ? rfc3339 + 11 : "");
    add(out, text);
}

/* ASCII as it is; else encoded words, each of whole characters, one a line. */
static void add_subject(struct out *out, const char *subject)
{
    char word[WORD * 4 / 3 + 5];
    bool ascii = true;
    for (const char *at = subject; *at; at++)
        ascii &= (unsigned char)*at < 0x80;
    if (ascii) {
        add(out, subject);
        return;
    }
    for (const char *at = subject; *at;) {
        size_t len = whole_characters(at, WORD);
        text_base64((const uint8_t *)at, len, word);
        add(out, at == subject ? "=?utf-8?B?" : "\r\n =?utf-8?B?");
        add(out, word);
        add(out, "?=");
        at += len;
    }
}

static void add_base64_lines(struct out *out, const char *body)
{
    char line[LINE * 4 / 3 + 5];
    for (size_t left = strlen(body); left;) {
        size_t len = left < LINE ? left : LINE;
        text_base64((const uint8_t *)body, len, line);
        add(out, line);
        add(out, "\r\n");
        body += len;
        left -= len;
    }
}

void mail_plain(const char *name, char text[static MAIL_STORE])
{
    struct out out = {.text = text, .room = MAIL_STORE};
    size_t characters = 0;
    bool gap = false;
    *text = '\0';
    for (const char *at = name; *at && characters < STORE_CHARACTERS;) {
        size_t blank = blank_len(at), len = blank ? blank : whole_characters(at, 1);
        if (!blank) {
            if (out.used + len + (gap && out.used) >= MAIL_STORE)
                break;
            if (gap && out.used)
                add(&out, " ");
            add_bytes(&out, at, len);
            characters += 1 + (gap && out.used);
        }
        gap = blank;
        at += len;
    }
    if (!out.used)
        add(&out, "-");
}

/* Bytes of what is shown as a blank: blanks, control characters (C1 too), line and paragraph separators, and the marks
 * that turn the direction of writing (U+200E, U+200F, U+2028 to U+202E, U+2066 to U+2069). */
static size_t blank_len(const char *at)
{
    const unsigned char *byte = (const unsigned char *)at;
    if (byte[0] <= ' ' || byte[0] == 0x7F)
        return 1;
    if (byte[0] == 0xC2 && byte[1] >= 0x80 && byte[1] <= 0x9F)
        return 2;
    if (byte[0] != 0xE2 || (byte[1] != 0x80 && byte[1] != 0x81))
        return 0;
    bool turns = byte[1] == 0x80 ? byte[2] == 0x8E || byte[2] == 0x8F || (byte[2] >= 0xA8 && byte[2] <= 0xAE)
                                 : byte[2] >= 0xA6 && byte[2] <= 0xA9;
    return turns ? 3 : 0;
}

/* Bytes of as many whole characters as fit into `most`; of one character at least. */
static size_t whole_characters(const char *text, size_t most)
{
    size_t len = 0;
    while (text[len]) {
        size_t next = len + 1;
        while (((unsigned char)text[next] & 0xC0) == 0x80)
            next++;
        if (len && next > most)
            break;
        len = next;
    }
    return len;
}

static void add(struct out *out, const char *text)
{
    add_bytes(out, text, strlen(text));
}

static void add_bytes(struct out *out, const char *text, size_t len)
{
    if (out->used + len < out->room) {
        memcpy(out->text + out->used, text, len);
        out->text[out->used + len] = '\0';
    }
    out->used += len;
}
