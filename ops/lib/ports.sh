# shellcheck shell=bash
# The ports of a development stack; each can be moved by the environment. Sourced after base.sh.

TILLGATE_HTTP_PORT=${TILLGATE_HTTP_PORT:-8080}             # edge, plain HTTP
TILLGATE_HTTPS_PORT=${TILLGATE_HTTPS_PORT:-8443}           # edge, TLS
TILLGATE_PORT=${TILLGATE_PORT:-7070}                       # the server behind the edge
TILLGATE_OPS_PORT=${TILLGATE_OPS_PORT:-7071}               # health and metrics
TILLGATE_PG_PORT=${TILLGATE_PG_PORT:-7432}                 # private Postgres
TILLGATE_STORE_PORT=${TILLGATE_STORE_PORT:-8085}           # sandbox: demo stores
TILLGATE_TWILIO_PORT=${TILLGATE_TWILIO_PORT:-8086}         # sandbox: Twilio, plain HTTP
TILLGATE_TWILIO_TLS_PORT=${TILLGATE_TWILIO_TLS_PORT:-8087} # sandbox: Twilio, TLS
TILLGATE_PHONE_PORT=${TILLGATE_PHONE_PORT:-8088}           # sandbox: phone page
TILLGATE_WEBHOOK_PORT=${TILLGATE_WEBHOOK_PORT:-8089}       # sandbox: the platform's endpoint for webhooks
TILLGATE_SMTP_PORT=${TILLGATE_SMTP_PORT:-8025}             # sandbox: mail
TILLGATE_APPLICATION_PORT=${TILLGATE_APPLICATION_PORT:-8090} # sandbox: the application behind the panel

PORT_NAMES=(TILLGATE_HTTP_PORT TILLGATE_HTTPS_PORT TILLGATE_PORT TILLGATE_OPS_PORT TILLGATE_PG_PORT
  TILLGATE_STORE_PORT TILLGATE_TWILIO_PORT TILLGATE_TWILIO_TLS_PORT TILLGATE_PHONE_PORT TILLGATE_APPLICATION_PORT
  TILLGATE_WEBHOOK_PORT TILLGATE_SMTP_PORT)
export "${PORT_NAMES[@]}"

# ports_spread BASE: moves every port to BASE, BASE+1, …: for a second stack beside the first.
ports_spread() {
  local next=$1 name
  for name in "${PORT_NAMES[@]}"; do
    printf -v "$name" '%d' "$next"
    next=$((next + 1))
  done
}

# ports_must_be_free NAME…: leaves the script, naming every port that somebody else has and how to move it.
ports_must_be_free() {
  local name taken=0
  for name in "$@"; do
    if port_open "${!name}"; then
      printf '✗ port %s is taken%s; move it: %s=%d %s\n' "${!name}" "$(port_owner "${!name}")" "$name" \
        $((${!name} + 10000)) "${0##"$ROOT"/}" >&2
      taken=1
    fi
  done
  if ((taken)); then exit 1; fi
}

# port_owner PORT: " by nginx (pid 123)" when the system tells.
port_owner() {
  local line
  if ! command -v ss >/dev/null; then return 0; fi
  line=$(ss -Hltnp "sport = :$1" 2>/dev/null | head -n 1)
  if [[ $line =~ \(\(\"([^\"]+)\",pid=([0-9]+) ]]; then
    printf ' by %s (pid %s)' "${BASH_REMATCH[1]}" "${BASH_REMATCH[2]}"
  fi
}
