/* launch_keys: what a store signs launch tokens with; made, rotated, listed and revoked by the platform. */
#include "provisioning/provisioning.h"

#include "caller.h"
#include "json.h"
#include "launch/jwks.h"
#include "launch/launch.h"
#include "launch/public_key.h"
#include "outbound.h"
#include "secret.h"
#include "text.h"

#define GRACE_MOST 604800 /* 7 days */
#define PEM_MOST 8192
#define PREFIX "launch_key"

/* A launch key that is asked for: by create, or by rotate in another's place. */
struct wanted {
    uint8_t id[16], old[16];
    const char *name, *algorithm, *source, *jwks_url;
    struct public_key keys[PUBLIC_KEYS_MOST];
    size_t key_count;
    bool drawn; /* the secret is ours, and shown once */
    struct secret sealed;
};

static step launch_key_made;
static struct wanted *wanted_new(struct req *rq);
static void read_source(struct req *rq, struct wanted *wanted);
static void check_jwk(struct req *rq);
static void check_number(struct req *rq, const char *pointer, size_t min, size_t max);
static bool is_verify(const char *text);
static void check_jwks(struct req *rq);
static const char *only_source(struct req *rq);
static void read_jwk(struct req *rq, struct wanted *wanted, enum algorithm algorithm);
static void read_jwks(struct req *rq, struct wanted *wanted, enum algorithm algorithm);
static void read_pem(struct req *rq, struct wanted *wanted, enum algorithm algorithm);
static void read_secret(struct req *rq, struct wanted *wanted);
static struct db_arg keys_arg(struct req *rq, const struct wanted *wanted);

static const char *const MODES[] = {"live", "test", NULL};

void launch_key_create(struct req *rq)
{
    struct caller *caller = caller_of(rq);
    struct wanted *wanted = wanted_new(rq);
    const char *mode = json_may_word(rq, "/mode", MODES);
    wanted->name = json_need_text(rq, "/name", 1, 80);
    read_source(rq, wanted);
    if (!mode)
        mode = caller->test ? "test" : "live";
    else if (caller->test && strcmp(mode, "test") != 0)
        json_bad(rq, "/mode", "invalid"); /* as for keys: what a test key made never spends money */
    if (!json_done(rq))
        return;
    db_call(rq, DB_WRITE, &caller->enter, "launch_key_create",
            ARGS(db_uuid(wanted->id), db_text(wanted->name), db_text(mode), db_text(wanted->algorithm),
                 db_text(wanted->source), keys_arg(rq, wanted), db_text(wanted->jwks_url),
                 wanted->sealed.len ? secret_arg(&wanted->sealed) : db_bytes(NULL, 0), db_bool(wanted->drawn)),
            launch_key_made);
}

void launch_key_rotate(struct req *rq)
{
    struct wanted *wanted = wanted_new(rq);
    int64_t grace = json_may_int(rq, "/grace_seconds", 0, GRACE_MOST, 0);
    wanted->name = json_may_text(rq, "/name", 1, 80);
    caller_param(rq, 1, PREFIX, wanted->old);
    read_source(rq, wanted);
    if (!json_done(rq))
        return;
    db_call(rq, DB_WRITE, &caller_of(rq)->enter, "launch_key_rotate",
            ARGS(db_uuid(wanted->old), db_int(grace), db_uuid(wanted->id), db_text(wanted->name),
                 db_text(wanted->algorithm), db_text(wanted->source), keys_arg(rq, wanted), db_text(wanted->jwks_url),
                 wanted->sealed.len ? secret_arg(&wanted->sealed) : db_bytes(NULL, 0), db_bool(wanted->drawn)),
            launch_key_made);
}

static struct wanted *wanted_new(struct req *rq)
{
    struct wanted *wanted = rq->state = req_alloc(rq, sizeof(*wanted));
    req_secret(rq, wanted, sizeof(*wanted));
    text_uuid7(wanted->id);
    return wanted;
}

/* Shows a secret that was drawn here; a set behind an address is fetched right away, but not waited for. */
static void launch_key_made(struct req *rq)
{
    const struct wanted *wanted = rq->state;
    const struct db_row *row = db_row(rq);
    if (row->status == 201 && wanted->jwks_url && !row->replayed)
        jwks_poke();
    if (row->status == 201 && row->sealed)
        secret_reply(rq, caller_of(rq)->tenant, LAUNCH_KEY_SECRET, PREFIX, "secret");
    else
        reply_row(rq);
}

