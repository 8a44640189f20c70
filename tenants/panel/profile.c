/* profile: the user's own page, and its two settings. */
#include "panel/panel.h"

#include "caller.h"
#include "cookies.h"
#include "json.h"
#include "locales.h"

void profile_read(struct req *rq)
{
    db_call(rq, DB_READ, &caller_of(rq)->enter, "profile_read", ARGS(db_bytes(cookies_device_hash(rq), CRYPT_MAC)),
            reply_row);
}

void profile_change(struct req *rq)
{
    static const char *const methods[] = {"sms", "authenticator", NULL};
    const char *preferred = json_may_word(rq, "/preferred_method", methods);
    const char *locale = json_may_word(rq, "/locale", LOCALES);
    if (!json_object_size(rq->json))
        json_bad(rq, "", "required"); /* nothing to change */
    if (!json_done(rq))
        return;
    db_call(rq, DB_WRITE, &caller_of(rq)->enter, "profile_change", ARGS(db_text(preferred), db_text(locale)),
            reply_row);
}
