/* problem: from an error code to its HTTP status and its sentences (RFC 9457).
 *
 * The runtime has a table of its own (problem.c); the product adds one (struct app). A code is a short snake_case
 * word, the same in C, in SQL refusals, in the OpenAPI file and in the panel's messages.
 */
#ifndef SERVER_PROBLEM_H
#define SERVER_PROBLEM_H

#include "common.h"

struct problem {
    const char *code;
    int status;         /* HTTP status */
    const char *title;  /* short, the same for every occurrence */
    const char *detail; /* one sentence: what to do next */
};

/* The entry of a code, from the product's table first; the entry of "internal" when nobody knows the code (logged). */
const struct problem *problem_find(const char *code);
void problem_use(const char *product, const struct problem *table, size_t count); /* both kept by pointer */
const char *problem_product(void); /* the word in "urn:PRODUCT:problem:CODE" */

#endif
