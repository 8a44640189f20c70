/* settings: the product's keys of the configuration file. */
#ifndef TENANTS_SETTINGS_H
#define TENANTS_SETTINGS_H

#include "config.h"

extern const struct config_key SETTINGS[];
extern const size_t SETTING_COUNT;

#endif
