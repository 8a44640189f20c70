# shellcheck shell=bash
# The long-running programs that a script starts: watched, and stopped by their own pid. Sourced after base.sh.
#
# part_start NAME COMMAND…   starts it in a session of its own (a Ctrl-C at the terminal reaches only us, so that we decide
#                            the order of stopping), output in $RUN/log/NAME.log; it gets SIGTERM should we die
# part_stop NAME             SIGTERM, 15 s of patience, then SIGKILL to it and its workers
# parts_stop                 all of them, the last one started first
# parts_wait                 waits until one ends by itself; says which, with the end of its log; returns 1

# Room for the connections of a load test; a shell starts with 1024.
ulimit -Sn 65536 2>/dev/null || ulimit -Sn "$(ulimit -Hn)"

declare -A PART_PID=()
PARTS=()

part_start() {
  local name=$1
  shift
  mkdir -p "$RUN/log"
  # setsid outside: it execs in place here, so $! is the program's own pid and its group's.
  setsid setpriv --pdeathsig TERM -- "$@" </dev/null >"$RUN/log/$name.log" 2>&1 &
  PART_PID[$name]=$!
  PARTS+=("$name")
}

part_alive() {
  kill -0 "${PART_PID[$1]}" 2>/dev/null
}

part_stop() {
  local name=$1 pid=${PART_PID[$1]:-}
  if [[ -z $pid ]]; then return 0; fi
  unset "PART_PID[$name]"
  kill -TERM "$pid" 2>/dev/null || return 0
  if ! wait_for 15 part_gone "$pid"; then
    printf '✗ %s did not stop within 15 s and was ended\n' "$name" >&2
    kill -KILL -- "-$pid" 2>/dev/null || true
  fi
  wait "$pid" 2>/dev/null || true
}

# A part that has ended stays a zombie until the shell waits for it: gone is gone.
part_gone() {
  ! kill -0 "$1" 2>/dev/null || [[ $(ps -o stat= -p "$1") == Z* ]]
}

parts_stop() {
  local i
  for ((i = ${#PARTS[@]} - 1; i >= 0; i--)); do part_stop "${PARTS[i]}"; done
  PARTS=()
}

parts_wait() {
  local pid='' status=0 name
  # An interrupted wait (a signal that we trap) returns without a pid.
  wait -n -p pid "${PART_PID[@]}" || status=$?
  for name in "${!PART_PID[@]}"; do
    if [[ ${PART_PID[$name]} != "$pid" ]]; then continue; fi
    unset "PART_PID[$name]"
    part_obituary "$name" "$status"
  done
  return 1
}

part_obituary() {
  printf '✗ %s stopped by itself (exit code %d); the end of %s:\n' "$1" "$2" "$RUN/log/$1.log" >&2
  tail -n 20 "$RUN/log/$1.log" | sed 's/^/  | /' >&2
}

# part_ready NAME LABEL URL: waits up to 20 s until URL answers 2xx, and says so like a step; should the part die meanwhile,
# or the time be over, shows its log and leaves the script.
part_ready() {
  local name=$1 label=$2 url=$3 started
  started=$(now_us)
  if ! wait_for 20 part_answers_or_died "$name" "$url" || ! part_alive "$name"; then
    printf '✗ %s (%s s): no answer from %s; the end of %s:\n' "$label" "$(seconds_since "$started")" "$url" "$RUN/log/$name.log" >&2
    tail -n 20 "$RUN/log/$name.log" | sed 's/^/  | /' >&2
    exit 1
  fi
  printf '✓ %s (%s s)\n' "$label" "$(seconds_since "$started")"
}

part_answers_or_died() {
  ! part_alive "$1" || curl --fail --silent --output /dev/null --max-time 2 "$2"
}
