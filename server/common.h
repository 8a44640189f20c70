/* common: what every file of the runtime and the product may rely on. */
#ifndef SERVER_COMMON_H
#define SERVER_COMMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LEN(a) (sizeof(a) / sizeof((a)[0]))
#define MUST_USE __attribute__((warn_unused_result))

/* Every growable or formatted buffer knows its size: these do not. The headers that declare them come first, above;
 * include <h2o.h> before this file. */
#undef alloca
#pragma GCC poison strcpy strcat sprintf vsprintf strtok gets atoi atol atoll alloca

#endif
