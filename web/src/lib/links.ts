/** A link that the server hands out leads to a web page, never to a script. */
export function isWebAddress(address: string): boolean {
  const scheme = URL.canParse(address) ? new URL(address).protocol : '';
  return scheme === 'https:' || scheme === 'http:';
}
