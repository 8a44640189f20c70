/* secret: seal, store, open again. */
#include "secret.h"

#include "log.h"
#include "text.h"

void secret_seal(struct secret *secret, const uint8_t *tenant, const char *context, const uint8_t *row_id,
                 const char *text)
{
    if (strlen(text) > SECRET_TEXT)
        die("secret_seal: longer than any secret");
    secret->len = crypt_seal(tenant, context, row_id, text, strlen(text), secret->bytes);
}

struct db_arg secret_arg(const struct secret *secret)
{
    return db_bytes(secret->bytes, secret->len);
}

void secret_reply(struct req *rq, const uint8_t *tenant, const char *context, const char *prefix, const char *member)
{
    const struct db_row *row = db_row(rq);
    if (!row->sealed) {
        reply_row(rq);
        return;
    }
    json_t *body = db_body(rq);
    const char *id = json_string_value(json_object_get(body, "id"));
    uint8_t row_id[16];
    char text[SECRET_TEXT + 1];
    size_t len = 0;
    bool opened = id && text_untypeid(prefix, id, row_id) && row->sealed_len <= SECRET_TEXT + CRYPT_SEAL_EXTRA &&
                  crypt_open(tenant, context, row_id, row->sealed, row->sealed_len, text, &len);
    if (!opened) {
        log_event(LOG_ERROR, rq, "secret_unreadable", L_TEXT("row", id));
        req_fail(rq, "internal");
        return;
    }
    text[len] = '\0';
    json_object_set_new(body, member, json_string(text));
    crypt_wipe(text, sizeof(text));
    if (row->replayed)
        req_set_header(rq, "Idempotent-Replayed", "true");
    if (row->etag)
        req_set_header(rq, "ETag", req_printf(rq, "\"%s\"", row->etag));
    req_reply_json(rq, row->status, json_incref(body));
}
