/* outbound: a narrow reading of URLs, and the tables of the addresses that are not public. */
#include "outbound.h"

#include <netinet/in.h>
#include <strings.h>
#include <sys/socket.h>

#define MOST_EXCEPTIONS 16
#define HOST_MOST 253

/* What of a URL decides where it leads. */
struct target {
    bool secure;
    const char *host; /* with the brackets of an IPv6 address */
    size_t host_len;
    unsigned port; /* as written, else the scheme's */
};

struct exception {
    char host[HOST_MOST + 1];
    unsigned port; /* 0: any */
};

static bool read_exception(const char *text, size_t len);
static bool read_target(const char *url, struct target *ret);
static size_t host_span(const char *text);
static bool read_port(const char *text, unsigned *ret_port, size_t *ret_len);
static bool is_excepted(const struct target *target);
static bool inner_v4(uint32_t address);
static bool inner_v6(const uint8_t address[static 16]);

static struct exception exceptions[MOST_EXCEPTIONS];
static size_t exception_count;

/* ---- the operator's exceptions ---- */

bool outbound_start(const char *text)
{
    exception_count = 0;
    for (const char *at = text + strspn(text, " "); *at; at += strspn(at, " ")) {
        size_t len = strcspn(at, " ");
        if (!read_exception(at, len)) {
            exception_count = 0;
            return false;
        }
        at += len;
    }
    return true;
}

static bool read_exception(const char *text, size_t len)
{
    size_t host = host_span(text), port_len = 0;
    unsigned port = 0;

    if (exception_count == MOST_EXCEPTIONS || !host)
        return false;
    if (text[host] == ':' && !read_port(text + host, &port, &port_len))
        return false;
    if (host + port_len != len)
        return false;
    struct exception *added = &exceptions[exception_count++];
    memcpy(added->host, text, host);
    added->host[host] = '\0';
    added->port = port;
    return true;
}

static bool is_excepted(const struct target *target)
{
    for (size_t i = 0; i < exception_count; i++) {
        const struct exception *one = &exceptions[i];
        if (strlen(one->host) == target->host_len && strncasecmp(one->host, target->host, target->host_len) == 0 &&
            (!one->port || one->port == target->port))
            return true;
    }
    return false;
}

bool outbound_excepted(const char *url)
{
    struct target target;

    return read_target(url, &target) && is_excepted(&target);
}

/* ---- URLs ---- */

bool outbound_url(const char *url)
{
    struct target target;

    return read_target(url, &target) && ((target.secure && target.port == 443) || is_excepted(&target));
}

static bool read_target(const char *url, struct target *ret)
{
    struct target target = {.secure = strncmp(url, "https://", 8) == 0};
    size_t port_len = 0;

    if (strlen(url) >= OUTBOUND_URL || (!target.secure && strncmp(url, "http://", 7) != 0))
        return false;
    for (const char *at = url; *at; at++) {
        if (*at <= ' ' || *at > '~' || strchr("#\\\"<>^`{|}", *at))
            return false;
    }
    target.host = url + (target.secure ? 8 : 7);
    target.host_len = host_span(target.host);
    target.port = target.secure ? 443 : 80;
    const char *rest = target.host + target.host_len;
    if (!target.host_len || (*rest == ':' && !read_port(rest, &target.port, &port_len)))
        return false;
    rest += port_len;
    if (*rest && *rest != '/' && *rest != '?')
        return false;
    *ret = target;
    return true;
}

/* Bytes of a host: letters, digits, dashes and single dots, or an IPv6 address in brackets; 0 when there is none. */
static size_t host_span(const char *text)
{
    size_t len;

    if (*text == '[') {
        len = 1 + strspn(text + 1, "0123456789abcdefABCDEF:.");
        return len > 3 && text[len] == ']' ? len + 1 : 0;
    }
    len = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.");
    if (!len || len > HOST_MOST || *text == '.' || *text == '-' || text[len - 1] == '.' || text[len - 1] == '-')
        return 0;
    for (size_t i = 1; i < len; i++) {
        if (text[i] == '.' && text[i - 1] == '.')
            return 0;
    }
    return len;
}

