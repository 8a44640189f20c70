// A SOCKS5 proxy for one browser: every name leads to this machine, and the browser comes from an address of its own, as people do.
// The limits count by address, and an attacker needs a site that is not under localhost.
import net from 'node:net';

export async function openDoorway(address) {
  const sockets = new Set();
  const server = net.createServer((client) => {
    keep(sockets, client);
    client.once('data', () => {
      client.write(Buffer.from([5, 0]));
      client.once('data', (wish) => connect(sockets, client, wish.readUInt16BE(wish.length - 2), address));
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `socks5://127.0.0.1:${server.address().port}`,
    address,
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function connect(sockets, client, port, localAddress) {
  const far = net.connect({ host: '127.0.0.1', port, localAddress });
  keep(sockets, far);
  far.once('connect', () => {
    client.write(Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]));
    client.pipe(far).pipe(client);
  });
  far.once('close', () => client.destroy());
  client.once('close', () => far.destroy());
}

function keep(sockets, socket) {
  sockets.add(socket);
  socket.setNoDelay(true);
  socket.on('error', () => {});
  socket.once('close', () => sockets.delete(socket));
}

// 127.0.0.0/8 is all this machine.
let last = process.pid * 131;
export function ownAddress() {
  last += 1;
  return `127.${1 + (last >> 16) % 250}.${(last >> 8) & 255}.${1 + (last % 250)}`;
}
