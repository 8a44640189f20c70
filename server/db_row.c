/* db_row: arguments into SQL, rows out of it, and the usual continuation. */
#include "db_inside.h"
#include "log.h"
#include "req_inside.h"

/* ---- arguments ---- */

struct db_arg db_text(const char *text)
{
    return (struct db_arg){.type = DB_TEXT, .is_null = !text, .bytes = text, .len = text ? strlen(text) : 0};
}

struct db_arg db_bytes(const void *bytes, size_t len)
{
    return (struct db_arg){.type = DB_BYTES, .is_null = !bytes, .bytes = bytes, .len = len};
}

struct db_arg db_uuid(const uint8_t uuid[16])
{
    return (struct db_arg){.type = DB_UUID, .is_null = !uuid, .bytes = uuid, .len = 16};
}

struct db_arg db_int(int64_t number)
{
    return (struct db_arg){.type = DB_INT, .number = number};
}

struct db_arg db_null_int(void)
{
    return (struct db_arg){.type = DB_INT, .is_null = true};
}

struct db_arg db_bool(bool value)
{
    return (struct db_arg){.type = DB_BOOL, .number = value};
}

struct db_arg db_json(struct req *rq, json_t *value)
{
    size_t len = value ? json_dumpb(value, NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY) : 0;
    char *text = value ? req_alloc(rq, len + 1) : NULL;

    if (value)
        json_dumpb(value, text, len, JSON_COMPACT | JSON_ENCODE_ANY);
    return (struct db_arg){.type = DB_JSON, .is_null = !value, .bytes = text, .len = len};
}

/* ---- rows: every column is asked for in binary, so text and bytea come as they are ---- */

static const char *column(const PGresult *result, int at, size_t *ret_len)
{
    if (PQgetisnull(result, 0, at))
        return NULL;
    *ret_len = (size_t)PQgetlength(result, 0, at);
    return PQgetvalue(result, 0, at);
}

static int number(const char *bytes, size_t len)
{
    int value = 0;

    for (size_t i = len > 4 ? len - 4 : 0; bytes && i < len; i++)
        value = value << 8 | (uint8_t)bytes[i];
    return value;
}

static bool read_entered(struct req *rq, const PGresult *entered, struct db_row *row)
{
    const char *code, *tenant, *user, *mode;
    size_t code_len = 0, len = 0, mode_len = 0;

    if (PQntuples(entered) != 1 || PQnfields(entered) != 4)
        return false;
    code = column(entered, 0, &code_len);
    tenant = column(entered, 1, &len);
    if (tenant && len == 16)
        memcpy(row->tenant_id, tenant, 16);
    user = column(entered, 2, &len);
    if (user && len == 16)
        memcpy(row->user_id, user, 16);
    mode = column(entered, 3, &mode_len);
    row->enter_code = code ? req_copy(rq, code, code_len) : NULL;
    row->mode = mode ? req_copy(rq, mode, mode_len) : NULL;
    return true;
}

bool db_row_read(const struct db_pair *pair, struct db_row *row)
{
    const PGresult *called = pair->called;
    const char *status, *replayed;
    size_t len = 0, ignored = 0;

    *row = (struct db_row){0};
    if (!pair->entered || !called || !read_entered(pair->rq, pair->entered, row))
        return false;
    if (row->enter_code)
        return true;
    if (PQntuples(called) != 1 || PQnfields(called) != 6)
        return false;
    status = column(called, 0, &len);
    row->status = number(status, status ? len : 0);
    row->code = column(called, 1, &ignored);
    row->body = column(called, 2, &ignored);
    row->etag = column(called, 3, &ignored);
    row->sealed = (const uint8_t *)column(called, 4, &row->sealed_len);
    replayed = column(called, 5, &ignored);
    row->replayed = replayed && *replayed;
    return true;
}

void db_row_release(void *called)
{
    PQclear(called);
}

const struct db_row *db_row(struct req *rq)
{
    if (!inside(rq)->has_row)
        die("%s reads a row that it has not", inside(rq)->label);
    return &inside(rq)->row;
}

json_t *db_body(struct req *rq)
{
    const struct db_row *row = db_row(rq);
    struct req_inside *in = inside(rq);

    if (!in->row_body && row->body) {
        in->row_body = json_loads(row->body, JSON_DECODE_ANY, NULL);
        if (in->row_body)
            req_defer_json(rq, in->row_body);
    }
    return in->row_body;
}

/* ---- the usual continuation ---- */

static void refuse(struct req *rq, const struct db_row *row)
{
    json_t *members = row->body ? json_loads(row->body, 0, NULL) : NULL;

    req_fail_with(rq, row->code ? row->code : "internal", members);
}

void reply_row(struct req *rq)
{
    const struct db_row *row = db_row(rq);

    if (row->replayed)
        req_set_header(rq, "Idempotent-Replayed", "true");
    if (row->status < 200 || row->status > 299) {
        refuse(rq, row);
        return;
    }
    if (row->etag)
        req_set_header(rq, "ETag", req_printf(rq, "\"%s\"", row->etag));
    if (row->body)
        req_reply_text(rq, row->status, "application/json", row->body, strlen(row->body));
    else
        req_reply_empty(rq, row->status);
}

/* ---- subcommands ---- */

json_t *db_once(const char *conninfo, const char *qualified_function, const struct db_args *args)
{
    PGconn *pg = db_where_connect_now(conninfo);
    struct db_params params;
    PGresult *result;
    json_t *body = NULL;
    char sql[512];

    if (!pg)
        return NULL;
    db_params(args, &params);
    if (!db_sql("*", qualified_function, args->count, sql, sizeof sql))
        die("the call of %s is too long", qualified_function);
    result = PQexecParams(pg, sql, (int)args->count, params.types, params.values, params.lengths, params.formats, 0);
    if (PQresultStatus(result) != PGRES_TUPLES_OK || PQntuples(result) != 1) {
        fprintf(stderr, "%s", *PQresultErrorMessage(result) ? PQresultErrorMessage(result) : "no row came back\n");
    } else {
        int at = PQfnumber(result, "body");
        const char *text = PQgetvalue(result, 0, at < 0 ? 0 : at);
        body = *text ? json_loads(text, JSON_DECODE_ANY, NULL) : json_object();
    }
    PQclear(result);
    PQfinish(pg);
    return body;
}
