/* Notices by mail. Input: store's name, a line feed, address, a line feed, sender. Whatever they are, a message has our nine
 * headers and no other line in its head, and only ASCII. */
#include "tenants/outbox/mail.c"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *message)
{
    static const char *const NAMES[] = {
        "From: ",           "To: ",           "Date: ",   "Message-ID: <", "Subject: ", " =?utf-8?B?",
        "Auto-Submitted: ", "MIME-Version: ", "Content-T"};
    const char *line = message;
    for (const char *end; (end = strstr(line, "\r\n")) != line; line = end + 2) {
        size_t i = 0;
        if (!end || memchr(line, '\n', (size_t)(end - line)) || memchr(line, '\r', (size_t)(end - line)))
            __builtin_trap();
        while (i < LEN(NAMES) && strncmp(line, NAMES[i], strlen(NAMES[i])) != 0)
            i++;
        if (i == LEN(NAMES))
            __builtin_trap();
    }
    for (const char *at = message; *at; at++)
        if ((unsigned char)*at >= 0x80)
            __builtin_trap();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const LANGUAGES[] = {"en", "de", "ru"};
    char *store = strndup((const char *)data, size), *to = strchr(store, '\n'),
         *from = to ? strchr(to + 1, '\n') : NULL;
    char message[MAIL_ROOM], plain[MAIL_STORE];

    mail_plain(store, plain);
    if (!*plain || strpbrk(plain, "\r\n\t"))
        __builtin_trap();
    if (from) {
        *to = *from = '\0';
        for (size_t i = 0; text_utf8(store, strlen(store)) && i < LEN(LANGUAGES); i++) {
            struct mail_parts parts = {.id = "mail_01kamp5sw0fh4rjv2x0bq2mtjx",
                                       .from = from + 1,
                                       .to = to + 1,
                                       .notice = "reset",
                                       .locale = LANGUAGES[i],
                                       .store = store,
                                       .panel = "https://x",
                                       .at = "2026-11-22T05:00:00.000Z",
                                       .now_s = 1795323600};
            if (mail_compose(&parts, message))
                check(message);
        }
    }
    free(store);
    return 0;
}
