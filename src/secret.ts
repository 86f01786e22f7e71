import { inspect } from 'node:util';

const REDACTED = '[redacted]';

/** Bytes that cannot print themselves: as string, JSON, template text or inspected they are `[redacted]`. */
export class Secret {
  readonly #bytes: Buffer;

  constructor(value: Buffer | string) {
    this.#bytes = typeof value === 'string' ? Buffer.from(value, 'utf8') : value;
  }

  /** The bytes themselves. Only steps and providers may open a secret. */
  reveal(): Buffer {
    return this.#bytes;
  }

  revealText(): string {
    return this.#bytes.toString('utf8');
  }

  equals(other: Secret): boolean {
    return this.#bytes.equals(other.#bytes);
  }

  toString(): string {
    return REDACTED;
  }

  toJSON(): string {
    return REDACTED;
  }

  [inspect.custom](): string {
    return REDACTED;
  }
}
