// Other web sites: a store that posts launch tickets, and whoever wants to attack the panel. Reached as any host name on this port.
import http from 'node:http';

export async function openOutside() {
  const pages = new Map();
  const asked = [];
  const server = http.createServer((request, response) => {
    asked.push({ host: request.headers.host, path: request.url });
    const html = pages.get(request.url.split('?')[0]);
    response.writeHead(html === undefined ? 404 : 200, { 'Content-Type': 'text/html; charset=utf-8', 'Cache-Control': 'no-store' });
    response.end(html ?? '');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  let count = 0;
  return {
    port,
    asked,
    // Serves a page; answers its path.
    page(html) {
      const path = `/page${++count}`;
      pages.set(path, `<!doctype html><html lang="en"><meta charset="utf-8"><title>Outside</title><link rel="icon" href="data:,">${html}`);
      return path;
    },
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

// What a store's page does with a ticket.
export function launchForm({ post_to, ticket }) {
  return `<form method="post" action="${post_to}"><input type="hidden" name="ticket" value="${ticket}"><button>Open the panel</button></form>`;
}
