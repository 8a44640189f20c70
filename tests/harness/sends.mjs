// A text's row, seen and hurried from a test.
import { until } from './process.mjs';

// The latest send of a challenge.
export function sendOf(db, challenge) {
  return db.row(
    `select app.typeid('send', s.send_id) as id, s.state, s.sid, s.attempts, s.reason, s.error_code, s.checks
       from app.sends s join app.challenges c using (tenant_id, challenge_id)
      where app.typeid('challenge', c.challenge_id) = $1 order by s.send_id desc limit 1`, challenge);
}

export function untilSend(db, challenge, ...states) {
  return until(`the send to be ${states.join(' or ')}`, async () => {
    const send = await sendOf(db, challenge);
    return states.includes(send?.state) && send;
  });
}

// Whatever a send waits for is due now; again and again, until it is in one of these states.
export function hurrySend(db, challenge, ...states) {
  return until(`the hurried send to be ${states.join(' or ')}`, async () => {
    await db.rows(`update app.sends s set due_at = now() - interval '1 second' from app.challenges c
                    where c.challenge_id = s.challenge_id and app.typeid('challenge', c.challenge_id) = $1 and s.due_at > now()`, challenge);
    const send = await sendOf(db, challenge);
    return states.includes(send?.state) && send;
  }, { pause: 250 });
}
