/* price_sync: the worker's own synchronisation of prices, every 12 hours; `tillgate prices sync` does it by hand. */
#ifndef TENANTS_PRICE_SYNC_H
#define TENANTS_PRICE_SYNC_H

/* Once per worker, after sender_start. Every worker asks every few minutes; the database says yes to one in 12 hours.
 */
void price_sync_start(void);

#endif
