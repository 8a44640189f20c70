/* Any bytes as a phone number: what is read must be E.164, and everything said about it must fit and be terminated. */
#include <stddef.h>
#include <stdint.h>

#include "tenants/factors/phone_number.h"

#define METADATA "web/node_modules/libphonenumber-js/metadata.max.json"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    if (!phone_start(METADATA))
        abort();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    char *text = malloc(len + 1);
    struct phone_number number;
    memcpy(text, bytes, len);
    text[len] = '\0';
    if (phone_read(text, &number)) {
        size_t digits = strspn(number.e164 + 1, "0123456789");
        if (strcmp(number.e164, text) != 0 || number.e164[0] != '+' || number.e164[1 + digits] != '\0' || digits > 15)
            abort();
        if (strlen(number.hint) >= PHONE_HINT || strncmp(number.range, text, strlen(number.range)) != 0)
            abort();
        if (phone_takes_texts(&number) && !phone_has_country(number.country))
            abort();
        if (!phone_type_name(number.type))
            abort();
    }
    free(text);
    return 0;
}
