/* db_inside: what db.c, db_row.c and main.c share. */
#ifndef SERVER_DB_INSIDE_H
#define SERVER_DB_INSIDE_H

#include "db_conn.h"

void db_meters(const char *product); /* before the fork */
/* Fills the row from the pair's two results; strings borrow from pair->called. False when their shape is not the agreed
 * one. */
bool db_row_read(const struct db_pair *pair, struct db_row *row) MUST_USE;
void db_row_release(void *called);

#endif
