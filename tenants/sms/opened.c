/* opened: sealed values are bound to tenant and row, so each is opened with the id that stands beside it. */
#include "sms/opened.h"

#include "db.h"
#include "hosts.h"
#include "text.h"

struct place {
    const char *id;      /* member that names the row */
    const char *sealed;  /* member with the value in hex, or null */
    const char *context; /* what it was sealed as */
};

static bool open_member(json_t *body, const uint8_t *tenant, const struct place *place, char *out, size_t room,
                        bool *ret_there);

bool opened_read(struct req *rq, const uint8_t *tenant, struct opened *ret)
{
    static const struct place number = {"phone_id", "to_sealed", "phones.number"};
    static const struct place code = {"challenge_id", "code_sealed", "challenges.code"};
    json_t *body = db_body(rq);
    memset(ret, 0, sizeof(*ret));
    ret->purpose = json_string_value(json_object_get(body, "purpose"));
    ret->locale = json_string_value(json_object_get(body, "locale"));
    ret->store = json_string_value(json_object_get(body, "store"));
    ret->slug = json_string_value(json_object_get(body, "slug"));
    if (!ret->purpose || !ret->locale || !ret->store || !ret->slug)
        return false;
    hosts_panel(ret->slug, ret->host, sizeof(ret->host));
    return open_member(body, tenant, &number, ret->number, sizeof(ret->number), &ret->has_number) &&
           open_member(body, tenant, &code, ret->code, sizeof(ret->code), &ret->has_code);
}

/* True when there is nothing to open, or it opened as a text that fits. */
static bool open_member(json_t *body, const uint8_t *tenant, const struct place *place, char *out, size_t room,
                        bool *ret_there)
{
    const char *hex = json_string_value(json_object_get(body, place->sealed));
    const char *id = json_string_value(json_object_get(body, place->id));
    uint8_t row_id[16], sealed[64 + CRYPT_SEAL_EXTRA], plain[64];
    size_t len = 0;
    if (!hex)
        return true;
    size_t sealed_len = strlen(hex) / 2;
    if (!id || !text_unuuid(id, row_id) || sealed_len > sizeof(sealed) || !text_unhex(hex, sealed, sealed_len) ||
        !crypt_open(tenant, place->context, row_id, sealed, sealed_len, plain, &len) || len >= room)
        return false;
    memcpy(out, plain, len);
    out[len] = '\0';
    crypt_wipe(plain, sizeof(plain));
    *ret_there = true;
    return true;
}
