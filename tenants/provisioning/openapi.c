/* openapi: the API's own description, as a file for programs and as a page for people, served from memory. */
#include "provisioning/provisioning.h"

#include "config.h"
#include "files.h"

/* No path of a request begins like these: the panel's host cannot serve them. */
#define DESCRIPTION "openapi:"
#define DOCS "docs:"

static void reply(struct req *rq, const struct file *file);

void openapi_start(void)
{
    files_load(config_text("openapi"), DESCRIPTION);
    files_load(config_text("docs_root"), DOCS);
}

void openapi_read(struct req *rq)
{
    reply(rq, files_find(DESCRIPTION));
}

void docs_read(struct req *rq)
{
    req_set_static_header(rq, "Content-Security-Policy",
                          "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'; "
                          "frame-ancestors 'none'");
    reply(rq, files_find(DOCS "/index.html"));
}

void docs_file(struct req *rq)
{
    reply(rq, files_find(req_printf(rq, DOCS "/assets/%s", rq->param[0])));
}

/* May be kept, and is asked for again each time, but for what bears a hash in its name. */
static void reply(struct req *rq, const struct file *file)
{
    if (!file) {
        req_fail(rq, "not_found");
        return;
    }
    req_set_static_header(rq, "Cache-Control", "no-cache");
    files_reply(rq, file);
}
