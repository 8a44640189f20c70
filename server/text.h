/* text: encodings. Output buffers are the caller's and are NUL-terminated where they hold text; decoders refuse
 * anything that is not canonical and leave the output untouched then. */
#ifndef SERVER_TEXT_H
#define SERVER_TEXT_H

#include "common.h"

void text_hex(const uint8_t *bytes, size_t len, char *out);          /* 2*len+1 */
bool text_unhex(const char *hex, uint8_t *out, size_t len) MUST_USE; /* exactly 2*len lower-case digits */
void text_base64url(const uint8_t *bytes, size_t len, char *out);    /* no padding (RFC 4648 §5); (len*4+2)/3+1 */
bool text_unbase64url(const char *text, size_t text_len, uint8_t *out,
                      size_t len) MUST_USE;                    /* exactly len bytes, canonical */
void text_base64(const uint8_t *bytes, size_t len, char *out); /* padded; 4*((len+2)/3)+1 */
void text_base32(const uint8_t *bytes, size_t len, char *out); /* RFC 4648 §6, no padding; (len*8+4)/5+1 */
bool text_unbase32(const char *text, uint8_t *out, size_t len) MUST_USE;

#define TEXT_TYPEID 91                                              /* 63 + '_' + 26 + NUL */
void text_uuid7(uint8_t out[static 16]);                            /* RFC 9562 §5.7, milliseconds + random */
void text_uuid(const uint8_t uuid[static 16], char out[static 37]); /* 8-4-4-4-12 */
bool text_unuuid(const char *text, uint8_t out[static 16]) MUST_USE;
void text_typeid(const char *prefix, const uint8_t uuid[static 16], char out[static TEXT_TYPEID]); /* TypeID 0.3 */
bool text_untypeid(const char *prefix, const char *text, uint8_t out[static 16]) MUST_USE;
void text_typeid_suffix(const uint8_t uuid[static 16], char out[static 27]);
bool text_untypeid_suffix(const char *suffix26, uint8_t out[static 16]) MUST_USE;

/* Percent-decodes in place (plus also turns '+' into a space). Returns the new length, or -1 for a bad escape or %00.
 */
long text_unpercent(char *text, bool plus);
/* application/x-www-form-urlencoded value; returns the length that it needs or needed without NUL. */
size_t text_percent(const char *text, char *out, size_t room);
bool text_utf8(const char *bytes, size_t len) MUST_USE; /* well-formed UTF-8 (RFC 3629)? */
/* Characters of well-formed UTF-8, and whether one of them is a control character (C0, DEL, C1). */
size_t text_characters(const char *text, bool *ret_control);
/* The key that limits count for a client address: IPv4 as is, IPv4-mapped folded, IPv6 as its /64 "2001:db8:0:1::/64".
 * out 46+ bytes. */
bool text_address_key(const char *address, char out[static 64]) MUST_USE;
long long text_now_ms(void); /* wall clock, ms since 1970 */

#endif
