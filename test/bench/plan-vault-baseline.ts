import { readdirSync, readFileSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import pLimit from 'p-limit';
import { parse } from 'yaml';

/** The least that planning over Vault can do: one raw read of the record of every key, as many at once as keyturn reads. */

const { BENCH_VAULT: address = '', BENCH_CA: ca = '', BENCH_TOKEN: token = '' } = process.env;
const AT_ONCE = 16;

const agent = new Agent({ keepAlive: true, ca: readFileSync(ca) });
const read = (key: string) =>
  new Promise<void>((resolve, reject) => {
    const url = `${address}/v1/secret/data/keyturn/${key}/record`;
    request(url, { agent, headers: { 'X-Vault-Token': token } }, async (answer) => {
      const body = JSON.parse(await text(answer)) as { data?: object };
      if (body.data) resolve();
      else reject(new Error(`${key} has no record (${answer.statusCode})`));
    })
      .on('error', reject)
      .end();
  });

const keys = readdirSync('policies').flatMap((file) => {
  const policy = parse(readFileSync(join('policies', file), 'utf8')) as { account: string; keys: { name: string }[] };
  return policy.keys.map(({ name }) => `${policy.account}/${name}`);
});
await pLimit(AT_ONCE).map(keys, read);
agent.destroy();
