import type { VenueDependencies } from '../../src/ports/venue.ts';
import { createHttpClient, type HttpClient } from '../http.ts';

/** The way to a venue: straight, or through a proxy. */
export const httpVia = (proxy: string | null, { clock, timeoutMs = 10_000 }: VenueDependencies): HttpClient =>
  createHttpClient({ now: () => clock.now(), proxy, timeoutMs });
