/* limits: how much a store, and the platform, may spend on texts, and where; SQL keeps the bounds and knows the layers.
 *
 * The bodies go on to SQL as they are, once every field is known and of its type: what is not there stays, null is the
 * default again. */
#include "provisioning/provisioning.h"

#include "caller.h"
#include "factors/phone_number.h"
#include "json.h"

#define MICROS_MOST 1000000000000 /* a million of the currency */
#define COUNTRIES_MOST 250
#define LAYERS_MOST 32

static void change(struct req *rq, const char *function);
static void read_store_limits(struct req *rq);
static bool read_null(struct req *rq, const char *pointer);
static void read_micros(struct req *rq, const char *pointer);

static void read_countries(struct req *rq);
static void read_country(struct req *rq, json_t *item, size_t i);
static void bad_in(struct req *rq, size_t i, const char *name, const char *code);
static bool any_text(const char *text);

void limits_read(struct req *rq)
{
    db_call(rq, DB_READ, &caller_of(rq)->enter, "limits_read", ARGS(), reply_row);
}

void limits_change(struct req *rq)
{
    read_store_limits(rq);
    change(rq, "limits_change");
}

/* The same fields, for a look at what they would have done. */
void limits_rehearse(struct req *rq)
{
    read_store_limits(rq);
    if (!json_done(rq))
        return;
    db_call(rq, DB_SLOW, &caller_of(rq)->enter, "limits_rehearse", ARGS(db_json(rq, rq->json)), reply_row);
}

void platform_limits_read(struct req *rq)
{
    db_call(rq, DB_READ, &caller_of(rq)->enter, "platform_limits_read", ARGS(), reply_row);
}

void platform_limits_change(struct req *rq)
{
    json_may_text(rq, "/currency", 3, 3);
    json_may_int(rq, "/hour_micros", 0, MICROS_MOST, 0);
    json_may_int(rq, "/day_micros", 0, MICROS_MOST, 0);
    json_may_int(rq, "/reserve_percent", 0, 100, 0);
    json_may_texts(rq, "/denied_countries", COUNTRIES_MOST, phone_has_country);
    change(rq, "platform_limits_change");
}

static void change(struct req *rq, const char *function)
{
    const char *if_match = req_header(rq, "if-match");
    if (!if_match) {
        req_fail(rq, "precondition_required");
        return;
    }
    if (!json_object_size(rq->json))
        json_bad(rq, "", "required"); /* nothing to change */
    if (!json_done(rq))
        return;
    db_call(rq, DB_WRITE, &caller_of(rq)->enter, function, ARGS(db_text(if_match), db_json(rq, rq->json)), reply_row);
}

static void read_store_limits(struct req *rq)
{
    json_may_text(rq, "/currency", 3, 3);
    read_micros(rq, "/day_micros");
    read_micros(rq, "/month_micros");
    read_micros(rq, "/max_price_micros");
    json_may_int(rq, "/reserve_percent", 0, 100, 0);
    json_may_texts(rq, "/shadow", LAYERS_MOST, any_text); /* SQL knows the layers */
    read_countries(rq);
    if (json_has(rq, "/ramp_lifted") && !read_null(rq, "/ramp_lifted"))
        json_need_text(rq, "/ramp_lifted/reason", 1, 200);
}

static bool read_null(struct req *rq, const char *pointer)
{
    return json_has(rq, pointer) && json_is_null(json_object_get(rq->json, pointer + 1));
}

static void read_micros(struct req *rq, const char *pointer)
{
    if (!read_null(rq, pointer))
        json_may_int(rq, pointer, 0, MICROS_MOST, 0);
}

static void read_countries(struct req *rq)
{
    size_t i;
    json_t *item;
    if (!json_has(rq, "/countries"))
        return;
    json_t *list = json_object_get(rq->json, "countries");
    if (!json_is_array(list) || json_array_size(list) > COUNTRIES_MOST) {
        json_bad(rq, "/countries", json_is_array(list) ? "too_long" : "wrong_type");
        return;
    }
    json_array_foreach(list, i, item)
    {
        read_country(rq, item, i);
    }
}

/* {"country": "US", "day_micros": 5000000 or null, "stopped": false}; the last two may be missing. */
static void read_country(struct req *rq, json_t *item, size_t i)
{
    const char *name;
    json_t *value;
    json_t *country = json_object_get(item, "country"), *micros = json_object_get(item, "day_micros");
    json_t *stopped = json_object_get(item, "stopped");
    if (!json_is_object(item)) {
        bad_in(rq, i, NULL, "wrong_type");
        return;
    }
    if (!json_is_string(country) || !phone_has_country(json_string_value(country)))
        bad_in(rq, i, "country", !country ? "required" : json_is_string(country) ? "invalid" : "wrong_type");
    if (micros && !json_is_null(micros) && !json_is_integer(micros))
        bad_in(rq, i, "day_micros", "wrong_type");
    else if (json_integer_value(micros) < 0 || json_integer_value(micros) > MICROS_MOST)
        bad_in(rq, i, "day_micros", "invalid");
    if (stopped && !json_is_boolean(stopped))
        bad_in(rq, i, "stopped", "wrong_type");
    json_object_foreach(item, name, value)
    {
        if (value != country && value != micros && value != stopped)
            bad_in(rq, i, name, "unknown_field");
    }
}

static void bad_in(struct req *rq, size_t i, const char *name, const char *code)
{
    json_bad(rq, req_printf(rq, "/countries/%zu%s%s", i, name ? "/" : "", name ? name : ""), code);
}

static bool any_text(const char *text)
{
    return *text != '\0';
}
