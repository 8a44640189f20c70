// A store with many users: names that repeat as names do, a few of them locked or removed, most with a second step.
const FIRST = ['Ada', 'Ben', 'Clara', 'David', 'Elena', 'Farid', 'Greta', 'Hugo', 'Ines', 'Jonas', 'Keiko', 'Liam', 'Mona', 'Noah', 'Olga', 'Priya'];
const LAST = ['Adler', 'Brooks', 'Castillo', 'Dupont', 'Eriksen', 'Fischer', 'Guzmán', 'Hoffmann', 'Ivanova', 'Jansen', 'Kowalski', 'Lindqvist'];

// Adds `count` users. Number n is called "First Last n" and has the store's id "staff-n".
export async function crowd(world, store, count) {
  const { tenant_id: tenant } = await world.db.row('select tenant_id from app.slugs where slug = $1', store.tenant.slug);
  await world.db.rows(
    `insert into app.users (tenant_id, user_id, external_id, email, name, role, locale, preferred_method, removed_at, created_at, last_signed_in_at)
     select $1::uuid, (lpad(to_hex((extract(epoch from now() - interval '90 days') * 1000)::bigint + n), 12, '0') || '7' || substr(md5($1::uuid::text || n), 1, 3)
                 || '8' || substr(md5($1::uuid::text || n), 5, 15))::uuid,
            'staff-' || n, 'staff' || n || '@crowd.example', ($3::text[])[1 + n % $5] || ' ' || ($4::text[])[1 + n / $5 % $6] || ' ' || n,
            case when n % 10 = 0 then 'viewer' else 'admin' end, 'en', case when n % 5 > 0 then 'authenticator' end,
            case when n % 500 = 499 then now() - interval '3 days' end, now() - interval '90 days', case when n % 7 > 0 then now() - interval '1 day' end
       from generate_series(1, $2::integer) n`, tenant, count, FIRST, LAST, FIRST.length, LAST.length);
  await world.db.rows(
    `insert into app.authenticators (tenant_id, user_id, authenticator_id, state, secret_sealed, created_at)
     select u.tenant_id, u.user_id, u.user_id, 'active', '\\x00', u.created_at
       from app.users u where u.tenant_id = $1 and u.external_id like 'staff-%' and u.preferred_method is not null and u.removed_at is null`, tenant);
  await world.db.rows('analyze app.users, app.authenticators');
}
