/* metrics_inside: how the rows are shared out and read; for main.c and the ops port. */
#ifndef SERVER_METRICS_INSIDE_H
#define SERVER_METRICS_INSIDE_H

#include "common.h"

void metrics_share(
    size_t workers);             /* before the fork, after every metric is registered or will be: rows are full size */
void metrics_own(size_t worker); /* in the worker: which row is written from now on */
char *metrics_text(size_t *ret_len); /* malloc'd; the caller frees */

#endif