/* ---- where its public keys come from ---- */

static void read_source(struct req *rq, struct wanted *wanted)
{
    enum algorithm algorithm;
    wanted->algorithm = json_need_word(rq, "/algorithm", ALGORITHMS);
    check_jwk(rq);
    check_jwks(rq);
    const char *pointer = only_source(rq);
    if (!algorithm_of(wanted->algorithm, &algorithm))
        return;
    if (!pointer && algorithm != ALGORITHM_HS256) {
        json_bad(rq, "/jwk", "required");
        return;
    }
    wanted->source = pointer ? pointer + 1 : "secret";
    bool secret = strcmp(wanted->source, "secret") == 0;
    if (secret != (algorithm == ALGORITHM_HS256))
        json_bad(rq, pointer, "invalid"); /* a secret is HS256's, and nothing else is */
    else if (secret)
        read_secret(rq, wanted);
    else if (strcmp(wanted->source, "jwk") == 0)
        read_jwk(rq, wanted, algorithm);
    else if (strcmp(wanted->source, "jwks") == 0)
        read_jwks(rq, wanted, algorithm);
    else if (strcmp(wanted->source, "pem") == 0)
        read_pem(rq, wanted, algorithm);
    else if ((wanted->jwks_url = json_may_text(rq, "/jwks_url", 1, OUTBOUND_URL - 1)) &&
             !outbound_url(wanted->jwks_url))
        json_bad(rq, "/jwks_url", "invalid");
    /* what has no name of its own is called by the launch key's id */
    if (wanted->key_count == 1 && !*wanted->keys[0].kid)
        text_typeid(PREFIX, wanted->id, wanted->keys[0].kid);
}

/* The shape of a key, whatever it is for. A document that is sent here has no members that nobody reads; one that is fetched may. */
static void check_jwk(struct req *rq)
{
    static const char *const types[] = {"OKP", "EC", "RSA", NULL}, *const curves[] = {"Ed25519", "P-256", NULL};
    static const char *const algorithms[] = {"EdDSA", "ES256", "RS256", NULL}, *const uses[] = {"sig", NULL};
    if (!json_has(rq, "/jwk"))
        return;
    json_need_word(rq, "/jwk/kty", types);
    json_may_word(rq, "/jwk/crv", curves);
    check_number(rq, "/jwk/x", 43, 43);
    check_number(rq, "/jwk/y", 43, 43);
    check_number(rq, "/jwk/n", 0, 684);
    check_number(rq, "/jwk/e", 4, 8);
    const char *kid = json_may_text(rq, "/jwk/kid", 1, PUBLIC_KEY_KID);
    if (kid && !public_key_is_kid(kid))
        json_bad(rq, "/jwk/kid", "invalid");
    json_may_word(rq, "/jwk/alg", algorithms);
    json_may_word(rq, "/jwk/use", uses);
    json_may_texts(rq, "/jwk/key_ops", 1, is_verify);
}

