/* db_where: which server to connect to and with which settings, and a call in libpq's form. */
#include "db_conn.h"
#include "log.h"

#include <arpa/inet.h>
#include <netdb.h>

static char *conninfo_kept, *hostaddr_kept;

static bool needs_look_up(const char *host)
{
    struct in6_addr ignored;

    return *host && *host != '/' && *host != '@' && inet_pton(AF_INET, host, &ignored) != 1 &&
           inet_pton(AF_INET6, host, &ignored) != 1;
}

/* The addresses of a comma-separated host list, in its order; "" for what is no name. Empty when nothing needs it. */
static void resolve(const char *hosts, char *out, size_t room)
{
    char *copy = strdup(hosts), *rest = copy, *host;
    bool needed = false;
    size_t len = 0;

    while ((host = strsep(&rest, ","))) {
        struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
        char address[INET6_ADDRSTRLEN] = "";
        if (needs_look_up(host)) {
            needed = true;
            if (getaddrinfo(host, NULL, &hints, &found) != 0)
                log_event(LOG_WARN, NULL, "db_host_unresolved", L_TEXT("host", host));
            else
                getnameinfo(found->ai_addr, found->ai_addrlen, address, sizeof address, NULL, 0, NI_NUMERICHOST);
        } else if (*host && *host != '/' && *host != '@') {
            snprintf(address, sizeof address, "%s", host);
        }
        if (found)
            freeaddrinfo(found);
        len += (size_t)snprintf(out + len, len < room ? room - len : 0, "%s%s", len || out[0] ? "," : "", address);
    }
    if (!needed || len >= room)
        out[0] = '\0';
    free(copy);
}

void db_where_start(const char *conninfo)
{
    PQconninfoOption *options = PQconninfoParse(conninfo, NULL), *each;
    char addresses[1024] = "";
    bool given = false;

    for (each = options; each && each->keyword; each++)
        given = given || (strcmp(each->keyword, "hostaddr") == 0 && each->val && *each->val);
    for (each = options; each && each->keyword; each++)
        if (strcmp(each->keyword, "host") == 0 && each->val && !given)
            resolve(each->val, addresses, sizeof addresses);
    PQconninfoFree(options);
    conninfo_kept = strdup(conninfo);
    hostaddr_kept = *addresses ? strdup(addresses) : NULL;
}

void db_where_stop(void)
{
    free(conninfo_kept);
    free(hostaddr_kept);
    conninfo_kept = hostaddr_kept = NULL;
}

/* Our settings stand before dbname, so the conninfo overrides them; the address stands behind and is not overridden. */
static const char *const KEYWORDS[] = {"connect_timeout",  "keepalives_idle",  "keepalives_interval",
                                       "keepalives_count", "tcp_user_timeout", "target_session_attrs",
                                       "dbname",           "hostaddr",         NULL};

static void settings(const char *conninfo, const char *address, const char *ret[static LEN(KEYWORDS)])
{
    const char *values[] = {"30", "10", "5", "3", "5000", "read-write", conninfo, address, NULL};

    memcpy(ret, values, sizeof values);
}

PGconn *db_where_connect(void)
{
    const char *values[LEN(KEYWORDS)];

    settings(conninfo_kept, hostaddr_kept, values);
    return PQconnectStartParams(KEYWORDS, values, 1);
}

PGconn *db_where_connect_now(const char *conninfo)
{
    const char *values[LEN(KEYWORDS)];
    PGconn *pg;

    settings(conninfo, NULL, values);
    pg = PQconnectdbParams(KEYWORDS, values, 1);
    if (PQstatus(pg) == CONNECTION_OK)
        return pg;
    fprintf(stderr, "%s", PQerrorMessage(pg));
    PQfinish(pg);
    return NULL;
}

/* ---- a call in libpq's form ---- */

bool db_sql(const char *columns, const char *function, size_t arg_count, char *out, size_t room)
{
    size_t len = (size_t)snprintf(out, room, "select %s from %s(", columns, function);

    for (size_t i = 0; i < arg_count && len < room; i++)
        len += (size_t)snprintf(out + len, room - len, "%s$%zu", i ? "," : "", i + 1);
    if (len < room)
        len += (size_t)snprintf(out + len, room - len, ")");
    return len < room;
}

void db_params(const struct db_args *args, struct db_params *out)
{
    static const Oid OIDS[] = {[DB_NULL_TEXT] = 25, [DB_TEXT] = 25, [DB_BYTES] = 17, [DB_UUID] = 2950,
                               [DB_INT] = 20,       [DB_BOOL] = 16, [DB_JSON] = 114};

    for (size_t i = 0; i < args->count; i++) {
        const struct db_arg *arg = &args->arg[i];
        out->types[i] = OIDS[arg->type];
        out->formats[i] = 1;
        out->values[i] = arg->is_null ? NULL : arg->bytes ? arg->bytes : "";
        out->lengths[i] = (int)arg->len;
        if (!arg->is_null && (arg->type == DB_INT || arg->type == DB_BOOL)) {
            for (int byte = 0; byte < 8; byte++) /* network order */
                out->numbers[i][byte] = (uint8_t)((uint64_t)arg->number >> (56 - 8 * byte));
            out->values[i] = (char *)out->numbers[i] + (arg->type == DB_BOOL ? 7 : 0);
            out->lengths[i] = arg->type == DB_BOOL ? 1 : 8;
        }
    }
}
