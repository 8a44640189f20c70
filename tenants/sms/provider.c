/* provider: those that there are. */
#include "sms/provider.h"

const struct provider *provider_named(const char *name)
{
    static const struct provider *const all[] = {&PROVIDER_MESSAGING, &PROVIDER_VERIFY};
    for (size_t i = 0; name && i < LEN(all); i++) {
        if (strcmp(all[i]->name, name) == 0)
            return all[i];
    }
    return NULL;
}
