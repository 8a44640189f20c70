-- Deploy tillgate:languages to pg
-- requires: tenants users
begin;
set local role tillgate_owner;

-- the list is that of tenants/locales.h; every row holds the narrower old list, so that nothing is left to look through
alter table app.tenants drop constraint tenants_locale_known,
  add constraint tenants_locale_known check (locale in ('en', 'de', 'fr', 'es', 'ru')) not valid;
alter table app.users drop constraint users_locale_known,
  add constraint users_locale_known check (locale in ('en', 'de', 'fr', 'es', 'ru')) not valid;

commit;
