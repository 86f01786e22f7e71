import { Argument, Command, CommanderError, InvalidArgumentError, Option } from 'commander';
import type { Shell } from './commands/completion.ts';
import type { CommandIo } from './commands/io.ts';
import { ALGORITHMS } from './core/policy.ts';
import { isKeyturnError } from './errors.ts';
import { EXIT, type ExitStatus, exitStatusOf } from './exit.ts';
import { LOG_LEVELS, type LogLevel } from './log-levels.ts';
import { VERSION } from './version.ts';
import type { Ports } from './wire.ts';
import type { WorkspaceOptions } from './workspace.ts';

/** argv in, exit status out. Commands are loaded when they are called, so that help costs next to nothing. */

type Process = Pick<NodeJS.Process, 'argv' | 'env' | 'on' | 'once' | 'off'> & {
  stdin: NodeJS.ReadStream;
  stdout: NodeJS.WriteStream;
  stderr: NodeJS.WriteStream;
};

export async function run(process: Process): Promise<ExitStatus> {
  let status: ExitStatus = EXIT.OK;
  const program = programOf(process, (ended) => {
    status = ended;
  });
  try {
    await program.parseAsync(outputBehindCommand(process.argv, program));
    return status;
  } catch (error) {
    return report(error, program.opts<GlobalOptions>(), process);
  }
}

interface GlobalOptions {
  config?: string;
  policies: string;
  color: boolean;
  logLevel?: LogLevel;
  quiet?: boolean;
}

type PlanOutput = Pick<import('./commands/plan.ts').PlanOptions, 'output'>;

/** `keyturn -o json plan` is `keyturn plan -o json`: every command has formats of its own, so commander knows it only there. */
function outputBehindCommand(argv: readonly string[], { commands }: Command): readonly string[] {
  const command = argv.findIndex((word, index) => index >= 2 && commands.some((each) => each.name() === word));
  const at = argv.findIndex((word) => /^(-o.*|--output|--output=.*)$/.test(word));
  if (at === -1 || at > command) return argv;
  const length = argv[at] === '-o' || argv[at] === '--output' ? 2 : 1;
  const rest = argv.toSpliced(at, length);
  const end = rest.includes('--') ? rest.indexOf('--') : rest.length;
  return rest.toSpliced(end, 0, ...argv.slice(at, at + length));
}

function report(error: unknown, { logLevel }: Partial<GlobalOptions>, { stderr }: Process): ExitStatus {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.OK : EXIT.USAGE;
  if (isKeyturnError(error)) {
    stderr.write(`keyturn: error: ${error.message}\n${error.hint ? `keyturn: hint: ${error.hint}\n` : ''}`);
    return exitStatusOf(error.code);
  }
  const details =
    error instanceof Error
      ? logLevel === 'debug' || logLevel === 'trace'
        ? error.stack
        : error.message
      : typeof error;
  stderr.write(`keyturn: this is a bug in keyturn, please report it: ${details}\n`);
  return EXIT.BUG;
}

