/* email: see the header. */
#include "email.h"

bool email_is(const char *text)
{
    const char *at = strchr(text, '@');
    return at && at != text && at[1] && !strchr(at + 1, '@') && !strchr(text, ' ');
}
