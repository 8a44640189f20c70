/* problem: the runtime's own codes, and the look-up that asks the product's table first. */
#include "problem.h"
#include "log.h"

/* clang-format off */
static const struct problem RUNTIME[] = {
    {"internal", 500, "Internal error", "Something went wrong on our side. Nothing is known to be wrong with your request."},
    {"request_malformed", 400, "Malformed request", "Send well-formed HTTP/1.1 with one Host header and no repeated fields."},
    {"headers_too_large", 431, "Headers too large", "Send at most 64 header fields and 16 KiB of them."},
    {"host_unknown", 421, "Unknown host", "This host name is not served here. Check the address."},
    {"not_found", 404, "Not found", "Nothing is here, or not for you. Check the address."},
    {"method_not_allowed", 405, "Method not allowed", "Use one of the methods in the Allow header."},
    {"content_type_unsupported", 415, "Unsupported content type", "Send the body as the documented content type."},
    {"body_too_large", 413, "Body too large", "Send a smaller body."},
    {"body_malformed", 400, "Malformed body", "Send one well-formed JSON object without repeated keys."},
    {"body_invalid", 422, "Invalid fields", "Correct the fields listed in errors."},
    {"overloaded", 503, "Overloaded", "Too much is going on right now. Try again in a moment."},
    {"database_unavailable", 503, "Temporarily unavailable", "The service cannot reach its data. Try again in a moment."},
    {"uncertain", 503, "Outcome unknown", "The connection was lost while saving. Look before you repeat: it may have happened."},
    {"deadline", 504, "Took too long", "The answer took too long. Try again in a moment."},
};

/* clang-format on */
static const char *name = "server";
static const struct problem *product;
static size_t product_count;

void problem_use(const char *product_name, const struct problem *table, size_t count)
{
    name = product_name;
    product = table;
    product_count = count;
}

const char *problem_product(void)
{
    return name;
}

static const struct problem *look(const struct problem *table, size_t count, const char *code)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(table[i].code, code) == 0)
            return &table[i];
    return NULL;
}

const struct problem *problem_find(const char *code)
{
    const struct problem *found = look(product, product_count, code);

    if (!found)
        found = look(RUNTIME, LEN(RUNTIME), code);
    if (!found) {
        log_event(LOG_ERROR, NULL, "problem_unknown", L_TEXT("code", code));
        found = &RUNTIME[0];
    }
    return found;
}
