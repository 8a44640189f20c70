/* proof: the one field that takes a texted code, an authenticator's code or a backup code, for every use case that asks
 * for one.
 *
 * What the database must not know is made here: the MACs under the two newest key versions, and, in a second step, the
 * comparison with the authenticator's secret.
 */
#ifndef TENANTS_PROOF_H
#define TENANTS_PROOF_H

#include "db.h"

#include "factors/code.h"

struct proof {
    enum code_shape shape;
    char code[CODE_READ];
    bool has_challenge;
    uint8_t challenge[16];
    uint8_t mac[2][CRYPT_MAC];    /* newest key, the one before; of a texted code */
    uint8_t backup[2][CRYPT_MAC]; /* of a backup code */
};

/* Reads /code (any shape) and /challenge (may be absent) of the body and computes the MACs for `purpose`; complaints
 * are left for json_done. In the arena, wiped with it. */
struct proof *proof_read(struct req *rq, const char *purpose);
/* The same where only a texted code will do: six digits, and a challenge. */
struct proof *proof_read_texted(struct req *rq, const char *purpose);

/* The MACs as arguments, SQL null where there is none. `which`: 0 newest, 1 the one before. */
struct db_arg proof_challenge(const struct proof *proof);
struct db_arg proof_mac(const struct proof *proof, int which);
struct db_arg proof_backup(const struct proof *proof, int which);

/* Is the row SQL's question about an authenticator's code? */
bool proof_is_question(const struct db_row *row);
/* The answer: which authenticator, and the step that `code` belongs to as an argument, null when none. Opens the secret
 * that the row carries for the caller's tenant and wipes it. `authenticator` gets 16 bytes. */
struct db_arg proof_answer(struct req *rq, const char *code, uint8_t *authenticator);

#endif
