import { describe, expect, it } from 'vitest';
import { table, terminalOf } from '../src/terminal.ts';

interface Setting {
  stdin?: boolean;
  stdout?: boolean;
  stderr?: boolean;
  columns?: number;
  env?: NodeJS.ProcessEnv;
  noColor?: boolean;
  quiet?: boolean;
}

/** A terminal where nothing else is said, and what it was sent. */
function aTerminal({
  stdin = true,
  stdout = true,
  stderr = true,
  columns = 80,
  env = { TERM: 'xterm' },
  ...options
}: Setting = {}) {
  const sent = { stdout: '', stderr: '' };
  const stream = (name: keyof typeof sent, isTTY: boolean) => ({
    isTTY,
    columns,
    write(text: string) {
      sent[name] += text;
      return true;
    },
  });
  const terminal = terminalOf(
    { stdin: { isTTY: stdin }, stdout: stream('stdout', stdout), stderr: stream('stderr', stderr), env },
    options,
  );
  return { ...terminal, sent };
}

describe('colour', () => {
  const rows: Record<string, [Setting, boolean]> = {
    'on a terminal': [{}, true],
    'not in a pipe': [{ stdout: false }, false],
    'not with --no-color': [{ noColor: true }, false],
    'not with NO_COLOR': [{ env: { TERM: 'xterm', NO_COLOR: '1' } }, false],
    'an empty NO_COLOR says nothing': [{ env: { TERM: 'xterm', NO_COLOR: '' } }, true],
    'not on a dumb terminal': [{ env: { TERM: 'dumb' } }, false],
    'in a pipe with FORCE_COLOR': [{ stdout: false, env: { FORCE_COLOR: '1' } }, true],
    'FORCE_COLOR=0 forces nothing': [{ stdout: false, env: { FORCE_COLOR: '0' } }, false],
    'NO_COLOR wins over FORCE_COLOR': [{ env: { FORCE_COLOR: '1', NO_COLOR: '1' } }, false],
    '--no-color wins over FORCE_COLOR': [{ noColor: true, env: { FORCE_COLOR: '1' } }, false],
  };
  for (const [sentence, [setting, coloured]] of Object.entries(rows)) {
    it(sentence, () => expect(aTerminal(setting).paint.red('x') !== 'x').toBe(coloured));
  }
});

describe('prompts', () => {
  const rows: Record<string, [Setting, boolean]> = {
    'where standard input and standard error are a terminal': [{}, true],
    'also where results go into a pipe': [{ stdout: false }, true],
    'not where input is piped': [{ stdin: false }, false],
    'not where nobody sees the question': [{ stderr: false }, false],
    'not in a CI run': [{ env: { CI: 'true' } }, false],
  };
  for (const [sentence, [setting, interactive]] of Object.entries(rows)) {
    it(sentence, () => expect(aTerminal(setting).interactive).toBe(interactive));
  }
});

describe('progress', () => {
  it('stands on one row of standard error, is replaced, and erased', () => {
    const { sent, ...terminal } = aTerminal();
    terminal.progress('one');
    terminal.progress('two');
    terminal.progress(null);
    expect(sent).toEqual({ stdout: '', stderr: '\r\u001b[2Kone\r\u001b[2Ktwo\r\u001b[2K' });
  });

  it('erases nothing where nothing is shown', () => {
    const { sent, ...terminal } = aTerminal();
    terminal.progress(null);
    terminal.progress('one');
    terminal.progress(null);
    terminal.progress(null);
    expect(sent.stderr).toBe('\r\u001b[2Kone\r\u001b[2K');
  });

  it('is cut where the row ends', () => {
    const { sent, ...terminal } = aTerminal({ columns: 12 });
    terminal.progress('binance-main/spot');
    expect(sent.stderr).toBe('\r\u001b[2Kbinance-ma…');
  });

  it('takes a terminal without a size for one of 80 columns', () => {
    const { sent, ...terminal } = aTerminal({ columns: 0 });
    expect(terminal.width).toBe(80);
    terminal.progress('binance-main/spot');
    expect(sent.stderr).toBe('\r\u001b[2Kbinance-main/spot');
  });

  const silent: Record<string, Setting> = {
    'in a pipe': { stderr: false },
    'with --quiet': { quiet: true },
    'on a dumb terminal': { env: { TERM: 'dumb' } },
  };
  for (const [sentence, setting] of Object.entries(silent)) {
    it(`is silent ${sentence}`, () => {
      const { sent, ...terminal } = aTerminal(setting);
      terminal.progress('one');
      terminal.progress(null);
      expect(sent.stderr).toBe('');
    });
  }
});

describe('copy', () => {
  it('hands the text to the clipboard of the terminal by OSC 52', () => {
    const { sent, ...terminal } = aTerminal({ stdout: false });
    expect(terminal.copy('schlüssel')).toBe(true);
    expect(sent).toEqual({ stdout: '', stderr: `\u001b]52;c;${Buffer.from('schlüssel').toString('base64')}\u0007` });
  });

  it('says when there is no terminal, and writes nothing', () => {
    const { sent, ...terminal } = aTerminal({ stderr: false });
    expect(terminal.copy('x')).toBe(false);
    expect(sent.stderr).toBe('');
  });
});

describe('a table', () => {
  const { paint } = aTerminal({ noColor: true });
  const { paint: colours } = aTerminal();
  const inPipe = (...rows: string[][]) => table(rows, { width: null, paint });

  it('has aligned columns and no blanks at line ends', () =>
    expect(inPipe(['KEY', 'GEN', 'WHY'], ['a/long-name', '12', 'due'], ['b', '1', ''])).toBe(
      ['KEY          GEN  WHY', 'a/long-name  12   due', 'b            1', ''].join('\n'),
    ));

  it('is aligned by what a terminal draws: colours and combining marks take no room, East Asian letters and emoji two columns', () =>
    expect(
      table(
        [
          ['OWNER', 'X'],
          ['小野', '1'],
          ['🦊', '2'],
          ['Jose\u0301', '3'],
          [colours.red('desk'), '4'],
        ],
        { width: null, paint },
      ),
    ).toBe(['OWNER  X', '小野   1', '🦊     2', 'Jose\u0301   3', `${colours.red('desk')}   4`, ''].join('\n')));

  it('folds its last column on a terminal, under itself', () =>
    expect(
      table(
        [
          ['KEY', 'WHY'],
          ['a/b', 'the new key has to be registered by Tuesday'],
        ],
        { width: 36, paint },
      ),
    ).toBe(['KEY  WHY', 'a/b  the new key has to be', '     registered by Tuesday', ''].join('\n')));

  it('is never folded in a pipe', () => expect(inPipe(['WHY'], ['x '.repeat(200)]).split('\n')).toHaveLength(3));
});
