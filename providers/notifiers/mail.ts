import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import * as z from 'zod/mini';
import { about } from '../../src/core/about.ts';
import { KeyturnError } from '../../src/errors.ts';
import type { Message, Notifier, NotifierDependencies } from '../../src/ports/notifier.ts';
import { readSecretReference, SecretReference } from '../../src/secret-reference.ts';

const Address = about(z.email({ error: 'must be a mail address' }), { examples: ['desk-a@example.com'] });

export const MailOptions = z.strictObject({
  host: about(z.string().check(z.minLength(1)), { description: 'The mail server', examples: ['smtp.example.com'] }),
  port: about(z.optional(z.int().check(z.minimum(1), z.maximum(65_535))), '465, or 587 with starttls'),
  encryption: about(
    z._default(z.enum(['tls', 'starttls']), 'tls'),
    'From the first byte, or asked for before anything is sent',
  ),
  ca: about(z.optional(z.string().check(z.minLength(1))), 'PEM of the authorities to trust instead of the usual ones'),
  user: about(z.optional(z.string().check(z.minLength(1))), 'Whom to log in as'),
  password: about(z.optional(SecretReference), 'What to log in with'),
  from: about(Address, 'The sender'),
  to: about(z.array(Address).check(z.minLength(1)), 'Who gets it'),
});
type MailOptions = z.infer<typeof MailOptions>;

const TIMEOUT_MS = 10_000;
/** For all of it: a server that says a little now and then never lets the others end. */
const DEADLINE_MS = 60_000;

/** Mail over SMTP, never unencrypted. Sent again it has the same Message-ID, by which mail systems know it. */
export const openMail = (options: MailOptions, { folder }: NotifierDependencies): Notifier => ({
  async deliver(message) {
    const transport = await transportTo(options, folder);
    try {
      const mail = { ...mailOf(options, message), signal: AbortSignal.timeout(DEADLINE_MS) };
      const { rejected } = await transport.sendMail(mail);
      if (rejected.length > 0) throw refusedFor(rejected.length, options.to.length);
    } catch (error) {
      throw failureOf(error);
    } finally {
      transport.close();
    }
  },
});

async function transportTo({ host, port, encryption, ca, user, password }: MailOptions, folder: string) {
  const { createTransport } = await import('nodemailer');
  const isTls = encryption === 'tls';
  const pass = password && (await readSecretReference(password, folder)).revealText().trim();
  return createTransport({
    host,
    port: port ?? (isTls ? 465 : 587),
    secure: isTls,
    requireTLS: true,
    ...(user && pass ? { auth: { user, pass } } : {}),
    tls: { rejectUnauthorized: true, ...(ca ? { ca: await authorities(folder, ca) } : {}) },
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
}

const authorities = (folder: string, ca: string): Promise<Buffer> =>
  readFile(resolve(folder, ca)).catch((cause: NodeJS.ErrnoException) => {
    throw new KeyturnError('invalid', `${ca} cannot be read (${cause.code})`, { hint: 'ca names a PEM file', cause });
  });

const mailOf = ({ from, to }: MailOptions, { id, title, lines }: Message) => ({
  from,
  to: [...to],
  subject: title,
  text: `${lines.join('\n\n')}\n`,
  messageId: `<${createHash('sha256').update(id).digest('hex').slice(0, 40)}@${from.split('@').at(-1)}>`,
  headers: { 'Auto-Submitted': 'auto-generated' },
});

const refusedFor = (some: number, all: number): KeyturnError =>
  new KeyturnError('refused', `the mail server refused ${some} of ${all} recipients; the others got the message`, {
    partial: true,
    hint: 'check to',
  });

/** The server’s own words may repeat what was sent; codes do not. */
function failureOf(error: unknown): KeyturnError {
  if (error instanceof KeyturnError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown failure';
  const status = error instanceof Error && 'responseCode' in error ? Number(error.responseCode) : null;
  const what = status === null ? code : `${code}, status ${status}`;
  return code === 'EAUTH' || (status !== null && status >= 500)
    ? new KeyturnError('refused', `the mail server refused the message (${what})`, {
        hint: 'check user, password, from and to',
      })
    : new KeyturnError('unavailable', `the mail server did not take the message on (${what})`, {
        ambiguous: true,
        hint: 'check host, port, encryption and ca, and that it can be reached from here',
      });
}
