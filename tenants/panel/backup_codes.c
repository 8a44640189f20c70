/* backup_codes: a new set of ten, shown once; the old set is dead from then on. */
#include "panel/panel.h"

#include "caller.h"
#include "factors/backup_code.h"
#include "json.h"
#include "text.h"

struct set {
    char shown[BACKUP_CODES][BACKUP_CODE_SHOWN];
};

static step backup_codes_create_then;

void backup_codes_create(struct req *rq)
{
    struct caller *caller = caller_of(rq);
    struct set *set = rq->state = req_alloc(rq, sizeof(*set));
    if (!json_done(rq))
        return;
    req_secret(rq, set, sizeof(*set));
    json_t *macs = json_array();
    req_defer_json(rq, macs);
    for (size_t i = 0; i < BACKUP_CODES; i++) {
        char normal[BACKUP_CODE], hex[2 * CRYPT_MAC + 1];
        uint8_t mac[CRYPT_MAC];
        backup_code_draw(set->shown[i], normal);
        backup_code_mac(crypt_version(), caller->tenant, caller->user, normal, mac);
        text_hex(mac, sizeof(mac), hex);
        json_array_append_new(macs, json_string(hex));
        crypt_wipe(normal, sizeof(normal));
    }
    db_call(rq, DB_WRITE, &caller->enter, "backup_codes_create", ARGS(db_json(rq, macs)), backup_codes_create_then);
}

static void backup_codes_create_then(struct req *rq)
{
    struct set *set = rq->state;
    if (db_row(rq)->status != 201) {
        reply_row(rq);
        return;
    }
    json_t *codes = json_array();
    for (size_t i = 0; i < BACKUP_CODES; i++)
        json_array_append_new(codes, json_string(set->shown[i]));
    req_reply_json(rq, 201, json_pack("{s:o}", "codes", codes));
}
