# shellcheck shell=bash
# The edge of a development stack. Sourced after base.sh, ports.sh, parts.sh and stack.sh (whose certificate it uses).
#
# edge_prepare DIR   renders ops/edge into DIR and has nginx check it; call it again after changing a port
# edge_start DIR     starts it as the part "edge"

# Root's nginx runs as this user from its first instruction, so there is no master with root's rights.
EDGE_USER=www-data

edge_prepare() {
  local dir=$1
  place_for "$EDGE_USER" "$dir" 4000
  dir=$(cd -- "$dir" && pwd -P)
  EDGE_LISTEN_HTTP=127.0.0.1:$TILLGATE_HTTP_PORT EDGE_LISTEN_HTTPS=127.0.0.1:$TILLGATE_HTTPS_PORT \
    EDGE_SERVER=127.0.0.1:$TILLGATE_PORT EDGE_APPLICATION=127.0.0.1:$TILLGATE_APPLICATION_PORT "$ROOT/ops/edge/render" "$dir"
  install -m 0600 "$RUN/tls/leaf.pem" "$RUN/tls/leaf.key" "$dir"
  if ((EUID == 0)); then chown -R "$EDGE_USER:" "$dir/"; fi
  edge_nginx "$dir" -t -q
}

edge_start() {
  local dir command
  dir=$(cd -- "$1" && pwd -P)
  mapfile -t command < <(edge_command "$dir")
  part_start edge "${command[@]}"
}

edge_nginx() {
  local dir=$1 command
  shift
  mapfile -t command < <(edge_command "$dir")
  "${command[@]}" "$@"
}

# The command line, one word a line: without a shell between us and nginx, whose pid we keep.
edge_command() {
  if ((EUID == 0)); then
    printf '%s\n' setpriv --reuid "$EDGE_USER" --regid "$EDGE_USER" --clear-groups --pdeathsig TERM --
  fi
  printf '%s\n' /usr/sbin/nginx -e stderr -p "$1/" -c "$1/nginx.conf"
}
