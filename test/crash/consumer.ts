import { createPrivateKey, createPublicKey, sign } from 'node:crypto';
import { readFile, realpath } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Decrypter } from 'age-encryption';
import { fileClock } from './clock.ts';

/**
 * An application that uses a key, again and again, and knows nothing of keyturn: it reads the folder that `current` names,
 * opens the private key, and sends a signed request. Prints one line a round: `accepted FOLDER`, `refused …` or `broken …`.
 */

const [folder = '', url = ''] = process.argv.slice(2);
const current = join(folder, '.keyturn/store/desk/spot/current');
const clock = fileClock(join(folder, 'clock'));
const age = new Decrypter();
age.addIdentity(/AGE-SECRET-KEY-1\w+/.exec(await readFile(join(folder, '.keyturn/identity.txt'), 'utf8'))?.[0] ?? '');

for (;;) {
  process.stdout.write(`${await round().catch((error: Error) => `broken ${error.message}`)}\n`);
  await sleep(40);
}

async function round(): Promise<string> {
  const place = await realpath(current);
  const [sealedKey, sealedPassphrase, publicPem, apiKey] = await Promise.all(
    ['key.pem.age', 'passphrase.txt.age', 'public.pem', 'api-key.txt'].map((name) => readFile(join(place, name))),
  );
  if (!sealedKey || !sealedPassphrase || !publicPem || !apiKey) throw new Error('a file is missing');
  const passphrase = Buffer.from(await age.decrypt(sealedPassphrase));
  const key = createPrivateKey({ key: Buffer.from(await age.decrypt(sealedKey)), passphrase });
  const spki = { type: 'spki', format: 'pem' } as const;
  if (createPublicKey(key).export(spki) !== publicPem.toString()) throw new Error('the halves do not fit');
  for (;;) {
    const query = `recvWindow=60000&timestamp=${clock.now().getTime()}`;
    const signature = encodeURIComponent(sign(null, Buffer.from(query), key).toString('base64'));
    const answer = await fetch(`${url}/api/v3/account?${query}&signature=${signature}`, {
      headers: { 'X-MBX-APIKEY': apiKey.toString() },
    });
    const { code } = (await answer.json()) as { code?: number };
    if (answer.ok) return `accepted ${place}`;
    // The clock was turned between our look at it and the venue's.
    if (code !== -1021) return `refused ${code} ${place}`;
  }
}
