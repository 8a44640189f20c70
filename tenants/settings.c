/* settings: what the product can be told, and what it does otherwise. */
#include "settings.h"

/* clang-format off */
const struct config_key SETTINGS[] = {
    {"operator_database", CONFIG_TEXT, "", 0, 0, "libpq conninfo of the operator's role; only the platform-key subcommand uses it"},
    {"openapi", CONFIG_PATH, NULL, 0, 0, "the API's description, served at /v1/openapi.yaml"},
    {"docs_root", CONFIG_PATH, "", 0, 0, "folder of the built documentation, served at /v1/docs"},
    {"phone_metadata", CONFIG_PATH, NULL, 0, 0, "metadata.max.json of the panel's libphonenumber-js"},
    {"api_origin", CONFIG_ORIGINS, NULL, 0, 0, "where backends reach us"},
    {"hooks_origin", CONFIG_ORIGINS, NULL, 0, 0, "where Twilio reaches us; part of every signature"},
    {"panel_origins", CONFIG_ORIGINS, NULL, 0, 0, "origins of the panel with {slug}; links are built from the first"},
    {"identity_audience", CONFIG_TEXT, "", 0, 0, "aud of identity tokens: the application behind the panel; empty: the store's slug"},
    {"twilio_url", CONFIG_ORIGINS, "https://api.twilio.com", 0, 0, "where Twilio's API is"},
    {"twilio_ca_file", CONFIG_PATH, "", 0, 0, "authorities for twilio_url, instead of the system's"},
    {"twilio_account", CONFIG_TEXT, NULL, 0, 0, "account SID, AC…"},
    {"twilio_user", CONFIG_TEXT, NULL, 0, 0, "API key SID (SK…) or account SID"},
    {"twilio_secret_file", CONFIG_SECRET_FILE, NULL, 0, 0, "secret of the API key, or the account's auth token"},
    {"twilio_auth_token_file", CONFIG_SECRET_FILE, NULL, 0, 0, "one or two lines: the auth tokens that callbacks may be signed with"},
    {"twilio_messaging_service", CONFIG_TEXT, "", 0, 0, "MG…; goes before twilio_from. A second one behind a space takes over, once for a text, when the first certainly failed"},
    {"twilio_from", CONFIG_TEXT, "", 0, 0, "the sender's number, +…"},
    {"provider", CONFIG_TEXT, "messaging", 0, 0, "messaging (Programmable Messaging) or verify (Verify with our own codes)"},
    {"twilio_verify_service", CONFIG_TEXT, "", 0, 0, "VA…, for provider = verify"},
    {"twilio_verify_url", CONFIG_ORIGINS, "https://verify.twilio.com", 0, 0, "where Verify's API is"},
    {"twilio_pricing_url", CONFIG_ORIGINS, "https://pricing.twilio.com", 0, 0, "where the prices are"},
    {"twilio_number_types", CONFIG_TEXT, "", 0, 0, "kinds of sending number whose prices count, as Twilio calls them, separated by commas; empty: all"},
    {"currency", CONFIG_TEXT, "USD", 0, 0, "the currency that Twilio charges, and everything is counted in"},
    {"smtp_url", CONFIG_TEXT, "", 0, 0, "mail server for notices: smtp://host:port (with STARTTLS) or smtps://host:port; empty: no mail"},
    {"smtp_user", CONFIG_TEXT, "", 0, 0, "who we are there; empty: nobody"},
    {"smtp_secret_file", CONFIG_SECRET_FILE, "", 0, 0, "the password of smtp_user"},
    {"mail_from", CONFIG_TEXT, "", 0, 0, "the notices' sender: address, or Words <address>"},
    {"outbound_allow", CONFIG_TEXT, "", 0, 0, "hosts (host or host:port, separated by blanks) that webhooks, key sets and mail may reach without TLS, on any port and on inner addresses: for development"},
    {"outbound_ca_file", CONFIG_PATH, "", 0, 0, "authorities for webhooks, key sets and mail, instead of the system's"},
    {"webhook_concurrency", CONFIG_INT, "32", 1, 1000, "messages to the platform's endpoints under way per worker"},
    {"sender_concurrency", CONFIG_INT, "64", 1, 10000, "posts under way per worker"},
};
/* clang-format on */
const size_t SETTING_COUNT = LEN(SETTINGS);
