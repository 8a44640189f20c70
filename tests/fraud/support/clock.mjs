// A Postgres whose clock we set: libfaketime around the whole cluster, the time read from a file at each look. Times stand still between two
// settings; monotonic clocks run on, so that timers and waits are real.
import fs from 'node:fs';
import { Client } from 'pg';
import { startCluster } from '../../harness/cluster.mjs';
import { runToEnd } from '../../harness/process.mjs';
import { TESTS } from '../../harness/paths.mjs';

const LIBRARY = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';

export class ClockedPostgres {
  // began: the second of the simulated calendar that is 0 here.
  static async start(began) {
    const here = new ClockedPostgres();
    here.began = began;
    here.cluster = await startCluster();
    here.file = `${here.cluster.run}/clock`;
    here.handle = fs.openSync(here.file, 'w', 0o644);
    here.set(0);
    const env = {
      ...here.cluster.env, TZ: 'UTC', LD_PRELOAD: LIBRARY.replace('x86_64', process.arch === 'arm64' ? 'aarch64' : 'x86_64'), FAKETIME_TIMESTAMP_FILE: here.file,
      FAKETIME_NO_CACHE: '1', FAKETIME_DONT_FAKE_MONOTONIC: '1', FAKETIME_DISABLE_SHM: '1',
    };
    await runToEnd([`${TESTS}/harness/prepare`, 'restart', 'fast'], { env });
    return here;
  }

  set(second) {
    if (second === this.now) return;
    this.now = second;
    const text = new Date((this.began + second) * 1000).toISOString().replace('T', ' ').slice(0, 19);
    fs.writeSync(this.handle, `${text}\n`, 0);
  }

  // A connection as the server's settings have it, above row-level security: the functions under test are the owner's, and below it.
  async connect() {
    const client = new Client({ host: this.cluster.socket, port: this.cluster.port, user: 'postgres', database: 'tillgate' });
    await client.connect();
    await client.query(`set plan_cache_mode = force_generic_plan; set jit = off; set synchronous_commit = off; set client_min_messages = warning`);
    client.backend = (await client.query('select pg_backend_pid() as pid')).rows[0].pid;
    return client;
  }

  // Microseconds that this connection's backend has computed so far.
  static spent(client) {
    return Number(fs.readFileSync(`/proc/${client.backend}/schedstat`, 'latin1').split(' ')[0]) / 1000;
  }

  async stop() {
    fs.closeSync(this.handle);
    await this.cluster.stop();
  }
}
