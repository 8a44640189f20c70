/* time: the server's clock, for people who compare it with their authenticator's. */
#include "panel/panel.h"

#include "text.h"

#include <time.h>

void time_read(struct req *rq)
{
    long long now = text_now_ms();
    time_t seconds = (time_t)(now / 1000);
    struct tm parts;
    char text[40];
    gmtime_r(&seconds, &parts);
    size_t used = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(text + used, sizeof(text) - used, ".%03dZ", (int)(now % 1000));
    req_reply_json(rq, 200, json_pack("{s:s}", "server_time", text));
}
