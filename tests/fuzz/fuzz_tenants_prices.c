/* Any bytes as answers of the Pricing API: it ends, asks nowhere else, and takes no price that is not above zero. */
#include <stddef.h>
#include <stdint.h>

#include "tenants/sms/prices.h"

#define ORIGIN "https://p.example"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len);

/* Answers are the pieces between zero bytes; the last one is given again and again. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct prices prices;
    const char *url;
    size_t at = 0, i;
    json_t *price;
    char *text = malloc(len + 1);
    memcpy(text, bytes, len);
    text[len] = '\0';
    prices_start(&prices, ORIGIN, "USD", "");
    for (int round = 0; round < 200 && (url = prices_next(&prices)); round++) {
        if (strncmp(url, ORIGIN "/v1/Messaging/Countries", strlen(ORIGIN "/v1/Messaging/Countries")) != 0)
            abort();
        const char *body = text + at;
        struct fetch_answer answer = {.end = FETCH_ANSWERED, .status = 200, .body = body, .body_len = strlen(body)};
        if (!prices_take(&prices, &answer))
            break;
        if (at + strlen(body) < len)
            at += strlen(body) + 1;
    }
    json_array_foreach(prices.taken, i, price)
    {
        if (json_integer_value(json_object_get(price, "price_micros")) <= 0)
            abort();
    }
    prices_end(&prices);
    free(text);
    return 0;
}
