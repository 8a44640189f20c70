<?php
// Settings > Advanced, without calling out: the store's backend signs who is there, the page posts that to the panel.
$encode = fn (string $bytes): string => sodium_bin2base64($bytes, SODIUM_BASE64_VARIANT_URLSAFE_NO_PADDING);
$key = json_decode(file_get_contents(getenv('TILLGATE_LAUNCH_KEY')), true, 8, JSON_THROW_ON_ERROR); // the private JWK, with its kid
$pair = sodium_crypto_sign_seed_keypair(sodium_base642bin($key['d'], SODIUM_BASE64_VARIANT_URLSAFE_NO_PADDING));
$now = time();
$text = $encode(json_encode(['alg' => 'EdDSA', 'kid' => $key['kid'], 'typ' => 'launch+jwt'])) . '.' . $encode(json_encode([
    'iss' => getenv('TILLGATE_STORE'), 'aud' => getenv('TILLGATE_PANEL'), 'iat' => $now, 'exp' => $now + 60, 'jti' => bin2hex(random_bytes(16)),
    'sub' => '42', 'name' => 'Ann Arbor', 'role' => 'owner',
]));
$token = $text . '.' . $encode(sodium_crypto_sign_detached($text, sodium_crypto_sign_secretkey($pair)));
?>
<!doctype html>
<title>Opening the admin panel</title>
<form method="post" action="<?= htmlspecialchars(getenv('TILLGATE_PANEL')) ?>/launch">
  <input type="hidden" name="token" value="<?= $token ?>">
  <button>Continue to the admin panel</button>
</form>
