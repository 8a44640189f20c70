/* main: the command line. What serving means is in supervise.c and worker.c. */
#include "app.h"
#include "config.h"
#include "crypt.h"
#include "json.h"
#include "log.h"
#include "problem.h"
#include "supervise.h"

#include <sys/prctl.h>
#include <sys/resource.h>

static int usage(const struct app *app)
{
    fprintf(stderr, "usage: %s serve CONFIG\n       %s check-config CONFIG\n       %s routes\n       %s version\n",
            app->name, app->name, app->name, app->name);
    return 64;
}

/* Secrets stay out of core dumps and of other processes' sight. The sanitizers' leak check needs to look at us, though.
 */
static void close_curtains(void)
{
    struct rlimit none = {0, 0}, files;

    setrlimit(RLIMIT_CORE, &none);
#ifndef __SANITIZE_ADDRESS__
    prctl(PR_SET_DUMPABLE, 0);
#endif
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        setrlimit(RLIMIT_NOFILE, &files);
    }
}

/* The keys are read here only to see that they can be: each worker reads them for itself. */
static bool are_keys_good(void)
{
    bool good = crypt_start(config_text("root_keys"));

    crypt_stop();
    return good;
}

static bool load(const char *path, const struct app *app)
{
    return config_load(path, app->config_keys, app->config_key_count) && are_keys_good() &&
           (!app->check_config || app->check_config());
}

static int print_routes(const struct app *app)
{
    for (size_t i = 0; i < app->route_count; i++)
        printf("%s %s %s %s\n", app->routes[i].method, app->routes[i].path, app->level_names[app->routes[i].level],
               app->routes[i].name);
    return 0;
}

static bool set_level(void)
{
    static const char *const LEVELS[] = {"debug", "info", "warn", "error"};

    for (size_t i = 0; i < LEN(LEVELS); i++) {
        if (strcmp(config_text("log_level"), LEVELS[i]) == 0) {
            log_level_set((enum log_level)i);
            return true;
        }
    }
    log_event(LOG_ERROR, NULL, "config_fault", L_TEXT("key", "log_level"), L_TEXT("why", "not a level"));
    return false;
}

int server_main(int argc, char **argv, const struct app *app)
{
    const char *command = argc > 1 ? argv[1] : "";
    int code;

    close_curtains();
    json_wipe_memory();
    problem_use(app->name, app->problems, app->problem_count);
    if (strcmp(command, "version") == 0)
        return printf("%s %s\n", app->name, app->version) < 0;
    if (strcmp(command, "routes") == 0)
        return print_routes(app);
    if (strcmp(command, "check-config") == 0 && argc == 3) {
        if (!load(argv[2], app) || !set_level())
            return 1;
        puts("the configuration is good");
        return 0;
    }
    if (strcmp(command, "serve") == 0 && argc == 3)
        return load(argv[2], app) && set_level() ? supervise(app) : 1;
    code = app->command ? app->command(argc, argv) : -1;
    return code < 0 ? usage(app) : code;
}
