/* ledger_chain: the chain of a store's ledger, as anybody can recompute it. Pure.
 *
 * A line's canonical text is "line|at|send|kind|micros|country|purpose", each field as GET /v1/tenants/{tenant}/ledger
 * shows it; its hash is SHA-256 of the 32 bytes of prev_hash and of that text. prev_hash of the first line is SHA-256
 * of "tillgate ledger 1|" and the store's id.
 */
#ifndef TENANTS_LEDGER_CHAIN_H
#define TENANTS_LEDGER_CHAIN_H

#include "crypt.h"

#include <jansson.h>

struct ledger_chain {
    int64_t line;            /* the last one taken; 0 before the first */
    bool begun;              /* hash is known */
    uint8_t hash[CRYPT_MAC]; /* of that line */
};

/* tenant: its id, then the first line must be line 1; NULL: the file may begin anywhere, and its first prev_hash is
 * believed. */
void ledger_chain_start(struct ledger_chain *chain, const char *tenant);

/* Takes the next line. Returns NULL, or what is wrong with it (a static sentence); the chain is then as it was. */
const char *ledger_chain_take(struct ledger_chain *chain, json_t *line);

/* The canonical text; false when a member is missing, of another type, or has a '|' in it. */
#define LEDGER_TEXT 320
bool ledger_chain_text(json_t *line, char out[static LEDGER_TEXT]) MUST_USE;

#endif
