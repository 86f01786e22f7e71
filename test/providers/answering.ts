import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { nodeKeys } from '../../providers/keys.ts';
import type { Answer, Venue, VenueDependencies } from '../../src/ports/venue.ts';
import { serve } from './loopback.ts';

/** Venues whose every answer a test dictates. */

export const NOW = Date.parse('2026-11-24T12:00:00Z');

export const fixture = (name: string): string => readFileSync(new URL(`../fixtures/${name}`, import.meta.url), 'utf8');

export const fixtureJson = (name: string): Record<string, Record<string, unknown>> => JSON.parse(fixture(name));

export interface Reply {
  status?: number;
  /** Objects are sent as JSON. */
  body: string | object;
}

export interface Asked {
  method: string;
  path: string;
  query: string;
  headers: IncomingHttpHeaders;
  body: string;
}

/** Answers each path as told, and keeps what it was asked. */
export async function answering(replies: Record<string, Reply>) {
  const asked: Asked[] = [];
  const server = await serve(async (incoming, outgoing) => {
    const [path = '', query = ''] = (incoming.url ?? '').split('?');
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const { method = '', headers } = incoming;
    asked.push({ method, path, query, headers, body: Buffer.concat(chunks).toString('utf8') });
    const { status = 200, body } = replies[path] ?? { status: 404, body: '' };
    outgoing.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  return { ...server, asked };
}

export const dependencies = (changes: Partial<VenueDependencies> = {}): VenueDependencies => ({
  clock: { now: () => new Date(NOW) },
  keys: nodeKeys(),
  folder: '.',
  insideProxy: null,
  outsideProxy: null,
  ...changes,
});

export const meaningOf = ({ kind, why }: Answer): string => why ?? kind;

/** What one probe’s last answer meant. */
export const lastMeaning = async (venue: Venue, credential: Parameters<Venue['probe']>[0]): Promise<string> => {
  const { answers } = await venue.probe(credential);
  const last = answers.at(-1);
  if (last === undefined) throw new Error('nothing was asked');
  return meaningOf(last);
};
