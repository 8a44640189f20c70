/* Any bytes as a store's name: a text is one segment that ends with its origin-bound line, and has no other such line.
 */
#include <stddef.h>
#include <stdint.h>

#include "tenants/locales.h"
#include "tenants/sms/texts.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static const char mark[] = "\n\n@acme.panel.example #012345";
    char *store = malloc(len + 1), text[TEXTS_ROOM];
    memcpy(store, bytes, len);
    store[len] = '\0';
    texts_segments(store);
    for (size_t i = 0; LOCALES[i]; i++) {
        const struct text_parts parts = {"sign_in", LOCALES[i], "012345", store, "acme", "acme.panel.example", 300};
        if (!texts_compose(&parts, text) || texts_segments(text) != 1)
            abort();
        size_t text_len = strlen(text);
        if (text_len < sizeof(mark) || strcmp(text + text_len - sizeof(mark) + 1, mark) != 0 ||
            strchr(text, '@') != strrchr(text, '@'))
            abort();
    }
    free(store);
    return 0;
}
