# shellcheck shell=bash
# What a development stack keeps under $RUN besides the database: certificate, secrets, the configuration file. Made once,
# kept after that. Sourced after base.sh and ports.sh.
#
# stack_secrets             root keys, the sandbox's Twilio credentials
# stack_certificate         $RUN/tls: ca.pem, and leaf.pem with leaf.key for every development host
# stack_config [LINE…]      writes $RUN/tillgate.conf; each LINE ("key = value") replaces the line of the same key
# stack_sandbox_arguments   sets SANDBOX: the command line of the sandbox on this stack's ports

# The one account at the sandbox's Twilio. The SIDs are names, not secrets.
TWILIO_ACCOUNT=AC7469$(printf '0%.0s' {1..28})
TWILIO_USER=SK7469$(printf '0%.0s' {1..28})
TWILIO_SERVICE=MG7469$(printf '0%.0s' {1..28})
TWILIO_VERIFY_SERVICE=VA7469$(printf '0%.0s' {1..28})

stack_secrets() {
  mkdir -p "$RUN/keys"
  chmod 0700 "$RUN/keys"
  [[ -f $RUN/keys/root.keys ]] || printf '1 %s\n' "$(openssl rand -hex 32)" | private_file "$RUN/keys/root.keys"
  [[ -f $RUN/keys/twilio-secret ]] || openssl rand -hex 16 | private_file "$RUN/keys/twilio-secret"
  [[ -f $RUN/keys/twilio-auth-token ]] || openssl rand -hex 16 | private_file "$RUN/keys/twilio-auth-token"
}

stack_certificate() {
  local dir=$RUN/tls
  if [[ -f $dir/leaf.pem ]] && openssl x509 -in "$dir/leaf.pem" -noout -checkend 604800 >/dev/null; then return 0; fi
  mkdir -p "$dir"
  chmod 0700 "$dir"
  certificate_authority "$dir"
  certificate_leaf "$dir"
}

# The authority's key is thrown away once the leaf is signed, so whoever trusts ca.pem in a browser trusts this leaf only.
certificate_authority() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 397 -subj '/CN=Tillgate development' \
    -addext 'basicConstraints=critical,CA:TRUE,pathlen:0' -addext 'keyUsage=critical,keyCertSign' \
    -addext 'nameConstraints=critical,permitted;DNS:localhost,permitted;IP:127.0.0.0/255.0.0.0' \
    -keyout "$1/ca.key" -out "$1/ca.pem"
}

certificate_leaf() {
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -subj '/CN=Tillgate development leaf' \
    -keyout "$1/leaf.key.new" -out "$1/leaf.csr"
  openssl x509 -req -in "$1/leaf.csr" -CA "$1/ca.pem" -CAkey "$1/ca.key" -days 397 -out "$1/leaf.pem.new" -extfile <(
    printf '%s\n' 'basicConstraints = critical,CA:FALSE' 'keyUsage = critical,digitalSignature' 'extendedKeyUsage = serverAuth' \
      'subjectAltName = DNS:*.panel.localhost,DNS:api.tillgate.localhost,DNS:hooks.tillgate.localhost,DNS:localhost,IP:127.0.0.1'
  )
  chmod 0600 "$1/leaf.key.new"
  mv "$1/leaf.key.new" "$1/leaf.key"
  mv "$1/leaf.pem.new" "$1/leaf.pem"
  rm -f "$1/leaf.csr" "$1/ca.key"
}

stack_config() {
  local socket port
  socket=$(pg_socket "$RUN/pg")
  port=$(pg_port "$RUN/pg")
  {
    printf '# Written by ops/run; changed here, it is overwritten at the next start.\n'
    {
      printf '%s\n' "$@"
      stack_config_lines "$socket" "$port"
    } | awk -F ' *= *' 'NF > 1 && !seen[$1]++'
  } >"$RUN/tillgate.conf.new"
  mv "$RUN/tillgate.conf.new" "$RUN/tillgate.conf"
}

stack_config_lines() {
  local socket=$1 port=$2
  cat <<LINES
listen = 127.0.0.1:$TILLGATE_PORT
ops_listen = 127.0.0.1:$TILLGATE_OPS_PORT
database = host=$socket port=$port dbname=tillgate user=tillgate_server
operator_database = host=$socket port=$port dbname=tillgate user=tillgate_operator
root_keys = $RUN/keys/root.keys
web_root = $ROOT/web/dist
openapi = $ROOT/tenants/openapi.yaml
docs_root = $ROOT/web/docs/dist
phone_metadata = $ROOT/web/node_modules/libphonenumber-js/metadata.max.json
api_origin = http://api.tillgate.localhost:$TILLGATE_HTTP_PORT
hooks_origin = http://hooks.tillgate.localhost:$TILLGATE_HTTP_PORT
panel_origins = http://{slug}.panel.localhost:$TILLGATE_HTTP_PORT https://{slug}.panel.localhost:$TILLGATE_HTTPS_PORT
trusted_proxy = 127.0.0.1
twilio_url = https://127.0.0.1:$TILLGATE_TWILIO_TLS_PORT
twilio_ca_file = $RUN/tls/ca.pem
twilio_account = $TWILIO_ACCOUNT
twilio_user = $TWILIO_USER
twilio_secret_file = $RUN/keys/twilio-secret
twilio_auth_token_file = $RUN/keys/twilio-auth-token
twilio_messaging_service = $TWILIO_SERVICE
twilio_verify_service = $TWILIO_VERIFY_SERVICE
twilio_verify_url = https://127.0.0.1:$TILLGATE_TWILIO_TLS_PORT
twilio_pricing_url = https://127.0.0.1:$TILLGATE_TWILIO_TLS_PORT
smtp_url = smtp://localhost:$TILLGATE_SMTP_PORT
mail_from = Tillgate <notices@tillgate.localhost>
outbound_allow = localhost 127.0.0.1
outbound_ca_file = $RUN/tls/ca.pem
LINES
}

stack_sandbox_arguments() {
  # shellcheck disable=SC2034 # for who sources this
  SANDBOX=(node "$ROOT/ops/sandbox/main.mjs" --run "$RUN" --store-port "$TILLGATE_STORE_PORT" --port "$TILLGATE_TWILIO_PORT"
    --tls-port "$TILLGATE_TWILIO_TLS_PORT" --phone-port "$TILLGATE_PHONE_PORT" --application-port "$TILLGATE_APPLICATION_PORT"
    --webhook-port "$TILLGATE_WEBHOOK_PORT" --smtp-port "$TILLGATE_SMTP_PORT" --panel "http://{slug}.panel.localhost:$TILLGATE_HTTP_PORT"
    --api "http://api.tillgate.localhost:$TILLGATE_HTTP_PORT" --account "$TWILIO_ACCOUNT" --user "$TWILIO_USER"
    --service "$TWILIO_SERVICE" --verify-service "$TWILIO_VERIFY_SERVICE" --ledger "$RUN/ledger.jsonl")
}
