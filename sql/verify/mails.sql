-- Verify tillgate:mails on pg
begin;
select tenant_id, mail_id, user_id, notice, detail, at, state, fence, attempts, due_at, reason from app.mails where false;
select key, seen_at from app.mail_servers where false;
select 1 / (count(*) = 2)::int from pg_class
 where oid in ('app.mails'::regclass, 'app.mail_servers'::regclass)
   and relrowsecurity and relforcerowsecurity and pg_get_userbyid(relowner) = 'tillgate_owner';
rollback;
