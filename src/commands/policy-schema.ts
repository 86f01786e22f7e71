import { configurationJsonSchema } from '../configuration.ts';
import { policyJsonSchema } from '../core/policy-schema.ts';
import { EXIT, type ExitStatus } from '../exit.ts';
import { KINDS } from '../wire.ts';
import type { CommandIo } from './io.ts';

/** The JSON Schema that editors check policies, or keyturn.yaml, with. */
export async function policySchema({ config }: { config: boolean }, io: CommandIo): Promise<ExitStatus> {
  io.stdout.write(`${JSON.stringify(config ? configurationJsonSchema(KINDS) : policyJsonSchema(), null, 2)}\n`);
  return EXIT.OK;
}
