-- Revert tillgate:languages from pg
begin;
update app.tenants set locale = 'en' where locale not in ('en', 'de');
update app.users set locale = 'en' where locale not in ('en', 'de');
alter table app.tenants drop constraint tenants_locale_known, add constraint tenants_locale_known check (locale in ('en', 'de'));
alter table app.users drop constraint users_locale_known, add constraint users_locale_known check (locale in ('en', 'de'));
commit;
