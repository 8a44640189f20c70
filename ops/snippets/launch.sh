# Settings > Advanced: the store's backend asks for a ticket, the page posts it to the panel.
LAUNCH=$(curl -sS --fail-with-body --max-time 5 "$TILLGATE_API/v1/launches" -H "Authorization: Bearer $TILLGATE_KEY" -H "Idempotency-Key: $RANDOM$RANDOM$RANDOM" \
  --json '{"user":{"external_id":"42","name":"Ann Arbor","role":"owner"}}')
jq -r '"<form method=\"post\" action=\"\(.post_to)\"><input type=\"hidden\" name=\"ticket\" value=\"\(.ticket)\"><button>Continue</button></form>"' <<<"$LAUNCH"
