/* locales: the languages of panel and texts. */
#ifndef TENANTS_LOCALES_H
#define TENANTS_LOCALES_H

#include "common.h"

static const char *const LOCALES[] = {"en", "de", "fr", "es", "ru", NULL};

#endif
