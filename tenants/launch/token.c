/* token: shape, header, signature, claims; in this order, and out at the first doubt. */
#include "launch/token.h"

#include "email.h"
#include "hosts.h"
#include "launch/vouched.h"
#include "locales.h"
#include "text.h"

#define TYPE "launch+jwt"
#define JTI_LEAST 22 /* base64url of 128 bits */
#define JTI_MOST 128
#define DAWN 1LL         /* no time before it, */
#define DUSK (1LL << 40) /* nor after it: sums of times cannot overflow */

static json_t *part(const char *text, size_t len);
static const char *open_header(const char *text, size_t len, struct launch_token *ret);
static const char *read_times(const json_t *json, int64_t now, int64_t *ret_expires_at);
static const char *read_person(const json_t *json, struct token_claims *ret);
static const char *read_way(const json_t *json, struct token_claims *ret);

/* ---- shape and header ---- */

const char *token_open(const char *text, struct launch_token *ret)
{
    size_t len = strnlen(text, TOKEN_MOST + 1);
    const char *claims = strchr(text, '.'), *signature = claims ? strchr(claims + 1, '.') : NULL;
    if (len > TOKEN_MOST || !signature)
        return "shape";
    size_t header_len = (size_t)(claims - text), text_len = len - (size_t)(signature + 1 - text);
    struct launch_token token = {.text = text, .signed_len = (size_t)(signature - text), .claims_at = header_len + 1};
    token.claims_len = token.signed_len - token.claims_at;
    token.signature_len = text_len * 3 / 4;
    if (!header_len || header_len > TOKEN_HEADER_MOST || !token.claims_len || !text_len ||
        token.signature_len > sizeof(token.signature) ||
        !text_unbase64url(signature + 1, text_len, token.signature, token.signature_len))
        return "shape"; /* a fourth part has a dot, which is no base64url */
    const char *why = open_header(text, header_len, &token);
    if (!why)
        *ret = token;
    return why;
}

/* A part's JSON object, without duplicate names; NULL when it is none, or not spelled canonically. */
static json_t *part(const char *text, size_t len)
{
    uint8_t bytes[TOKEN_MOST];
    size_t bytes_len = len * 3 / 4;
    if (len > TOKEN_MOST || !text_unbase64url(text, len, bytes, bytes_len))
        return NULL;
    json_t *json = json_loadb((const char *)bytes, bytes_len, JSON_REJECT_DUPLICATES, NULL);
    if (json && !json_is_object(json)) {
        json_decref(json);
        return NULL;
    }
    return json;
}

/* Exactly three members: whatever else a header can hold (crit, b64, zip, jku, x5u, jwk, x5c) asks for something that is not done here. */
static const char *open_header(const char *text, size_t len, struct launch_token *ret)
{
    json_t *header = part(text, len);
    const char *algorithm = json_string_value(json_object_get(header, "alg"));
    const char *kid = json_string_value(json_object_get(header, "kid"));
    const char *type = json_string_value(json_object_get(header, "typ"));
    const char *why = NULL;
    if (json_object_size(header) != 3)
        why = "header";
    else if (!algorithm_of(algorithm, &ret->algorithm))
        why = "alg";
    else if (!type || strcmp(type, TYPE) != 0)
        why = "typ";
    else if (!public_key_is_kid(kid))
        why = "kid";
    else
        memcpy(ret->kid, kid, strlen(kid) + 1);
    json_decref(header);
    return why;
}

/* ---- signature ---- */

const char *token_verify(const struct launch_token *token, enum algorithm algorithm, const uint8_t *key, size_t key_len)
{
    if (token->algorithm != algorithm)
        return "alg";
    return public_key_verifies(algorithm, key, key_len, token->text, token->signed_len, token->signature,
                               token->signature_len)
               ? NULL
               : "signature";
}

/* ---- claims: each word of refusal is the claim's own name ---- */

