/* problems: every code that a refusal of C or SQL can name: HTTP status, title, and what to do next. */
#include "problems.h"

/* clang-format off */
const struct problem PROBLEMS[] = {
    /* a code was checked */
    {"code_wrong", 422, "Wrong code", "Check the code and enter it again; tries_left says how often."},
    {"code_expired", 422, "Code expired", "This code is used up or too old. Ask for a new one, or wait for your app's next one."},
    {"challenge_exhausted", 422, "Too many tries for this code", "Ask for a new code, or use another method."},
    {"locked", 429, "Locked after too many wrong codes", "No code is accepted until locked_until. Wait, then use any of your methods."},
    {"method_off", 403, "Method switched off", "This method is off after too many wrong codes. Use another one, or have it reset by your store's owner."},

    /* a text was asked for */
    {"resend_too_early", 429, "A text is on its way", "Wait for retry_after seconds before you ask for another one."},
    {"limit_phone", 429, "Too many texts to this number", "Wait for retry_after seconds, or use another method."},
    {"limit_user", 429, "Too many texts for this user", "Wait for retry_after seconds, or use another method."},
    {"limit_address", 429, "Too many texts from this network", "Wait for retry_after seconds, or use another method."},
    {"limit_range", 429, "Too many texts to numbers like this", "Wait for retry_after seconds, or use another method."},
    {"limit_country", 429, "Too many texts to this country today", "Use another method; retry_after says when texts return."},
    {"limit_ramp", 429, "Texts of a new store used up for today", "Use another method; retry_after says when texts return."},
    {"limit_money", 429, "The store's money for texts is used up", "Use another method; retry_after says when texts return."},
    {"breaker_open", 429, "Texts are paused here", "Too few codes of such texts were entered lately. Use another method; retry_after says when texts return."},
    {"platform_money", 503, "Texts are paused", "The platform's money for texts is used up for now. Use another method; retry_after says when texts return."},
    {"texts_stopped", 503, "Texts are switched off", "The platform has switched texts off. Use another method."},
    {"price_too_high", 422, "Texts to this country cost too much", "Use a number of another country, or another method."},
    {"number_suppressed", 422, "This number takes no texts", "Use another method, or change the number; after a STOP, text START to us first."},
    {"no_phone", 409, "No phone number", "Save a phone number first."},

    /* methods and their set-up */
    {"country_not_allowed", 422, "Country not allowed", "Use a number of a country that your store allows texts to, or an authenticator app."},
    {"number_invalid", 422, "Not a phone number", "Enter the whole number with its country code, like +14155550123."},
    {"number_type_refused", 422, "Kind of number refused", "Codes go to ordinary numbers only: use a mobile number."},
    {"phone_verified_already", 409, "Already verified", "This number is verified; nothing is left to do."},
    {"proof_required", 403, "Proof required", "Prove with a code of a current method that you may change the number, then save it within 10 minutes."},
    {"last_method", 409, "Last method", "Set up another method before you remove this one."},
    {"no_authenticator", 409, "No authenticator", "Start the set-up of an authenticator app first."},
    {"set_up_expired", 409, "Set-up expired", "Start the set-up again and scan the new code."},
    {"bypass_refused", 403, "No bypass holds", "Enter a code of one of your methods; only two people at the platform can let you in without."},
    {"device_unknown", 403, "Device not trusted", "Enter a code of one of your methods."},

    /* who calls */
    {"key_refused", 401, "Key refused", "Send a live key of the right kind as Authorization: Bearer."},
    {"scope_missing", 403, "Scope missing", "This key may not do that. Use one that has the scope that is named."},
    {"session_required", 401, "Signed out", "Open the panel again from your store."},
    {"second_step_required", 403, "Second step required", "Finish signing in with a code first."},
    {"sign_in_required", 401, "Sign-in required", "Lead the person to sign_in, a path of this host; from there they come back signed in."},
    {"fresh_session_required", 403, "Fresh sign-in required", "Enter a code again, then repeat what you did."},
    {"owner_required", 403, "Only for the owner", "Ask the owner of your store."},
    {"tenant_suspended", 403, "Store suspended", "Sign-in for this store is suspended. Ask the platform that runs it."},
    {"user_locked", 403, "User locked", "The platform or the store's owner has locked this user. Whoever did it can unlock."},
    {"launch_expired", 403, "Launch expired", "Open the panel again from your store; a launch is good for 60 seconds and once."},
    {"origin_refused", 403, "Request from elsewhere", "Changes are accepted only from the store's own panel."},
    {"signature_refused", 403, "Signature refused", "Sign the request with the account's auth token over the exact configured address."},

    /* provisioning */
    {"idempotency_key_missing", 400, "Idempotency-Key missing", "Send a fresh Idempotency-Key of 1 to 255 printable ASCII characters with each POST."},
    {"idempotency_key_reused", 422, "Idempotency-Key used before", "This key belongs to another request. Use a fresh one."},
    {"idempotency_key_in_use", 409, "First request still running", "Repeat the request in a moment to get its answer."},
    {"precondition_required", 428, "If-Match required", "Read the resource and send its ETag as If-Match."},
    {"precondition_failed", 412, "Changed in between", "Read the resource again and repeat the change with its new ETag."},
    {"erasure_unfinished", 503, "More to erase", "Nobody gets in as this user any more, but there is more to remove. Repeat the call after retry_after seconds, with a fresh Idempotency-Key."},
    {"too_many_exports", 409, "Too many exports", "A store has at most 5 that are under way or ready. Wait until one is over."},
    {"slug_taken", 409, "Slug taken", "Choose another slug."},
    {"user_removed", 409, "User removed", "A removed user does not come back. Launch the person under another external id."},
    {"last_owner", 409, "Last owner", "Make another user owner first."},
    {"not_yourself", 409, "Not yourself", "Another owner, or the platform, can do this to you."},
    {"bypass_exists", 409, "Bypass under way", "End it first, or have it approved."},
    {"no_bypass", 409, "Nothing to approve", "Ask for a bypass first; a request is good for a day, and is approved once."},
    {"same_person", 409, "The same person", "Whoever asked for a bypass cannot approve it. Have another person do it."},
    {"trial_ended", 409, "Trial over", "Say as what the store shall resume: status active, or trial for another 14 days."},
    {"not_on_trial", 409, "Not on trial", "Only a store that is on trial has an end of it, or becomes active by a change."},
    {"tenant_deleting", 409, "Store being deleted", "Restore the store first, while that is still possible."},
    {"key_ended", 409, "Key ended", "It was revoked, has been rotated or has expired. Rotate the key that took its place, or create one."},
    {"live_key_required", 403, "Live key required", "A test key makes test keys only. Rotate this one with a live key."},
    {"kid_taken", 409, "Key id in use", "Another launch key of this store has a public key by this kid. Name it otherwise, or rotate that launch key."},
    {"too_many_keys", 409, "Too many keys", "Revoke a key first; a store has at most 10."},
    {"too_many_webhooks", 409, "Too many webhooks", "Delete an endpoint first; there are at most 20."},
    {"webhook_disabled", 409, "Endpoint disabled", "Enable the endpoint first; disabled_reason says why it was disabled."},
};
/* clang-format on */
const size_t PROBLEM_COUNT = LEN(PROBLEMS);
