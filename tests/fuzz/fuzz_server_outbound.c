/* Fuzzes the reading of URLs that strangers enter, and of the operator's exceptions. Input: exceptions, a line break, the
 * URL. What is let through names a host that curl reads the same way. */
#include "server/outbound.c"

#include <curl/curl.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = strndup((const char *)data, size);
    char *url = strchr(text, '\n'), *host = NULL;
    struct target target;

    if (url) {
        *url++ = '\0';
        if (!outbound_start(text) && exception_count)
            __builtin_trap();
        if (outbound_url(url) && read_target(url, &target)) {
            CURLU *parsed = curl_url();
            bool numeric = strspn(target.host, "0123456789abcdefABCDEFxX.") == target.host_len || *target.host == '[';
            if (curl_url_set(parsed, CURLUPART_URL, url, 0) == CURLUE_OK &&
                curl_url_get(parsed, CURLUPART_HOST, &host, 0) == CURLUE_OK && !numeric &&
                (strlen(host) != target.host_len || strncasecmp(host, target.host, target.host_len) != 0))
                __builtin_trap();
            curl_free(host);
            curl_url_cleanup(parsed);
        }
    }
    free(text);
    return 0;
}
