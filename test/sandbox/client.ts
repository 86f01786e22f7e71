import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { request } from 'node:http';

/** What tests need to talk to a sandbox: raw HTTP, so that every byte of the target and body is the test's own. */

export interface Reply {
  status: number;
  headers: NodeJS.Dict<string | string[]>;
  text: string;
}

export interface Sending {
  method?: string;
  target: string;
  headers?: Record<string, string>;
  body?: string | Buffer;
  /** The address to call from. */
  from?: string;
}

export function send(port: number, { method = 'GET', target, headers = {}, body = '', from }: Sending): Promise<Reply> {
  const local = from === undefined ? {} : { localAddress: from };
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: '127.0.0.1', port, method, path: target, headers, agent: false, ...local });
    outgoing.on('error', reject);
    outgoing.on('response', (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('error', reject);
      incoming.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text });
      });
    });
    outgoing.end(body);
  });
}

export const bodyOf = (reply: Reply): Record<string, unknown> => JSON.parse(reply.text) as Record<string, unknown>;

export interface Pair {
  publicKey: string;
  privateKey: KeyObject;
}

export const rsaPair = (bits = 2048): Pair => pairOf(generateKeyPairSync('rsa', { modulusLength: bits }));

export const edPair = (): Pair => pairOf(generateKeyPairSync('ed25519'));

const pairOf = ({ publicKey, privateKey }: { publicKey: KeyObject; privateKey: KeyObject }): Pair => ({
  publicKey: publicKey.export({ format: 'pem', type: 'spki' }).toString(),
  privateKey,
});

/** Base64 of an RSASSA-PKCS1-v1_5 SHA-256 or Ed25519 signature. */
export const signatureOf = (payload: string, { privateKey }: Pair): string =>
  sign(privateKey.asymmetricKeyType === 'rsa' ? 'sha256' : null, Buffer.from(payload), privateKey).toString('base64');

/** `payload` with its signature as the last parameter. */
export const signed = (payload: string, pair: Pair): string =>
  `${payload}&signature=${encodeURIComponent(signatureOf(payload, pair))}`;

const PAGE = '/en/my/settings/api-management';

export const postForm = (port: number, target: string, fields: Record<string, string>, headers = {}): Promise<Reply> =>
  send(port, {
    method: 'POST',
    target,
    headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams(fields).toString(),
  });

/** Posts a form of the page as a script does. */
export const change = (port: number, action: string, fields: Record<string, string>): Promise<Reply> =>
  postForm(port, `${PAGE}/${action}`, fields, { accept: 'application/json' });

/** Registers the pair and returns the key id. */
export async function register(port: number, pair: Pair, fields: Record<string, string> = {}): Promise<string> {
  const reply = await change(port, 'create', { label: 'test', publicKey: pair.publicKey, ...fields });
  if (reply.status !== 201) throw new Error(`not registered: ${reply.text}`);
  return String(bodyOf(reply).apiKey);
}
