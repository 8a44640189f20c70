<?php
// Settings > Advanced: the store's backend asks for a ticket, the page posts it to the panel.
$answer = file_get_contents(getenv('TILLGATE_API') . '/v1/launches', false, stream_context_create(['http' => [
    'method' => 'POST',
    'header' => ['Authorization: Bearer ' . getenv('TILLGATE_KEY'), 'Content-Type: application/json', 'Idempotency-Key: ' . bin2hex(random_bytes(16))],
    'content' => json_encode(['user' => ['external_id' => '42', 'name' => 'Ann Arbor', 'role' => 'owner']]),
    'timeout' => 5,
]]));
$launch = json_decode((string) $answer, true, 8, JSON_THROW_ON_ERROR);
?>
<!doctype html>
<title>Opening the admin panel</title>
<form method="post" action="<?= htmlspecialchars($launch['post_to']) ?>">
  <input type="hidden" name="ticket" value="<?= htmlspecialchars($launch['ticket']) ?>">
  <button>Continue to the admin panel</button>
</form>
