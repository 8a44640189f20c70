/* notify: tells systemd how we are (sd_notify(3)), by a plain datagram; silent when nobody asked. */
#ifndef SERVER_NOTIFY_H
#define SERVER_NOTIFY_H

void notify(const char *state); /* "READY=1", "WATCHDOG=1", "STOPPING=1" */

#endif
