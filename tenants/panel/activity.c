/* activity: a store's audit trail, as its owner reads it, and takes it away as a file. */
#include "panel/panel.h"

#include "caller.h"
#include "event_page.h"
#include "log.h"
#include "text.h"

#define PAGE 500
#define PAGES 20 /* of a file; more is asked for with its cursor */

/* A file under way: the lines of all pages so far. */
struct file {
    struct db_args *args;
    char *text;
    size_t len;
    FILE *out;
    int pages;
};

static void next_page(struct req *rq, const char *function);
static step activity_export_then;
static void close_file(void *arg);

void activity_list(struct req *rq)
{
    const struct db_args *args = event_page(rq, 0);
    if (args)
        db_call(rq, DB_SLOW, &caller_of(rq)->enter, "activity_list", args, reply_row);
}

void activity_export(struct req *rq)
{
    struct db_args *args = event_page(rq, PAGE);
    if (!args)
        return;
    struct file *file = rq->state = req_alloc(rq, sizeof(*file));
    file->args = args;
    file->out = open_memstream(&file->text, &file->len);
    if (!file->out)
        die("out of memory");
    req_at_end(rq, close_file, file);
    next_page(rq, "activity_export");
}

static void next_page(struct req *rq, const char *function)
{
    struct file *file = rq->state;
    db_call(rq, DB_SLOW, &caller_of(rq)->enter, function, file->args, activity_export_then);
}

static void activity_export_then(struct req *rq)
{
    struct file *file = rq->state;
    uint8_t *below = req_alloc(rq, 16);
    size_t i;
    json_t *item;
    if (db_row(rq)->status != 200) {
        reply_row(rq);
        return;
    }
    json_array_foreach(json_object_get(db_body(rq), "items"), i, item)
    {
        json_dumpf(item, file->out, JSON_COMPACT);
        putc('\n', file->out);
    }
    const char *cursor = json_string_value(json_object_get(db_body(rq), "next_cursor"));
    if (cursor && ++file->pages < PAGES && text_untypeid("event", cursor, below)) {
        file->args->arg[1] = db_uuid(below);
        next_page(rq, "activity_list");
        return;
    }
    if (fflush(file->out) != 0)
        die("out of memory");
    if (cursor)
        req_set_header(rq, "X-Next-Cursor", cursor);
    req_set_header(rq, "Content-Disposition", "attachment; filename=\"activity.ndjson\"");
    req_reply_text(rq, 200, "application/x-ndjson", file->text, file->len);
}

static void close_file(void *arg)
{
    struct file *file = arg;
    fclose(file->out);
    free(file->text);
}