const char *token_claims(const struct launch_token *token, const struct token_place *place, struct token_claims *ret)
{
    struct token_claims claims = {.json = part(token->text + token->claims_at, token->claims_len)};
    const char *issuer = json_string_value(json_object_get(claims.json, "iss"));
    const char *audience = json_string_value(json_object_get(claims.json, "aud"));
    const char *jti = json_string_value(json_object_get(claims.json, "jti"));
    const char *why = NULL;
    if (!claims.json)
        why = "claims";
    else if (!issuer || strcmp(issuer, place->tenant) != 0)
        why = "iss";
    else if (!audience || !hosts_is_panel_origin(place->slug, audience))
        why = "aud";
    else if (!jti || strlen(jti) < JTI_LEAST || strlen(jti) > JTI_MOST || !public_key_is_kid(jti))
        why = "jti";
    if (!why)
        why = read_times(claims.json, place->now, &claims.expires_at);
    if (!why)
        why = read_person(claims.json, &claims);
    if (!why)
        why = read_way(claims.json, &claims);
    if (why) {
        json_decref(claims.json);
        return why;
    }
    crypt_hash(jti, strlen(jti), claims.jti_hash);
    *ret = claims;
    return NULL;
}

/* Whole seconds only: what is written as 1e9 or 1.0 is no time here. */
static bool time_of(const json_t *json, const char *name, int64_t *ret)
{
    const json_t *value = json_object_get(json, name);
    int64_t seconds = json_integer_value(value);
    if (!json_is_integer(value) || seconds < DAWN || seconds > DUSK)
        return false;
    *ret = seconds;
    return true;
}

static const char *read_times(const json_t *json, int64_t now, int64_t *ret_expires_at)
{
    int64_t iat, exp, nbf = DAWN;
    if (!time_of(json, "iat", &iat) || iat > now + TOKEN_SKEW)
        return "iat";
    if (json_object_get(json, "nbf") && (!time_of(json, "nbf", &nbf) || nbf > now + TOKEN_SKEW))
        return "nbf";
    if (!time_of(json, "exp", &exp) || exp <= iat || exp > iat + TOKEN_LIFE || exp + TOKEN_SKEW <= now)
        return "exp";
    *ret_expires_at = exp;
    return NULL;
}

/* A text of min to max characters, none of them a control character. False when the claim is there but not that. */
static bool text_of(const json_t *json, const char *name, size_t min, size_t max, const char **ret)
{
    const json_t *value = json_object_get(json, name);
    const char *text = json_string_value(value);
    bool control = false;
    size_t count = text ? text_characters(text, &control) : 0;
    if (value && (!text || control || count < min || count > max))
        return false;
    *ret = text;
    return true;
}

/* One of a list's words; the list's element is returned. */
static bool word_of(const json_t *json, const char *name, const char *const *words, const char **ret)
{
    const json_t *value = json_object_get(json, name);
    const char *text = json_string_value(value);
    while (text && *words && strcmp(*words, text) != 0)
        words++;
    if (value && (!text || !*words))
        return false;
    *ret = text ? *words : NULL;
    return true;
}

static const char *read_person(const json_t *json, struct token_claims *ret)
{
    if (!text_of(json, "sub", 1, VOUCHED_EXTERNAL_ID, &ret->external_id) || !ret->external_id)
        return "sub";
    if (!text_of(json, "name", 1, VOUCHED_NAME, &ret->name) || !ret->name)
        return "name";
    if (!word_of(json, "role", ROLES, &ret->role) || !ret->role)
        return "role";
    if (!text_of(json, "email", VOUCHED_EMAIL_LEAST, VOUCHED_EMAIL, &ret->email) ||
        (ret->email && !email_is(ret->email)))
        return "email";
    if (!word_of(json, "locale", LOCALES, &ret->locale))
        return "locale";
    return NULL;
}

static const char *read_way(const json_t *json, struct token_claims *ret)
{
    if (!word_of(json, "destination", DESTINATIONS, &ret->destination))
        return "destination";
    if (!text_of(json, "return_url", 1, VOUCHED_RETURN_URL, &ret->return_url) ||
        (ret->return_url && !origin_of(ret->return_url, ret->return_origin)))
        return "return_url";
    return NULL;
}
