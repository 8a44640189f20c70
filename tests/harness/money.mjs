// I6 and I7: what is spent is what the ledger says, to the micro-unit, and nothing in the ledger was altered.
//
// Σ ledger lines of a text = what its row says it costs; every open counter of every store = Σ of its texts asked for in that window; the platform's
// likewise. What Twilio took and will charge is settled, or still reserved; what it never had costs nothing once that is certain.

export async function checkMoney(stack) {
  const checks = await Promise.all([lines(stack), counters(stack), platform(stack), charged(stack), chain(stack)]);
  return checks.flat();
}

async function lines({ db }) {
  const rows = await db.rows(
    `with lines as (select tenant_id, send_id, micros, kind from app.ledger union all select tenant_id, send_id, micros, kind from app.ledger_entries)
     select coalesce(s.send_id, l.send_id) as send, max(s.price_micros) as cost, sum(l.micros) as ledger, count(*) filter (where l.kind = 'reserved') as reserved, max(s.mode) as mode
       from app.sends s full join lines l using (tenant_id, send_id) group by 1
     having coalesce(sum(l.micros), 0) is distinct from max(s.price_micros) or count(*) filter (where l.kind = 'reserved') <> case max(s.mode) when 'live' then 1 else 0 end`);
  return rows.map((row) => `I7: ${row.send} costs ${row.cost}, its lines ${row.ledger} with ${row.reserved} reserved`);
}

async function counters({ db }) {
  const rows = await db.rows(
    `with texts as (select tenant_id, country, created_at as at, price_micros as micros, money_state from app.sends where mode = 'live'),
          counters as (
            select tenant_id, 'hour' as span, null::text as country, hour_start as start, interval '1 hour' as length, hour_micros as counted from app.spent
            union all select tenant_id, 'day', null, day_start, '1 day', day_micros from app.spent
            union all select tenant_id, 'month', null, month_start, '1 month', month_micros from app.spent
            union all select tenant_id, 'day in', country, day_start, '1 day', micros from app.spent_countries)
     select c.tenant_id, c.span, c.country, c.counted, coalesce(sum(t.micros), 0) as cost
       from counters c left join texts t on t.tenant_id = c.tenant_id and t.at >= c.start and t.at < c.start + c.length and (c.country is null or t.country = c.country)
      group by 1, 2, 3, 4 having c.counted <> coalesce(sum(t.micros), 0)`);
  return rows.map((row) => `I7: ${row.tenant_id} ${row.span} ${row.country ?? ''} counts ${row.counted}, its texts cost ${row.cost}`);
}

async function platform({ db }) {
  const rows = await db.rows(
    `select w.span, w.counted, w.cost from app.platform_spent p, lateral (
       select 'hour' as span, p.hour_micros as counted, (select coalesce(sum(price_micros), 0) from app.sends where mode = 'live' and created_at >= p.hour_start) as cost
       union all select 'day', p.day_micros, (select coalesce(sum(price_micros), 0) from app.sends where mode = 'live' and created_at >= p.day_start)) w
      where w.counted <> w.cost`);
  return rows.map((row) => `I7: the platform's ${row.span} counts ${row.counted}, all texts cost ${row.cost}`);
}

// Against Twilio's own ledger: a text that Twilio has was not released; one that is settled as certainly never posted is not at Twilio's.
async function charged({ db, sandbox }) {
  const taken = new Set(sandbox.ledger().filter((one) => one.callback).map((one) => new URL(one.callback).pathname.split('/')[4]));
  const rows = await db.rows(`select app.typeid('send', send_id) as id, state, money_state, price_micros, reserved_micros from app.sends where mode = 'live'`);
  return rows.flatMap((row) => [
    ...(taken.has(row.id) && row.money_state === 'released' ? [`I7: Twilio has ${row.id}, whose money was released (${row.state})`] : []),
    ...(taken.has(row.id) && row.price_micros === 0 ? [`I7: Twilio has ${row.id}, which costs nothing (${row.state})`] : []),
    ...(!taken.has(row.id) && ['refused', 'expired'].includes(row.state) && row.money_state !== 'released' ? [`I7: ${row.id} was never posted (${row.state}), and its money is ${row.money_state}`] : []),
  ]);
}

async function chain({ db }) {
  const verdict = await db.value(`select operator.ledger_verify(null) as verdict`);
  return verdict.ok ? [] : [`I6: ${JSON.stringify(verdict.items.filter((one) => !one.ok))}`];
}
