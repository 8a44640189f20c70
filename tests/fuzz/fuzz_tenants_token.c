/* Any bytes as a token, as a signed token's header and claims, and as key documents. A token passes only when it is signed; what
 * passes is within the bounds; a key that is kept reads again. The first byte chooses. */
#define hosts_is_panel_origin audience_of_the_fuzzer
#include "tenants/launch/public_key.c"
#include "tenants/launch/token.c"

#define NOW 1800000000

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

static const uint8_t SECRET[PUBLIC_KEY_SECRET] = "a secret of 32 bytes, not one le";

bool hosts_is_panel_origin(const char *slug, const char *origin)
{
    return strcmp(slug, "acme") == 0 && strcmp(origin, "https://acme.panel.example") == 0;
}

static void check_claims(const struct launch_token *token)
{
    const struct token_place place = {"tenant_01h455vb4pex5vsknk084sn02q", "acme", NOW};
    struct token_claims claims;
    bool control;

    if (token_claims(token, &place, &claims))
        return;
    if (claims.expires_at + TOKEN_SKEW <= NOW || claims.expires_at > NOW + TOKEN_LIFE + TOKEN_SKEW)
        abort();
    if (!text_characters(claims.external_id, &control) || control || !text_utf8(claims.name, strlen(claims.name)) ||
        !claims.role || (claims.destination && *claims.destination != '/') ||
        (claims.return_url && strncmp(claims.return_origin, "http", 4) != 0))
        abort();
    json_decref(claims.json);
}

static void as_token(const char *text)
{
    struct launch_token token;

    if (token_open(text, &token))
        return;
    if (!public_key_is_kid(token.kid) || token.signature_len > sizeof(token.signature) || token.signed_len > TOKEN_MOST)
        abort();
    if (!token_verify(&token, ALGORITHM_HS256, SECRET, sizeof(SECRET)))
        check_claims(&token); /* the corpus holds a signed one */
}

/* HEADER NUL CLAIMS, signed here so that the claims are reached. */
static void as_signed(const char *bytes, size_t len)
{
    char text[3 * TOKEN_MOST];
    uint8_t mac[CRYPT_MAC];
    size_t header = strnlen(bytes, len), claims = header < len ? len - header - 1 : 0, at;
    struct launch_token token;

    if (len > TOKEN_MOST)
        return;
    text_base64url((const uint8_t *)bytes, header, text);
    at = strlen(text);
    text[at++] = '.';
    text_base64url((const uint8_t *)bytes + len - claims, claims, text + at);
    at += strlen(text + at);
    crypt_hmac_sha256(SECRET, sizeof(SECRET), text, at, mac);
    text[at++] = '.';
    text_base64url(mac, sizeof(mac), text + at);
    if (token_open(text, &token))
        return;
    if ((token_verify(&token, ALGORITHM_HS256, SECRET, sizeof(SECRET)) == NULL) != (token.algorithm == ALGORITHM_HS256))
        abort();
    check_claims(&token);
    token.signature[0] ^= 1;
    if (!token_verify(&token, ALGORITHM_HS256, SECRET, sizeof(SECRET)))
        abort();
}

static void check_kept(enum algorithm algorithm, const struct public_key *key)
{
    const uint8_t *at = key->der;
    EVP_PKEY *read = d2i_PUBKEY(NULL, &at, (long)key->len);

    if (!read || at != key->der + key->len || !is_fit(algorithm, read))
        abort();
    EVP_PKEY_free(read);
    if (public_key_verifies(algorithm, key->der, key->len, "x", 1, key->der, 64))
        abort();
}

static void as_document(enum algorithm algorithm, const char *text, size_t len)
{
    static struct public_key keys[PUBLIC_KEYS_MOST];
    char fault[PUBLIC_KEY_FAULT];
    size_t count = 0;
    json_t *json = json_loadb(text, len, JSON_REJECT_DUPLICATES, NULL);

    if (public_key_of_jwk(algorithm, json, &keys[0], fault))
        check_kept(algorithm, &keys[0]);
    if (public_keys_of_jwks(algorithm, json, keys, &count, fault) && (count < 1 || count > PUBLIC_KEYS_MOST))
        abort();
    for (size_t i = 0; i < count; i++)
        check_kept(algorithm, &keys[i]);
    if (public_key_of_pem(algorithm, text, &keys[0]))
        check_kept(algorithm, &keys[0]);
    json_decref(json);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    if (!len)
        return 0;
    char *text = strndup((const char *)bytes + 1, len - 1); /* a form's field ends at its first NUL */
    if (bytes[0] == 't')
        as_token(text);
    else if (bytes[0] == 's')
        as_signed((const char *)bytes + 1, len - 1);
    else if (bytes[0] >= '0' && bytes[0] <= '3')
        as_document((enum algorithm)(bytes[0] - '0'), text, strlen(text));
    free(text);
    return 0;
}
