// Settings > Advanced: the store's backend asks for a ticket, the page posts it to the panel.
const { TILLGATE_API, TILLGATE_KEY } = process.env;
const answer = await fetch(`${TILLGATE_API}/v1/launches`, {
  method: 'POST',
  headers: { authorization: `Bearer ${TILLGATE_KEY}`, 'content-type': 'application/json', 'idempotency-key': crypto.randomUUID() },
  body: JSON.stringify({ user: { external_id: '42', name: 'Ann Arbor', role: 'owner' } }),
  signal: AbortSignal.timeout(5000),
});
if (!answer.ok) throw new Error(await answer.text());
const launch = await answer.json();
console.log(`<!doctype html>
<title>Opening the admin panel</title>
<form method="post" action="${launch.post_to}">
  <input type="hidden" name="ticket" value="${launch.ticket}">
  <button>Continue to the admin panel</button>
</form>`);
