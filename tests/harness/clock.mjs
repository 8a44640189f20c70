// Lets time pass for one browser's user without waiting: every time in that user's rows moves back, and the uses that the limits have
// counted for the user, the phone and the address. Texts on their way keep their times.
const TABLES = ['users', 'phones', 'authenticators', 'backup_codes', 'challenges', 'sessions', 'devices', 'launches'];

export async function pass(db, panel, interval) {
  const { tenant, person } = await personOf(db, panel);
  for (const table of TABLES) await moveRows(db, table, tenant, person, interval);
  await moveUses(db, tenant, person, panel.address, interval);
}

// The user behind a browser: the first 32 bytes of its cookie name tenant and user.
export async function personOf(db, panel) {
  const hex = Buffer.from(panel.cookies.get('__Host-sid'), 'base64url').toString('hex');
  const uuid = (at) => hex.slice(at, at + 32).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  return { tenant: uuid(0), person: uuid(32) };
}

async function moveRows(db, table, tenant, person, interval) {
  const columns = await db.rows(
    `select column_name as name from information_schema.columns where table_schema = 'app' and table_name = $1 and data_type = 'timestamp with time zone'`, table);
  const moves = columns.map(({ name }) => `${name} = ${name} - $3::interval`).join(', ');
  await db.rows(`update app.${table} set ${moves} where tenant_id = $1 and user_id = $2`, tenant, person, interval);
}

async function moveUses(db, tenant, person, address, interval) {
  await db.rows(
    `update app.velocity set stamps = array(select t - $4::interval from unnest(stamps) t), used_at = used_at - $4::interval
      where key in ($1::text || ':' || $2::text, $3)
         or key in (select unnest(array[encode(platform_index, 'hex'), range]) from app.phones where tenant_id = $1::uuid and user_id = $2::uuid)`,
    tenant, person, address, interval);
}

// Changes rows of this browser's user and of nobody else: other tests run beside this one.
export async function setRows(db, panel, table, assignment, and = 'true') {
  const { tenant, person } = await personOf(db, panel);
  await db.rows(`update app.${table} set ${assignment} where tenant_id = $1 and user_id = $2 and ${and}`, tenant, person);
}
