/* files: everything under one folder, read into memory at start, with a gzipped twin where that is shorter. */
#ifndef SERVER_FILES_H
#define SERVER_FILES_H

#include "req.h"

struct file;

void files_load(const char *root); /* before the fork; "" loads nothing; dies when the folder is unreadable */
const struct file *files_find(const char *path); /* "/assets/app-1a2b.js"; "/" is index.html; NULL when there is none */
void files_reply(struct req *rq, const struct file *file); /* 200 or 304, gzip when the client takes it */

#endif