/* ":443", without leading zeros. */
static bool read_port(const char *text, unsigned *ret_port, size_t *ret_len)
{
    size_t digits = strspn(text + 1, "0123456789");
    unsigned long port = strtoul(text + 1, NULL, 10);

    if (!digits || digits > 5 || text[1] == '0' || port > 65535)
        return false;
    *ret_port = (unsigned)port;
    *ret_len = digits + 1;
    return true;
}

/* ---- addresses ---- */

bool outbound_inner(const struct sockaddr *where)
{
    if (where->sa_family == AF_INET)
        return inner_v4(ntohl(((const struct sockaddr_in *)(const void *)where)->sin_addr.s_addr));
    if (where->sa_family == AF_INET6)
        return inner_v6(((const struct sockaddr_in6 *)(const void *)where)->sin6_addr.s6_addr);
    return true;
}

/* IANA's special-purpose registry of IPv4, multicast, and class E with broadcast. */
static bool inner_v4(uint32_t address)
{
    static const struct {
        uint32_t net;
        int bits;
    } NETS[] = {
        {0x00000000, 8},  /* 0.0.0.0/8: this network */
        {0x0a000000, 8},  /* 10.0.0.0/8 */
        {0x64400000, 10}, /* 100.64.0.0/10: carrier-grade NAT */
        {0x7f000000, 8},  /* 127.0.0.0/8: loopback */
        {0xa9fe0000, 16}, /* 169.254.0.0/16: link-local, and clouds' metadata */
        {0xac100000, 12}, /* 172.16.0.0/12 */
        {0xc0000000, 24}, /* 192.0.0.0/24: protocol assignments */
        {0xc0000200, 24}, /* 192.0.2.0/24: documentation */
        {0xc01fc400, 24}, /* 192.31.196.0/24: AS112 */
        {0xc034c100, 24}, /* 192.52.193.0/24: AMT relays */
        {0xc0586300, 24}, /* 192.88.99.0/24: 6to4 relays */
        {0xc0a80000, 16}, /* 192.168.0.0/16 */
        {0xc0af3000, 24}, /* 192.175.48.0/24: AS112 */
        {0xc6120000, 15}, /* 198.18.0.0/15: benchmarks */
        {0xc6336400, 24}, /* 198.51.100.0/24: documentation */
        {0xcb007100, 24}, /* 203.0.113.0/24: documentation */
        {0xe0000000, 3},  /* 224.0.0.0/3: multicast, reserved, broadcast */
    };

    for (size_t i = 0; i < LEN(NETS); i++) {
        if ((address ^ NETS[i].net) >> (32 - NETS[i].bits) == 0)
            return true;
    }
    return false;
}

/* Public is 2000::/3 less what is set apart in it. Everything else is inner: loopback, mapped (::ffff:0:0/96), NAT64
 * (64:ff9b::/32), discard-only, unique local, link-local, multicast. */
static bool inner_v6(const uint8_t address[static 16])
{
    static const struct {
        uint8_t net[6];
        int bits;
    } NETS[] = {
        {{0x20, 0x01, 0x00}, 23},                   /* 2001::/23: Teredo, ORCHID, benchmarks */
        {{0x20, 0x01, 0x0d, 0xb8}, 32},             /* 2001:db8::/32: documentation */
        {{0x20, 0x02}, 16},                         /* 2002::/16: 6to4, with an IPv4 address inside */
        {{0x26, 0x20, 0x00, 0x4f, 0x80, 0x00}, 48}, /* 2620:4f:8000::/48: AS112 */
        {{0x3f, 0xff}, 20},                         /* 3fff::/20: documentation */
    };

    if ((address[0] & 0xe0) != 0x20)
        return true;
    for (size_t i = 0; i < LEN(NETS); i++) {
        size_t whole = (size_t)NETS[i].bits / 8;
        int rest = NETS[i].bits % 8;
        if (memcmp(address, NETS[i].net, whole) == 0 &&
            (!rest || (address[whole] ^ NETS[i].net[whole]) >> (8 - rest) == 0))
            return true;
    }
    return false;
}
