import type { Command } from 'commander';
import { type Act, at, by, output, rehearsal, wholeNumber } from './options.ts';

type PlanOutput = Pick<import('../commands/plan.ts').PlanOptions, 'output'>;

/** Looking at keys, acting on them, and handing in what people did. */
export function keyCommands(program: Command, act: Act): void {
  const plan = program
    .command('plan')
    .description('what would happen now, and why; writes nothing anywhere')
    .helpCommand(false)
    .addOption(output('text', 'json', 'markdown', 'ics'))
    .addOption(at('what would happen at that time'))
    .option('--horizon <duration>', 'the calendar of what is coming instead, for example 90d')
    .option('--suggest', 'propose days that spread what is crowded or falls on week-ends; writes nothing')
    .option('--out <file>', 'save the plan, for keyturn apply FILE')
    .option('--detailed-exitcode', 'exit with 2 when there is something to do')
    .action((options: PlanOutput) =>
      act(async (io, common) => (await import('../commands/plan.ts')).plan({ ...common, ...options }, io)),
    );

  plan
    .command('show')
    .description('what a saved plan would do')
    .argument('<file>', 'a plan that --out saved')
    .addOption(output('text', 'json', 'markdown'))
    // commander hands -o to the first command that knows it, which is plan.
    .action((file: string, _own: object, show: Command) =>
      act(async (io) =>
        (await import('../commands/plan-show.ts')).planShow({ ...show.optsWithGlobals<PlanOutput>(), file }, io),
      ),
    );

  program
    .command('apply')
    .description('do it: one pass over every key')
    .argument('[file]', 'a saved plan, carried out exactly')
    .addOption(output('text', 'json'))
    .option('--yes', 'do not ask first')
    .option('--require-approved', 'only a plan that somebody in the allowed signers has signed')
    .option('--allowed-signers <file>', 'who may approve (default: allowed_signers beside keyturn.yaml)')
    .option('--signature <file>', 'the signature (default: FILE.sig)')
    .option('--shard <i/n>', 'only part I of N of the keys, counted from 0')
    .option('--metrics-file <file>', 'write metrics of this pass there, for node_exporter’s textfile collector')
    .addOption(rehearsal())
    .action((file: string | undefined, options: { output: 'text' | 'json' }) =>
      act(async (io, common) => (await import('../commands/apply.ts')).apply({ ...common, ...options, file }, io)),
    );

  program
    .command('serve')
    .description('the daemon: the same pass on a schedule, with health and metrics')
    .addOption(rehearsal())
    .action((options: object) =>
      act(async (io, common) => (await import('../commands/serve.ts')).serve({ ...common, ...options }, io), {
        logLevel: 'info',
      }),
    );

  program
    .command('tasks')
    .description('what people must do')
    .addOption(output('text', 'json'))
    .addOption(at('as of that time'))
    .action((options: { output: 'text' | 'json' }) =>
      act(async (io, common) => (await import('../commands/tasks.ts')).tasks({ ...common, ...options }, io)),
    );

  program
    .command('task')
    .description('one key’s card: everything a person needs')
    .argument('<key>', 'account/name')
    .addOption(output('text', 'json'))
    .option('--copy', 'put the public key on the clipboard of the terminal (OSC 52)')
    .addOption(at('as of that time'))
    .action((key: string, options: { output: 'text' | 'json' }) =>
      act(async (io, common) => (await import('../commands/tasks.ts')).task({ ...common, ...options, key }, io)),
    );

  program
    .command('register')
    .description('hand in the key id the venue gave for a registered public key')
    .argument('<key>', 'account/name')
    .argument('[id]', 'the key id; asked for on a terminal')
    .option('--key-id <id>', 'the same as an option; - reads it from standard input')
    .option('--generation <n>', 'another generation than the next', wholeNumber)
    .addOption(by())
    .addOption(rehearsal())
    .action((key: string, id: string | undefined, options: { keyId?: string }) =>
      act(async (io, common) =>
        (await import('../commands/register.ts')).register({ ...common, ...options, key, id }, io),
      ),
    );

  program
    .command('rotate')
    .description('ask for a rotation before it is due')
    .argument('<key>', 'account/name')
    .option('--reason <text>', 'why; auditors will read it')
    .option('--compromised', 'the private half leaked: delete it first, replace it at once')
    .option('--generation <n...>', 'what leaked (default: current)', (text: string, before?: number[]) => [
      ...(before ?? []),
      wholeNumber(text),
    ])
    .addOption(by())
    .addOption(rehearsal())
    .action((key: string, options: object) =>
      act(async (io, common) => (await import('../commands/rotate.ts')).rotate({ ...common, ...options, key }, io)),
    );

  const stating = (name: 'rollback' | 'attest', description: string) =>
    program
      .command(name)
      .description(description)
      .argument('<key>', 'account/name')
      .option('--reason <text>', 'why; auditors will read it')
      .addOption(by())
      .addOption(rehearsal())
      .action((key: string, options: object) =>
        act(async (io, common) =>
          (await import('../commands/statements.ts'))[name]({ ...common, ...options, key }, io),
        ),
      );
  stating('rollback', 'move consumers back to the previous generation while the overlap lasts');
  stating('attest', 'state that a key is deleted where keyturn cannot prove it');

  program
    .command('status')
    .description('where every key stands, worst first')
    .argument('[key]', 'account/name')
    .addOption(output('text', 'json'))
    .option('--check', 'exit with 3 when anything is overdue')
    .addOption(at('as of that time'))
    .action((key: string | undefined, options: { output: 'text' | 'json' }) =>
      act(async (io, common) => (await import('../commands/status.ts')).status({ ...common, ...options, key }, io)),
    );

  program
    .command('verify')
    .description('probe now and print verdicts with controls')
    .argument('[key]', 'account/name')
    .addOption(output('text', 'json'))
    .addOption(rehearsal())
    .action((key: string | undefined, options: { output: 'text' | 'json' }) =>
      act(async (io, common) => (await import('../commands/verify.ts')).verify({ ...common, ...options, key }, io)),
    );

  program
    .command('doctor')
    .description('look for what somebody should know: configuration, rights, clocks, half-done states')
    .argument('[key]', 'account/name')
    .addOption(output('text', 'json'))
    .option('--fix', 'take the safe next step for that key')
    .option('--offline', 'ask no venue')
    .addOption(by())
    .addOption(rehearsal())
    .action((key: string | undefined, options: { output: 'text' | 'json' }) =>
      act(async (io, common) => (await import('../commands/doctor.ts')).doctor({ ...common, ...options, key }, io)),
    );

  program
    .command('adopt')
    .description('take on a key that people made, or the keys of an account that the venue lists')
    .argument('<key>', 'account/name, or an account')
    .argument('[id]', 'the key id at the venue')
    .option('--key-id <id>', 'the same as an option; - reads it from standard input')
    .option('--private-key <file>', 'PEM of its private half; without it proofs say what they cannot show')
    .option('--passphrase-file <file>', 'what opens that file')
    .option('--from <key>', 'a key that left its policy: go on with its record and material')
    .addOption(by())
    .addOption(rehearsal())
    .action((key: string, id: string | undefined, options: object) =>
      act(async (io, common) => (await import('../commands/adopt.ts')).adopt({ ...common, ...options, key, id }, io)),
    );

  program
    .command('audit')
    .description(
      'compare live keys with policy: permissions, allowlist, age, keys nobody owns; exits with 3 on findings',
    )
    .argument('[key]', 'account/name')
    .addOption(output('text', 'json'))
    .addOption(rehearsal())
    .action((key: string | undefined, options: { output: 'text' | 'json' }) =>
      act(async (io, common) => (await import('../commands/audit.ts')).audit({ ...common, ...options, key }, io)),
    );

  program
    .command('evidence')
    .description('what was observed of a key, for auditors; verifies the chain')
    .argument('<key>', 'account/name')
    .addOption(output('text', 'json', 'markdown'))
    .option('--signing-key <file>', 'an Ed25519 private key in PEM that signs the head of the chain')
    .action((key: string, options: Pick<import('../commands/evidence.ts').EvidenceOptions, 'output' | 'signingKey'>) =>
      act(async (io, common) => (await import('../commands/evidence.ts')).evidence({ ...common, ...options, key }, io)),
    );

  program
    .command('notify')
    .description('what people and applications are told')
    .helpCommand(false)
    .command('test')
    .description('send a test message through a notifier')
    .argument('[name]', 'its name in keyturn.yaml (default: all of them)')
    .action((name: string | undefined) =>
      act(async (io, common) => (await import('../commands/notify.ts')).notifyTest({ ...common, name }, io)),
    );
}
