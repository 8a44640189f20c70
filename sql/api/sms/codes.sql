-- The provider's words in ours: error codes (security.md d.7) and message statuses.

-- What an error code of the provider means. class: config (stop and page), retry, permanent, geo, transport, opt_out, soft, carrier, hard,
-- price, expired, fraud. reason: what the panel is told. A number is suppressed for rests once strikes failures fell within in_window.
-- Even a permanent rest ends after 30 days: numbers change hands, people text START, and a refusal by the provider costs nothing.
create or replace function app.provider_code(p_code bigint, out class text, out reason text, out strikes integer, out in_window interval,
                                             out rests interval)
returns setof record language sql immutable rows 1 as $$
  select v.class, v.reason, v.strikes, v.in_window::interval, v.rests::interval
    from (values
      (20003, 'config', 'provider_config', null, null, null),
      (20404, 'config', 'provider_config', null, null, null),
      (20429, 'retry', 'provider_down', null, null, null),
      (14107, 'retry', 'provider_down', null, null, null),
      (21611, 'retry', 'provider_down', null, null, null),
      (30001, 'retry', 'provider_down', null, null, null),
      (21211, 'permanent', 'number_invalid', 1, '30 days', '30 days'),
      (21217, 'permanent', 'number_invalid', 1, '30 days', '30 days'),
      (21408, 'geo', 'region_off', null, null, null),
      (60605, 'geo', 'region_off', null, null, null),
      (21606, 'transport', 'unreachable', null, null, null),
      (21612, 'transport', 'unreachable', null, null, null),
      (21608, 'config', 'provider_config', null, null, null),
      (21610, 'opt_out', 'opted_out', 1, '30 days', '30 days'),
      (21614, 'permanent', 'landline', 1, '30 days', '30 days'),
      (60205, 'permanent', 'landline', 1, '30 days', '30 days'),
      (30002, 'config', 'provider_config', null, null, null),
      (30003, 'soft', 'unreachable', 3, '24 hours', '24 hours'),
      (30004, 'carrier', 'blocked', null, null, null),
      (30007, 'carrier', 'blocked', null, null, null),
      (30005, 'hard', 'unreachable', 2, '30 days', '30 days'),
      (30006, 'hard', 'landline', 2, '30 days', '30 days'),
      (30008, 'soft', 'unknown', null, null, null),
      (30010, 'price', 'price', null, null, null),
      (30032, 'config', 'provider_config', null, null, null),
      (30034, 'config', 'provider_config', null, null, null),
      (30036, 'expired', 'expired', null, null, null),
      (30450, 'fraud', 'fraud', null, null, null),
      (60410, 'fraud', 'fraud', null, null, null),
      (60200, 'permanent', 'number_invalid', null, null, null),
      (60202, 'retry', 'provider_down', null, null, null),
      (60203, 'retry', 'provider_down', null, null, null),
      (60212, 'retry', 'provider_down', null, null, null),
      (21701, 'config', 'provider_config', null, null, null),
      (21703, 'config', 'provider_config', null, null, null)
    ) as v (code, class, reason, strikes, in_window, rests)
   where v.code = p_code
$$;

-- The state that a message status of the provider stands for, or null for a word that we do not know.
create or replace function app.provider_state(p_status text, p_error_code bigint) returns text language sql immutable
return case
  when p_status in ('failed', 'undelivered') and p_error_code = 30036 then 'expired'
  when p_status in ('accepted', 'scheduled', 'queued', 'sending') then 'accepted'
  when p_status = 'sent' then 'sent'
  when p_status in ('delivered', 'read') then 'delivered'
  when p_status = 'undelivered' then 'undelivered'
  when p_status in ('failed', 'canceled') then 'failed' end;
