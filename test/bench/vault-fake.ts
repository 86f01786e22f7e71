import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import process from 'node:process';
import { aGeneration, recordText } from './world.ts';

/**
 * `vault-fake.js MILLISECONDS`: what planning asks of Vault, each answer after so long. It has the record of every key there could be,
 * and says where it listens; it ends when it is killed.
 */

const latency = Number(process.argv[2]);
const generation = aGeneration();
const metadata = { created_time: new Date().toISOString(), deletion_time: '', destroyed: false, version: 1 };
const RECORD = /^\/v1\/secret\/data\/keyturn\/(.+)\/record$/;

const server = createServer(({ url = '' }, answer) => {
  const key = RECORD.exec(url)?.[1];
  const data = key ? { data: { doc: recordText(key, 1, generation) }, metadata } : { ttl: 3600, renewable: true };
  const body = JSON.stringify({ request_id: '', lease_id: '', renewable: false, lease_duration: 0, data });
  setTimeout(() => answer.setHeader('content-type', 'application/json').end(body), latency);
});
server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`http://127.0.0.1:${(server.address() as AddressInfo).port}\n`);
});
