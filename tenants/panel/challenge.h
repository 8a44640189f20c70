/* challenge: one code sent, for one purpose, to one phone. */
#ifndef TENANTS_CHALLENGE_H
#define TENANTS_CHALLENGE_H

#include "req.h"

/* Draws a code, commits challenge and send together through api.`function`, answers 202 with the challenge, and pokes
 * the sender. The body must be absent or empty. */
void challenge_start(struct req *rq, const char *function, const char *purpose);

#endif
