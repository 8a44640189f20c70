/* files: everything under some folders, read into memory at start, with a gzipped twin where that is shorter. */
#ifndef SERVER_FILES_H
#define SERVER_FILES_H

#include "req.h"

struct file;

/* Before the fork. What lies at root/a/b is found as `at` and "/a/b"; a root that is a file as `at` alone. "" loads
 * nothing; dies when something is unreadable. What is under "/assets/" bears a hash in its name. */
void files_load(const char *root, const char *at);
const struct file *files_find(const char *path); /* "/assets/app-1a2b.js"; "/" is index.html; NULL when there is none */
void files_reply(struct req *rq, const struct file *file); /* 200 or 304, gzip when the client takes it */

#endif