/** Also read by shell completion, which knows commands and options from here. */
function programOf(process: Process, end: (status: ExitStatus) => void): Command {
  const program = new Command('keyturn')
    .description('turns API keys over on schedule and proves that the old ones are dead')
    .version(VERSION, '--version', 'print the version')
    .option('--config <file>', 'configuration (default: keyturn.yaml where there is one)')
    .option('--policies <path>', 'policy file or folder', 'policies')
    .option('--no-color', 'no colours')
    .addOption(
      new Option(
        '--log-level <level>',
        'how much is logged on standard error (default: info in a pipe, warn on a terminal)',
      ).choices(LOG_LEVELS),
    )
    .option('--quiet', 'no progress')
    .helpOption('-h, --help', 'what a command does and takes')
    .helpCommand(false)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => process.stdout.write(text),
      writeErr: (text) => process.stderr.write(text.replace(/^error: /, 'keyturn: error: ')),
    });

  /** Runs a command with what it may touch of the process. */
  const act = async (
    body: (io: CommandIo, common: WorkspaceOptions) => Promise<ExitStatus>,
    defaults: { logLevel?: LogLevel } = {},
  ): Promise<void> => {
    const options = program.opts<GlobalOptions>();
    const { ioOf } = await import('./process-io.ts');
    const held = ioOf(process, {
      noColor: !options.color,
      quiet: options.quiet ?? false,
      logLevel: options.logLevel ?? defaults.logLevel,
    });
    const wired: Ports[] = [];
    const onWired = (ports: Ports) => wired.push(ports);
    try {
      end(await body(held.io, { config: options.config, policies: options.policies, onWired }));
    } finally {
      // However the command ends, by SIGTERM too: a login is given back.
      await Promise.all(wired.map((ports) => ports.close()));
      held.close();
    }
  };
  const output = (...formats: string[]) =>
    new Option('-o, --output <format>', 'output format').choices(formats).default('text');
  const at = (what: string) => new Option('--at <time>', what);
  const rehearsal = () => at('act as if it were that time; for a directory store with a venue on this machine');
  const by = () => new Option('--by <name>', 'who does this, for the evidence (default: user@host)');

  program
    .command('init')
    .description('write a first policy, keyturn.yaml, and the identities of the embedded store')
    .option('--account <name>', 'account of the first policy', 'trading')
    .option('--venue <name>', 'its venue', 'sandbox')
    .action((options: { account: string; venue: string }) =>
      act(async (io) => (await import('./commands/init.ts')).init(options, io)),
    );

  const policy = program
    .command('policy')
    .description('check policies; print their schema, and the rights a store needs')
    .helpCommand(false);
  policy
    .command('check')
    .description('schema and rules: every problem at once')
    .argument('[paths...]', 'policy files or folders (default: --policies)')
    .addOption(output('text', 'json', 'sarif', 'junit', 'github'))
    .option('--rule <id...>', 'only what these rules say; syntax and schema always count')
    .addOption(new Option('--severity <level>', 'list only errors, or warnings too').choices(['error', 'warning']))
    .option('--max-warnings <n>', 'exit with 1 when there are more warnings', wholeNumber)
    .action((paths: string[], options: Pick<import('./commands/policy-check.ts').PolicyCheckOptions, 'output'>) =>
      act(async (io, common) =>
        (await import('./commands/policy-check.ts')).policyCheck({ ...common, ...options, paths }, io),
      ),
    );
  policy
    .command('diff')
    .description('what a change of policies means: tightened or relaxed, which keys fall due, which dates move')
    .argument('<base>', 'git revision or folder')
    .argument('<head>', 'git revision or folder')
    .addOption(output('text', 'markdown', 'json'))
    .option('--detailed-exitcode', 'exit with 2 when anything is relaxed')
    .addOption(at('what it would mean at that time'))
    .action((base: string, head: string, options: { output: 'text' | 'markdown' | 'json' }) =>
      act(async (io, common) =>
        (await import('./commands/policy-diff.ts')).comparePolicies({ ...common, ...options, base, head }, io),
      ),
    );
  policy
    .command('test')
    .description('run tests of rules (*.test.yaml)')
    .argument('[paths...]', 'test files or folders (default: --policies)')
    .addOption(output('text', 'json'))
    .action((paths: string[], options: { output: 'text' | 'json' }) =>
      act(async (io, common) =>
        (await import('./commands/policy-test.ts')).policyTest({ ...common, ...options, paths }, io),
      ),
    );
  policy
    .command('schema')
    .description('print the JSON Schema of policies')
    .option('--configuration', 'that of keyturn.yaml instead', false)
    .action(({ configuration }: { configuration: boolean }) =>
      act(async (io) => (await import('./commands/policy-schema.ts')).policySchema({ config: configuration }, io)),
    );
  policy
    .command('vault')
    .description('print the least rights a Vault or OpenBao login needs, as a policy in HCL')
    .addOption(
      new Option('--role <role>', 'worker acts, planner only looks, consumer reads current keys')
        .choices(['worker', 'planner', 'consumer', 'passphrase-consumer'])
        .default('worker'),
    )
    .option('--store <name>', 'which store, where there are several of kind vault')
    .option('--key <key>', 'for consumers of this one key: account/name')
    .action((options: import('./commands/policy-vault.ts').PolicyVaultOptions) =>
      act(async (io, common) =>
        (await import('./commands/policy-vault.ts')).policyVault({ ...common, ...options }, io),
      ),
    );

  policy
    .command('iam')
    .description('print the least-privilege IAM policy for the configured AWS Secrets Manager')
    .addOption(
      new Option('--role <role>', 'who it is for')
        .choices(['worker', 'planner', 'consumer', 'passphrase-consumer'])
        .default('worker'),
    )
    .option('--store <name>', 'which store, where several are in AWS')
    .option('--account-id <id>', 'twelve digits (default: any account)', '*')
    .option('--key <key>', 'account/name: that key only (default: all)')
    .action((options: Omit<import('./commands/policy-iam.ts').PolicyIamOptions, 'config'>) =>
      act(async (io, common) => (await import('./commands/policy-iam.ts')).policyIam({ ...common, ...options }, io)),
    );

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
      act(async (io, common) => (await import('./commands/plan.ts')).plan({ ...common, ...options }, io)),
    );

  plan
    .command('show')
    .description('what a saved plan would do')
    .argument('<file>', 'a plan that --out saved')
    .addOption(output('text', 'json', 'markdown'))
    // commander hands -o to the first command that knows it, which is plan.
    .action((file: string, _own: object, show: Command) =>
      act(async (io) =>
        (await import('./commands/plan-show.ts')).planShow({ ...show.optsWithGlobals<PlanOutput>(), file }, io),
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
      act(async (io, common) => (await import('./commands/apply.ts')).apply({ ...common, ...options, file }, io)),
    );

  program
    .command('serve')
    .description('the daemon: the same pass on a schedule, with health and metrics')
    .addOption(rehearsal())
    .action((options: object) =>
      act(async (io, common) => (await import('./commands/serve.ts')).serve({ ...common, ...options }, io), {
        logLevel: 'info',
      }),
    );

  program
    .command('tasks')
    .description('what people must do')
    .addOption(output('text', 'json'))
    .addOption(at('as of that time'))
    .action((options: { output: 'text' | 'json' }) =>
      act(async (io, common) => (await import('./commands/tasks.ts')).tasks({ ...common, ...options }, io)),
    );

  program
    .command('task')
    .description('one key’s card: everything a person needs')
    .argument('<key>', 'account/name')
    .addOption(output('text', 'json'))
    .option('--copy', 'put the public key on the clipboard of the terminal (OSC 52)')
    .addOption(at('as of that time'))
    .action((key: string, options: { output: 'text' | 'json' }) =>
      act(async (io, common) => (await import('./commands/tasks.ts')).task({ ...common, ...options, key }, io)),
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
        (await import('./commands/register.ts')).register({ ...common, ...options, key, id }, io),
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
      act(async (io, common) => (await import('./commands/rotate.ts')).rotate({ ...common, ...options, key }, io)),
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
        act(async (io, common) => (await import('./commands/statements.ts'))[name]({ ...common, ...options, key }, io)),
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
      act(async (io, common) => (await import('./commands/status.ts')).status({ ...common, ...options, key }, io)),
    );

  program
    .command('verify')
    .description('probe now and print verdicts with controls')
    .argument('[key]', 'account/name')
    .addOption(output('text', 'json'))
    .addOption(rehearsal())
    .action((key: string | undefined, options: { output: 'text' | 'json' }) =>
      act(async (io, common) => (await import('./commands/verify.ts')).verify({ ...common, ...options, key }, io)),
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
      act(async (io, common) => (await import('./commands/doctor.ts')).doctor({ ...common, ...options, key }, io)),
    );

  program
    .command('adopt')
    .description('take on a key that people made, or the keys of an account that the venue lists')
    .argument('<key>', 'account/name, or an account')
    .argument('[id]', 'the key id at the venue')
    .option('--key-id <id>', 'the same as an option; - reads it from standard input')
    .option('--private-key <file>', 'PEM of its private half; without it proofs say what they cannot show')
    .option('--passphrase-file <file>', 'what opens that file')
    .addOption(by())
    .addOption(rehearsal())
    .action((key: string, id: string | undefined, options: object) =>
      act(async (io, common) => (await import('./commands/adopt.ts')).adopt({ ...common, ...options, key, id }, io)),
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
      act(async (io, common) => (await import('./commands/audit.ts')).audit({ ...common, ...options, key }, io)),
    );

  program
    .command('evidence')
    .description('what was observed of a key, for auditors; verifies the chain')
    .argument('<key>', 'account/name')
    .addOption(output('text', 'json', 'markdown'))
    .option('--signing-key <file>', 'an Ed25519 private key in PEM that signs the head of the chain')
    .action((key: string, options: Pick<import('./commands/evidence.ts').EvidenceOptions, 'output' | 'signingKey'>) =>
      act(async (io, common) => (await import('./commands/evidence.ts')).evidence({ ...common, ...options, key }, io)),
    );

  program
    .command('notify')
    .description('what people and applications are told')
    .helpCommand(false)
    .command('test')
    .description('send a test message through a notifier')
    .argument('[name]', 'its name in keyturn.yaml (default: all of them)')
    .action((name: string | undefined) =>
      act(async (io, common) => (await import('./commands/notify.ts')).notifyTest({ ...common, name }, io)),
    );

  program
    .command('sandbox')
    .description('the exchange simulator, for trying things out')
    .option('--port <n>', 'port; 0 takes a free one', wholeNumber, 8787)
    .option('--host <address>', 'address to listen on', '127.0.0.1')
    .option('--state <file>', 'where it keeps its keys', '.keyturn/sandbox.json')
    .addOption(at('start its clock there'))
    .action((options: { port: number; host: string; state: string }) =>
      act(async (io) => (await import('./commands/sandbox.ts')).sandbox(options, io)),
    );

  program
    .command('demo')
    .description('a whole rotation in seconds, explained')
    .action(() => act(async (io) => (await import('./commands/demo.ts')).demo(io)));

  program
    .command('keygen')
    .description('one key pair into files, as exchanges’ own generators do')
    .addOption(new Option('--type <type>', 'kind and size of the key').choices(ALGORITHMS).default('rsa-2048'))
    .option('--out <name>', 'writes NAME.pem and NAME.pub.pem (default: keyturn-key)')
    .addOption(new Option('--stdout', 'the private key to standard output, no files').conflicts(['out', 'output']))
    .addOption(
      new Option(
        '--passphrase-file <file>',
        'a file only you may read; its one line encrypts the private key',
      ).conflicts(['passphraseStdin', 'passphrase']),
    )
    .addOption(new Option('--passphrase-stdin', 'the first line of standard input').conflicts('passphrase'))
    .option('--no-passphrase', 'do not encrypt the private key')
    .option('--copy', 'put the public key on the clipboard of the terminal (OSC 52)')
    .addOption(output('text', 'json'))
    .action((options: import('./commands/keygen.ts').KeygenOptions) =>
      act(async (io) => (await import('./commands/keygen.ts')).keygen(options, io)),
    );

  program
    .command('completion')
    .description('a completion script for your shell')
    .addArgument(new Argument('<shell>', 'which shell').choices(['bash', 'zsh', 'fish'] satisfies Shell[]))
    .action((shell: Shell) => act(async (io) => (await import('./commands/completion.ts')).completion(shell, io)));

  // What those scripts call with the words up to the cursor.
  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .action((words: string[]) =>
      act(async (io, common) => (await import('./commands/completion.ts')).complete(words, program, common, io)),
    );

  return program;
}

function wholeNumber(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('write a whole number.');
}
