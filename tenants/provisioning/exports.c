/* exports: what the platform takes away of a store, by a link that is good for an hour. The link's secret is derived from
 * a root key and the export's id, so that it can be shown again while the database knows nothing but its hash. */
#include "provisioning/provisioning.h"

#include "caller.h"
#include "config.h"
#include "event_page.h"
#include "json.h"
#include "text.h"

#define SECRET 44 /* base64url of 32 bytes */

static bool is_kind(const char *kind);
static bool unique(json_t *texts);
static struct db_arg time_member(struct req *rq, const char *pointer);
static void secret_of(int version, const uint8_t *tenant, const uint8_t *id, char ret[static SECRET]);
static step export_reply, export_file_then;

void export_create(struct req *rq)
{
    struct caller *caller = caller_of(rq);
    uint8_t *id = req_alloc(rq, 16), *hash = req_alloc(rq, CRYPT_MAC);
    char secret[SECRET];
    json_t *kinds = json_may_texts(rq, "/kinds", 5, is_kind);
    struct db_arg since = time_member(rq, "/since"), until = time_member(rq, "/until");
    if (!json_has(rq, "/kinds"))
        json_bad(rq, "/kinds", "required");
    else if (kinds && (!json_array_size(kinds) || !unique(kinds)))
        json_bad(rq, "/kinds", json_array_size(kinds) ? "invalid" : "too_short");
    if (!json_done(rq))
        return;
    text_uuid7(id);
    secret_of(crypt_version(), caller->tenant, id, secret);
    crypt_hash(secret, strlen(secret), hash);
    crypt_wipe(secret, sizeof(secret));
    db_call(rq, DB_WRITE, &caller->enter, "export_create",
            ARGS(db_uuid(id), db_json(rq, kinds), since, until, db_bytes(hash, CRYPT_MAC), db_int(crypt_version())),
            export_reply);
}

void export_read(struct req *rq)
{
    uint8_t *id = req_alloc(rq, 16);
    caller_param(rq, 1, "export", id);
    db_call(rq, DB_READ, &caller_of(rq)->enter, "export_read", ARGS(db_uuid(id)), export_reply);
}

/* The link, once there is something behind it. */
static void export_reply(struct req *rq)
{
    const struct db_row *row = db_row(rq);
    uint8_t id[16];
    char secret[SECRET];
    json_t *body = row->status ? db_body(rq) : NULL;
    const char *name = json_string_value(json_object_get(body, "id"));
    int version = (int)json_integer_value(json_object_get(body, "key_version"));
    if (!name || !text_untypeid("export", name, id)) {
        reply_row(rq);
        return;
    }
    const char *url = NULL;
    if (json_is_string(json_object_get(body, "url_expires_at"))) {
        secret_of(version, row->tenant_id, id, secret);
        url = req_printf(rq, "%s/v1/tenants/%s/exports/%s/file?secret=%s", config_text("api_origin"), rq->param[0],
                         name, secret);
        crypt_wipe(secret, sizeof(secret));
    }
    json_object_del(body, "key_version");
    json_object_set_new(body, "url", url ? json_string(url) : json_null());
    if (row->replayed)
        req_set_header(rq, "Idempotent-Replayed", "true");
    req_reply_json(rq, row->status, json_incref(body));
}

/* No key: the link is one. What is no link, or not any more, is not found. */
void export_file(struct req *rq)
{
    uint8_t *tenant = req_alloc(rq, 16), *id = req_alloc(rq, 16), *hash = req_alloc(rq, CRYPT_MAC), bytes[32];
    const char *secret = json_filter(rq, "secret"), *text = json_filter(rq, "part");
    size_t digits = text ? strspn(text, "0123456789") : 1;
    if (text && (digits < 1 || digits > 4 || text[digits] || text[0] == '0'))
        json_bad(rq, "?part", "invalid");
    if (!json_filters_done(rq))
        return;
    caller_param(rq, 0, "tenant", tenant);
    caller_param(rq, 1, "export", id);
    if (!secret || !text_unbase64url(secret, strlen(secret), bytes, sizeof(bytes))) {
        req_fail(rq, "not_found");
        return;
    }
    int64_t *part = rq->state = req_alloc(rq, sizeof(*part));
    *part = text ? strtoll(text, NULL, 10) : 1;
    crypt_hash(secret, strlen(secret), hash);
    db_call(rq, DB_SLOW, caller_system(rq, tenant), "export_file",
            ARGS(db_uuid(id), db_bytes(hash, CRYPT_MAC), db_int(*part)), export_file_then);
}

static void export_file_then(struct req *rq)
{
    const struct db_row *row = db_row(rq);
    const int64_t *part = rq->state;
    if (row->status != 200) {
        reply_row(rq);
        return;
    }
    if (*part < json_integer_value(json_object_get(db_body(rq), "parts")))
        req_set_header(rq, "X-Next-Part", req_printf(rq, "%lld", (long long)*part + 1));
    req_set_header(rq, "Content-Disposition",
                   req_printf(rq, "attachment; filename=\"%s.%lld.ndjson\"", rq->param[1], (long long)*part));
    req_reply_text(rq, 200, "application/x-ndjson", (const char *)row->sealed, row->sealed_len);
}

static bool is_kind(const char *kind)
{
    static const char *const kinds[] = {"tenant", "users", "events", "ledger", "sends"};
    bool known = false;
    for (size_t i = 0; i < LEN(kinds); i++)
        known = known || strcmp(kind, kinds[i]) == 0;
    return known;
}

static bool unique(json_t *texts)
{
    for (size_t i = 0; i < json_array_size(texts); i++) {
        for (size_t j = 0; j < i; j++) {
            if (json_equal(json_array_get(texts, i), json_array_get(texts, j)))
                return false;
        }
    }
    return true;
}

static struct db_arg time_member(struct req *rq, const char *pointer)
{
    int64_t ms;
    const char *text = json_may_text(rq, pointer, 20, 24);
    if (!text)
        return db_null_int();
    if (!event_time(text, &ms)) {
        json_bad(rq, pointer, "invalid");
        return db_null_int();
    }
    return db_int(ms);
}

static void secret_of(int version, const uint8_t *tenant, const uint8_t *id, char ret[static SECRET])
{
    uint8_t mac[CRYPT_MAC];
    crypt_mac(version, tenant, "export-link", id, 16, mac);
    text_base64url(mac, sizeof(mac), ret);
    crypt_wipe(mac, sizeof(mac));
}
