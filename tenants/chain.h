/* chain: the hash chains of a store, its ledger and its audit trail, as anybody can recompute them. Pure.
 *
 * A line's hash is SHA-256 of the 32 bytes of prev_hash and of the line's canonical text in UTF-8. prev_hash of line 1
 * is SHA-256 of the chain's root and the store's id.
 *
 * Ledger: root "tillgate ledger 1|", text "line|at|send|kind|micros|country|purpose".
 * Audit trail: root "tillgate events 1|", text "line|at|id|kind|user|actor|caller|request_id|person_hash|detail", empty
 * where null. What is personal is not in it: person_hash is SHA-256 of the salt's bytes and of person. detail and
 * person are written as Postgres writes jsonb: members ordered by length, then by byte; ", " and ": " between them.
 * Each field is as the lists and exports show it.
 */
#ifndef TENANTS_CHAIN_H
#define TENANTS_CHAIN_H

#include "crypt.h"

#include <jansson.h>

struct chain_kind {
    const char *name; /* "ledger" */
    const char *root;
    /* NULL and the canonical text, to be freed; or what is wrong with the line, a static sentence */
    const char *(*text)(json_t *line, char **ret_text);
};
extern const struct chain_kind CHAIN_LEDGER, CHAIN_EVENTS;

struct chain {
    const struct chain_kind *kind;
    int64_t line;            /* the last one taken; 0 before the first */
    bool rooted;             /* hash is that of the store's root, until a line was taken */
    bool begun;              /* the next line must follow */
    uint8_t hash[CRYPT_MAC]; /* of the last line, or the root */
};

/* tenant: the store's id, NULL when it is not known. whole: the first line must be line 1; otherwise the chain may begin
 * anywhere, and what it begins with is believed, unless it is line 1. */
void chain_start(struct chain *chain, const struct chain_kind *kind, const char *tenant, bool whole);

/* Takes the next line. Returns NULL, or what is wrong with it (a static sentence); the chain is then as it was. */
const char *chain_take(struct chain *chain, json_t *line);

/* The text of a value as Postgres writes jsonb, to be freed; NULL when it holds a number with a fraction. */
char *chain_jsonb(json_t *value) MUST_USE;

#endif
