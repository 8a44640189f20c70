# shellcheck shell=bash
# A private PostgreSQL 15 cluster: made once, started, stopped. Sourced after base.sh.
#
# Who may connect: over the Unix socket whoever may enter the socket's folder, which is the cluster's own user and root
# (mode 0700), without a password; over loopback only who knows a password (SCRAM), and no role but the superuser has one.
# PostgreSQL refuses to run as root, so root runs it as the system user postgres.
#
# pg_start DIR PORT [NAME=VALUE…]   makes the cluster in DIR when there is none, starts it when it does not run
# pg_stop DIR                       stops it; nothing to do is fine
# pg_env DIR                        exports PGHOST PGPORT PGUSER PGDATABASE of the superuser, over the socket
# pg_socket DIR, pg_port DIR        prints them, for a conninfo

PG_BIN=/usr/lib/postgresql/15/bin
PG_SOCKET_ROOM=80 # bytes for DIR, so that DIR/socket/.s.PGSQL.54321 stays below the system's 107

pg_start() {
  local dir=$1 port=$2
  shift 2
  place_for postgres "$dir" "$PG_SOCKET_ROOM"
  dir=$(cd -- "$dir" && pwd -P)
  if pg_running "$dir"; then
    if [[ $(pg_port "$dir") == "$port" ]]; then return 0; fi
    pg_stop "$dir"
  fi
  if [[ ! -f $dir/data/PG_VERSION ]]; then pg_make "$dir"; fi
  pg_configure "$dir" "$port" "$@"
  pg_do "$dir" "$PG_BIN/pg_ctl" --pgdata="$dir/data" --log="$dir/log" --wait --timeout=60 --silent start
}

pg_stop() {
  local dir
  if [[ ! -d $1/data ]]; then return 0; fi
  dir=$(cd -- "$1" && pwd -P)
  if pg_running "$dir"; then
    pg_do "$dir" "$PG_BIN/pg_ctl" --pgdata="$dir/data" --mode=fast --wait --timeout=60 --silent stop
  fi
}

pg_env() {
  PGHOST=$(pg_socket "$1")
  PGPORT=$(pg_port "$1")
  PGUSER=postgres
  PGDATABASE=postgres
  export PGHOST PGPORT PGUSER PGDATABASE
}

pg_socket() {
  printf '%s/socket' "$(cd -- "$1" && pwd -P)"
}

pg_port() {
  sed -n 's/^port = //p' "$1/data/tillgate.conf"
}

# pg_make DIR: initdb. Checksums on, bytes compared as bytes, and a superuser's password that nobody has to know.
pg_make() {
  local dir=$1
  pg_do "$dir" mkdir -p -m 0700 "$dir/socket"
  pg_do "$dir" rm -rf "$dir/data.new"
  pg_do "$dir" sh -c 'umask 077 && openssl rand -hex 32 >password'
  pg_do "$dir" "$PG_BIN/initdb" --pgdata="$dir/data.new" --username=postgres --encoding=UTF8 --locale=C.UTF-8 --data-checksums \
    --auth-local=trust --auth-host=scram-sha-256 --pwfile="$dir/password"
  pg_do "$dir" sh -c 'printf "%s\n" "include = '\''tillgate.conf'\''" >>data.new/postgresql.conf && mv data.new data'
}

# pg_configure DIR PORT [NAME=VALUE…]: our settings, in one file of their own, written anew at each start.
pg_configure() {
  local dir=$1 port=$2 setting
  shift 2
  {
    printf "listen_addresses = '127.0.0.1'\nport = %d\nunix_socket_directories = '%s'\nunix_socket_permissions = 0700\n" \
      "$port" "$dir/socket"
    printf "max_connections = 100\nshared_buffers = '256MB'\npassword_encryption = 'scram-sha-256'\n"
    printf "log_min_messages = warning\nlog_line_prefix = '%%m [%%p] %%u '\ntimezone = 'UTC'\nlog_timezone = 'UTC'\n"
    for setting in "$@"; do printf "%s = '%s'\n" "${setting%%=*}" "${setting#*=}"; done
  } | pg_do "$dir" sh -c 'cat >data/tillgate.conf'
}

pg_running() {
  pg_do "$1" "$PG_BIN/pg_ctl" --pgdata="$1/data" status >/dev/null 2>&1
}

# pg_do DIR COMMAND…: as the cluster's user, standing in DIR (where we stand may be closed to it).
pg_do() {
  local dir=$1
  shift
  (
    cd -- "$dir" || exit
    run_as postgres "$@"
  )
}
