import {
  BaseAgent,
  Client,
  type ParsedKey,
  type ServerHostKeyAlgorithm,
  type SignCallback,
  type SigningRequestOptions,
  utils,
} from 'ssh2';
import { opensshOf, type Signer } from '../../../src/ports/keys.ts';
import type { NoInformation } from '../../../src/ports/venue.ts';
import type { SshProbe } from './ssh-options.ts';

/** How a login ended. No session is opened, no command is run. */
export type Login =
  | { outcome: 'accepted' }
  /** `wasKnown`: the server wanted a signature, so it knows the public key. `offers`: the ways it has. */
  | { outcome: 'refused'; wasKnown: boolean; offers: readonly string[] }
  | { outcome: 'trouble'; why: NoInformation; detail: string };

/** The private half stays behind the Signer; ssh2 gets signatures only. */
class SignerAgent extends BaseAgent<ParsedKey> {
  hasSigned = false;
  readonly #signer: Signer;

  constructor(signer: Signer) {
    super();
    this.#signer = signer;
  }

  getIdentities(done: (error: Error | null | undefined, keys?: ParsedKey[]) => void): void {
    const key = utils.parseKey(opensshOf(this.#signer.publicKey));
    if (key instanceof Error) done(key);
    else done(null, [key]);
  }

  /** ssh2 asks for RSA with SHA-256 wherever the server takes it, which is what a Signer makes. */
  sign(_key: ParsedKey, data: Buffer, options: SigningRequestOptions | SignCallback, done?: SignCallback): void {
    const answer = typeof options === 'function' ? options : done;
    if (typeof options !== 'function' && options.hash && options.hash !== 'sha256') {
      answer?.(new Error('the server takes no RSA signature with SHA-256'));
      return;
    }
    this.hasSigned = true;
    answer?.(null, this.#signer.sign(data));
  }
}

/** `signer` null: asks without any key, to see whether the server is there and is the pinned one. */
export async function login(probe: SshProbe, signer: Signer | null, timeoutMs: number): Promise<Login> {
  const client = new Client();
  try {
    return await new Promise((resolve) =>
      attempt(client, probe, signer && new SignerAgent(signer), timeoutMs, resolve),
    );
  } finally {
    client.destroy();
  }
}

function attempt(
  client: Client,
  { host, port, user, hostKey }: SshProbe,
  agent: SignerAgent | null,
  timeoutMs: number,
  end: (login: Login) => void,
): void {
  const [type = '', base64 = ''] = hostKey.split(' ');
  const pinned = Buffer.from(base64, 'base64');
  let isPinned = true;
  let attempts = 0;
  let offers: readonly string[] = [];
  const trouble = (why: NoInformation, detail: string) => end({ outcome: 'trouble', why, detail });

  client.on('ready', () => end({ outcome: 'accepted' }));
  client.on('close', () => trouble('network', 'the connection was closed'));
  client.on('error', ({ level = '', code }: Error & { level?: string; code?: string }) => {
    if (!isPinned) trouble('other-server', 'another host key than the pinned one');
    else if (level === 'client-authentication')
      end({ outcome: 'refused', wasKnown: agent?.hasSigned ?? false, offers });
    else trouble(WHY[level] ?? 'unexpected-answer', code ?? level);
  });
  client.connect({
    host,
    port,
    username: user,
    // For all of it, from connecting on.
    readyTimeout: timeoutMs,
    algorithms: { serverHostKey: hostKeyAlgorithms(type) },
    hostVerifier: (shown: Buffer) => {
      isPinned = shown.equals(pinned);
      return isPinned;
    },
    // The first attempt, without a key, is what makes the server say which ways there are.
    authHandler: (left, _isPartial, next) => {
      attempts += 1;
      if (attempts === 1) next({ type: 'none', username: user });
      else if (attempts === 2) {
        offers = left;
        next(agent ? { type: 'agent', username: user, agent } : NOTHING_MORE);
      } else next(NOTHING_MORE);
    },
  });
}

/** ssh2 takes `false` here, which its types do not know. */
const NOTHING_MORE = false as unknown as 'none';

/** Those of the pinned key alone, or the server would show another one of its keys. */
const hostKeyAlgorithms = (type: string): ServerHostKeyAlgorithm[] =>
  type === 'ssh-rsa' ? ['rsa-sha2-512', 'rsa-sha2-256'] : [type as ServerHostKeyAlgorithm];

const WHY: Readonly<Record<string, NoInformation>> = { 'client-socket': 'network', 'client-timeout': 'timeout' };
