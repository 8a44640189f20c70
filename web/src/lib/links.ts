/** A link that the server hands out leads to a web page, never to a script. */
export function isWebAddress(address: string): boolean {
  const scheme = URL.canParse(address) ? new URL(address).protocol : '';
  return scheme === 'https:' || scheme === 'http:';
}

/**
 * A path that keeps to this host when it is opened, or null. Anybody can send people here with `?return=…`: what a browser might
 * take for another host (`//`, `/\`, control characters in between) is no path, neither as it stands nor decoded once more.
 */
export function pathHere(path: string | null): string | null {
  if (!path || path.length > 2000 || !isRooted(path) || path.includes(' ')) return null;
  try {
    if (!isRooted(decodeURIComponent(path))) return null;
  } catch {
    return null;
  }
  return path;
}

function isRooted(path: string): boolean {
  return /^\/(?![/\\])[^\u0000-\u001f\u007f]*$/u.test(path);
}
