# shellcheck shell=bash
# What every ops script shares: where things are, how progress looks, how to wait. Sourced.
#
# Sets ROOT (the repository) and RUN (where everything that a run leaves behind goes; $TILLGATE_RUN, else .run).

set -euo pipefail

ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd -P)
RUN=$(realpath -m -- "${TILLGATE_RUN:-$ROOT/.run}")

die() {
  printf '✗ %s\n' "$*" >&2
  exit 1
}

note() {
  printf '  %s\n' "$*"
}

# now_us: microseconds since the epoch.
now_us() {
  printf '%s' "${EPOCHREALTIME/[.,]/}"
}

# seconds_since US: "0.4", for people.
seconds_since() {
  local tenths=$((($(now_us) - $1 + 50000) / 100000))
  printf '%d.%d' $((tenths / 10)) $((tenths % 10))
}

# step LABEL COMMAND…: runs COMMAND in a subshell under set -e, its output kept in $RUN/log, and says how it went and how
# long it took; when it fails, shows the end of the output and leaves the script. Must not be called inside a condition:
# bash would switch set -e off for everything below.
step() {
  local label=$1 started status=0 log
  shift
  mkdir -p "$RUN/log"
  log=$RUN/log/$(printf '%s' "$label" | tr -cs 'A-Za-z0-9\n' '-').log
  started=$(now_us)
  if [[ -t 1 ]]; then printf '… %s' "$label"; fi
  # In the background and in a process group of its own, so that a signal to us is answered at once and reaches all of it.
  set -m
  (
    set -e
    "$@"
  ) >"$log" 2>&1 </dev/null &
  STEP_PID=$!
  set +m
  wait "$STEP_PID" || status=$?
  STEP_PID=
  if [[ -t 1 ]]; then printf '\r\033[K'; fi
  if ((status == 0)); then
    printf '✓ %s (%s s)\n' "$label" "$(seconds_since "$started")"
    return 0
  fi
  printf '✗ %s (%s s); the end of %s:\n' "$label" "$(seconds_since "$started")" "$log" >&2
  tail -n 30 "$log" | sed 's/^/  | /' >&2
  exit "$status"
}

# step_stop: ends the step under way, for a trap that leaves the script.
step_stop() {
  if [[ -n ${STEP_PID:-} ]]; then kill -TERM -- "-$STEP_PID" 2>/dev/null || true; fi
}

# wait_for SECONDS COMMAND…: tries COMMAND every 50 ms until it succeeds; 1 when the time is over.
wait_for() {
  local until=$(($(now_us) + $1 * 1000000))
  shift
  until "$@" >/dev/null 2>&1; do
    if (($(now_us) > until)); then return 1; fi
    sleep 0.05
  done
}

# port_open PORT: something accepts connections on 127.0.0.1:PORT.
port_open() {
  (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# wait_port PORT SECONDS
wait_port() {
  wait_for "$2" port_open "$1"
}

# wait_http URL SECONDS: until URL answers 2xx. *.localhost names need no resolver.
wait_http() {
  wait_for "$2" curl --fail --silent --output /dev/null --max-time 2 "$1"
}

# free_port: prints a loopback port that nobody listens on.
free_port() {
  local port
  while :; do
    port=$((20000 + RANDOM % 12000))
    if ! port_open "$port"; then
      printf '%d' "$port"
      return 0
    fi
  done
}

# as_root COMMAND…: as root, through sudo when we are not.
as_root() {
  if ((EUID == 0)); then
    "$@"
  elif command -v sudo >/dev/null; then
    sudo -- "$@"
  else
    die "this needs root: run it as root, or install sudo ($*)"
  fi
}

# private_file PATH: writes standard input to PATH, mode 0600, never readable by others even for a moment.
private_file() {
  local temporary=$1.new
  rm -f "$temporary"
  (
    umask 077
    cat >"$temporary"
  )
  mv -f "$temporary" "$1"
}

# can_enter USER PATH: USER may pass through every folder of PATH that exists.
can_enter() {
  local path=$2
  while [[ ! -d $path ]]; do path=$(dirname -- "$path"); done
  run_as "$1" test -x "$path"
}

# run_as USER COMMAND…: as USER when we are root, as ourselves otherwise.
run_as() {
  local user=$1
  shift
  if ((EUID == 0)); then
    runuser -u "$user" -- "$@"
  else
    "$@"
  fi
}

# place_for USER DIR LENGTH: makes DIR a folder that only USER (ourselves, when we are not root) may enter. When USER cannot
# reach DIR, as in a clone below a home of mode 0700, or DIR is longer than LENGTH bytes (a Unix socket's path holds 107),
# the folder is made under /var/tmp and DIR becomes a link to it.
place_for() {
  local user=$1 dir=$2 length=$3 real
  if [[ -e $dir ]]; then
    return 0
  fi
  mkdir -p "$(dirname -- "$dir")"
  if can_enter "$user" "$dir" && ((${#dir} <= length)); then
    mkdir -m 0700 "$dir"
    if ((EUID == 0)); then chown "$user:" "$dir"; fi
  else
    # A fresh name each time: a fixed one in a folder that all may write could be laid there by somebody else first.
    # From / because USER may be unable to stand where we stand.
    real=$(cd / && run_as "$user" mktemp -d /var/tmp/tillgate-XXXXXXXX)
    ln -sfn "$real" "$dir"
  fi
}
