import { Command, CommanderError, Option } from 'commander';
import { keyCommands } from './cli/key-commands.ts';
import type { Act } from './cli/options.ts';
import { policyCommands } from './cli/policy-commands.ts';
import { toolCommands } from './cli/tool-commands.ts';
import { isKeyturnError } from './errors.ts';
import { EXIT, type ExitStatus, exitStatusOf } from './exit.ts';
import { LOG_LEVELS, type LogLevel } from './log-levels.ts';
import { VERSION } from './version.ts';
import type { Ports } from './wire.ts';

/** argv in, exit status out. The commands stand in `cli`. */

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

/** What was typed is repeated while it is short: a private key that somebody pasted as an argument must not reach a log. */
const abridged = (text: string): string => text.replace(/'[^']*PRIVATE KEY[^']*'|'[^']{65,}'/g, "'…'");

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
    .helpCommand('help [command]', 'the same')
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => process.stdout.write(text),
      writeErr: (text) => process.stderr.write(abridged(text.replace(/^error: /, 'keyturn: error: '))),
    });

  const act: Act = async (body, defaults = {}) => {
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
  policyCommands(program, act);
  keyCommands(program, act);
  toolCommands(program, act);
  return program;
}
