import type { Answer, Conditions, Credential } from '../../../src/ports/venue.ts';
import type { HttpClient } from '../../http.ts';

/** One way of asking a service about a key. */
export interface Looking {
  conditions(): Promise<Conditions>;
  /** `http`: another way out than the usual one. `body`: what a key that works was answered, where there was any. */
  look(credential: Credential, http?: HttpClient): Promise<{ answer: Answer; body: string | null }>;
}
