import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLocalJWKSet, errors, type JSONWebKeySet, type JWK, jwtVerify } from 'jose';

export interface Gateway {
  url: string;
  /** Somebody edits jwks.json. */
  edit: (change: (keys: JWK[]) => JWK[]) => void;
  close: () => Promise<void>;
}

/** A service that verifies tokens with jose against a JWKS file which people edit. */
export async function startGateway(): Promise<Gateway> {
  const folder = mkdtempSync(join(tmpdir(), 'keyturn-gateway-'));
  const jwks = join(folder, 'jwks.json');
  writeFileSync(jwks, '{ "keys": [] }');
  const server = createServer(async (request, response) => {
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
    const { status, body } = request.url === '/whoami' ? await answerTo(token, jwks) : { status: 404, body: {} };
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    edit: (change) => writeFileSync(jwks, JSON.stringify({ keys: change(keysIn(jwks)) })),
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true });
    },
  };
}

const keysIn = (jwks: string): JWK[] => (JSON.parse(readFileSync(jwks, 'utf8')) as JSONWebKeySet).keys;

async function answerTo(token: string, jwks: string): Promise<{ status: number; body: object }> {
  const keys = keysIn(jwks);
  try {
    const { protectedHeader } = await jwtVerify(token, createLocalJWKSet({ keys }), {
      issuer: 'keyturn',
      audience: 'gateway',
      algorithms: ['EdDSA', 'RS256'],
      maxTokenAge: '2m',
      requiredClaims: ['exp', 'jti'],
    });
    const key = keys.find(({ kid }) => kid === protectedHeader.kid) as JWK & { scopes: object; disabled?: true };
    return key.disabled
      ? { status: 403, body: { error: 'disabled' } }
      : { status: 200, body: { active: true, scopes: key.scopes } };
  } catch (error) {
    const isUnknown = error instanceof errors.JWKSNoMatchingKey;
    return { status: 401, body: { error: isUnknown ? 'unknown_key' : 'invalid_token' } };
  }
}
