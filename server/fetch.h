/* fetch: outbound HTTPS on libcurl's multi interface; one await like db_call.
 *
 * Only the hosts named at start are reachable, https only, no redirects, ceiling of the answer and deadline given per
 * call. A guarded call goes where somebody else said: anywhere that outbound.h lets it, on a connection of its own. The
 * outcome says how far the request got, because that decides whether it may be repeated.
 */
#ifndef SERVER_FETCH_H
#define SERVER_FETCH_H

#include "req.h"

enum fetch_end {
    FETCH_ANSWERED,  /* an HTTP status came, body complete */
    FETCH_NOT_SENT,  /* name, connect, TLS: certainly not processed */
    FETCH_UNCERTAIN, /* bytes may have left: timeout, reset, truncated, oversize */
};

struct fetch_answer {
    enum fetch_end end;
    int status;       /* HTTP status when answered */
    const char *body; /* NUL-terminated, good until the next await */
    size_t body_len;
    long retry_after_s; /* its Retry-After, 0 when it has none */
    const char *error;  /* libcurl's words otherwise */
    bool refused;       /* not sent because of where it leads: by outbound.h, or no allowed host */
};

struct fetch_request {
    const char *method; /* "GET", "POST" */
    const char *url;    /* https://, host on the allow-list, or guarded */
    bool guarded;       /* the URL is not ours */
    const char *user;   /* basic auth, or NULL */
    const char *password;
    const char *form; /* the body, application/x-www-form-urlencoded unless a header says otherwise, or NULL; copied */
    const char *const *headers; /* "Name: value", up to a NULL, or NULL; copied */
    long deadline_ms;
    size_t most; /* bytes of an answer that is not too large; 0: 64 KiB */
};

/* One mail by SMTP. Its answer's status is the server's last code (250, 451, 550, …), or 0. */
struct fetch_mail {
    const char *url;  /* smtp://host:port/name of this host, smtps://… */
    bool plain;       /* a server without STARTTLS will do; otherwise smtp:// needs it */
    const char *user; /* or NULL */
    const char *password;
    const char *from, *to; /* addresses alone, checked */
    const char *message;   /* RFC 5322, lines ended by CR LF; copied */
    long deadline_ms;
};

void fetch_start(const char *ca_file);      /* once per worker; NULL or "": the system's authorities */
void fetch_allow(const char *url_prefix);   /* scheme://host[:port] that may be called; copied */
void fetch_guarded_ca(const char *ca_file); /* authorities for guarded calls; "": the system's */
void fetch_stop(void);
void fetch_call(struct req *rq, const struct fetch_request *request, step *next);
void fetch_mail(struct req *rq, const struct fetch_mail *mail, step *next);
const struct fetch_answer *fetch_answer(struct req *rq);

/* For subcommands, after fetch_start and fetch_allow: one blocking call. The answer's body is the caller's to free. */
struct fetch_answer fetch_once(const struct fetch_request *request, char **ret_body);

#endif