static void check_number(struct req *rq, const char *pointer, size_t min, size_t max)
{
    static const char base64url[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const char *text = json_may_text(rq, pointer, min, max);
    if (text && text[strspn(text, base64url)])
        json_bad(rq, pointer, "invalid");
}

static bool is_verify(const char *text)
{
    return strcmp(text, "verify") == 0;
}

static void check_jwks(struct req *rq)
{
    static const char *const members[] = {"kty", "crv", "x", "y", "n", "e", "kid", "alg", "use", "key_ops"};
    const json_t *keys = json_object_get(json_object_get(rq->json, "jwks"), "keys");
    json_t *each;
    size_t i;
    if (!json_has(rq, "/jwks"))
        return;
    if (!json_has(rq, "/jwks/keys") || !json_is_array(keys))
        json_bad(rq, "/jwks/keys", keys ? "wrong_type" : "required");
    else if (json_array_size(keys) < 1 || json_array_size(keys) > PUBLIC_KEYS_MOST)
        json_bad(rq, "/jwks/keys", json_array_size(keys) ? "too_long" : "too_short");
    json_array_foreach(keys, i, each)
    {
        size_t known = 0;
        for (size_t j = 0; j < LEN(members); j++)
            known += json_object_get(each, members[j]) != NULL;
        if ((!json_is_object(each) || known != json_object_size(each)) && i < PUBLIC_KEYS_MOST)
            json_bad(rq, req_printf(rq, "/jwks/keys/%zu", i), json_is_object(each) ? "unknown_field" : "wrong_type");
    }
}

/* The one that is given, NULL for none; each further one is a complaint. */
static const char *only_source(struct req *rq)
{
    static const char *const pointers[] = {"/jwk", "/pem", "/jwks", "/jwks_url", "/secret"};
    const char *found = NULL;
    for (size_t i = 0; i < LEN(pointers); i++) {
        if (!json_has(rq, pointers[i]))
            continue;
        if (found)
            json_bad(rq, pointers[i], "invalid");
        else
            found = pointers[i];
    }
    return found;
}

static void read_jwk(struct req *rq, struct wanted *wanted, enum algorithm algorithm)
{
    char fault[PUBLIC_KEY_FAULT];
    const json_t *jwk = json_object_get(rq->json, "jwk");
    if (!json_is_object(jwk))
        json_bad(rq, "/jwk", "wrong_type");
    else if (!public_key_of_jwk(algorithm, jwk, &wanted->keys[0], fault))
        json_bad(rq, req_printf(rq, "/jwk%s", fault), "invalid");
    else
        wanted->key_count = 1;
}

static void read_jwks(struct req *rq, struct wanted *wanted, enum algorithm algorithm)
{
    char fault[PUBLIC_KEY_FAULT];
    const json_t *jwks = json_object_get(rq->json, "jwks");
    if (!json_is_object(jwks))
        json_bad(rq, "/jwks", "wrong_type");
    else if (!public_keys_of_jwks(algorithm, jwks, wanted->keys, &wanted->key_count, fault))
        json_bad(rq, req_printf(rq, "/jwks%s", fault), "invalid");
}

static void read_pem(struct req *rq, struct wanted *wanted, enum algorithm algorithm)
{
    const char *pem = json_string_value(json_object_get(rq->json, "pem"));
    if (!pem)
        json_bad(rq, "/pem", "wrong_type");
    else if (strlen(pem) > PEM_MOST)
        json_bad(rq, "/pem", "too_long");
    else if (!public_key_of_pem(algorithm, pem, &wanted->keys[0]))
        json_bad(rq, "/pem", "invalid");
    else
        wanted->key_count = 1;
}

/* Given, or drawn here. */
static void read_secret(struct req *rq, struct wanted *wanted)
{
    uint8_t bytes[PUBLIC_KEY_SECRET_MOST];
    char text[SECRET_TEXT];
    const char *given = json_may_text(rq, "/secret", 43, 86);
    size_t len = given ? strlen(given) * 3 / 4 : sizeof(bytes) / 2;
    wanted->drawn = !json_has(rq, "/secret");
    if (wanted->drawn)
        crypt_random(bytes, len);
    else if (!given || len > sizeof(bytes) || !text_unbase64url(given, strlen(given), bytes, len)) {
        json_bad(rq, "/secret", "invalid");
        return;
    }
    text_base64url(bytes, len, text);
    secret_seal(&wanted->sealed, caller_of(rq)->tenant, LAUNCH_KEY_SECRET, wanted->id, text);
    crypt_wipe(bytes, sizeof(bytes));
    crypt_wipe(text, sizeof(text));
}

/* A shared secret has a kid too, but no public key. */
static struct db_arg keys_arg(struct req *rq, const struct wanted *wanted)
{
    char id[TEXT_TYPEID];
    text_typeid(PREFIX, wanted->id, id);
    json_t *keys = wanted->sealed.len ? json_pack("[{ssso}]", "kid", id, "public_key", json_null())
                                      : public_keys_json(wanted->keys, wanted->key_count);
    req_defer_json(rq, keys);
    return db_json(rq, keys);
}

/* ---- list and revoke ---- */

void launch_key_list(struct req *rq)
{
    int64_t limit;
    uint8_t *after = req_alloc(rq, 16);
    bool has_after;
    if (!json_page(rq, PREFIX, &limit, after, &has_after))
        return;
    db_call(rq, DB_SLOW, &caller_of(rq)->enter, "launch_key_list",
            ARGS(db_int(limit), db_uuid(has_after ? after : NULL)), reply_row);
}

void launch_key_revoke(struct req *rq)
{
    uint8_t *launch_key = req_alloc(rq, 16);
    caller_param(rq, 1, PREFIX, launch_key);
    db_call(rq, DB_WRITE, &caller_of(rq)->enter, "launch_key_revoke", ARGS(db_uuid(launch_key)), reply_row);
}
