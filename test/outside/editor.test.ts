import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith, program } from '../programs/index.ts';

/** The server that VS Code and other editors ask about YAML, with our schema, as policies/README.md says to name it. */

const POLICY = `# yaml-language-server: $schema=schema.json
apiVersion: keyturn/v1
account: desk
venue: binance
keys:
  - name: spot
    application: bot
    rotateEvry: 30d
    rotateEvery: 30d
    pur
`;

interface Message {
  id?: number;
  method?: string;
  params?: { uri?: string; items?: unknown[]; diagnostics?: { message: string; range: { start: { line: number } } }[] };
  result?: unknown;
}

/** The Language Server Protocol over standard input and output. */
class Server {
  readonly #child: ChildProcess;
  readonly #heard: Message[] = [];
  #unread = Buffer.alloc(0);
  #wake: () => void = () => undefined;
  #id = 0;

  constructor(path: string) {
    this.#child = spawn(process.execPath, [path, '--stdio'], { stdio: ['pipe', 'pipe', 'ignore'] });
    this.#child.stdout?.on('data', (chunk: Buffer) => this.#read(chunk));
  }

  async ask(method: string, params: object): Promise<unknown> {
    const id = ++this.#id;
    this.tell({ id, method, params });
    return (await this.hear((message) => message.id === id && message.method === undefined)).result;
  }

  tell(message: object): void {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message });
    this.#child.stdin?.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }

  /** The first message of that kind, now or later; the test's time limit ends the wait. */
  async hear(isMeant: (message: Message) => boolean): Promise<Message> {
    for (;;) {
      const found = this.#heard.find(isMeant);
      if (found) return found;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  close(): void {
    this.#child.kill();
  }

  #read(chunk: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, chunk]);
    for (;;) {
      const start = this.#unread.indexOf('\r\n\r\n') + 4;
      const [, length] = /Content-Length: (\d+)/.exec(this.#unread.toString('latin1', 0, start)) ?? [];
      if (start < 4 || length === undefined || this.#unread.length < start + Number(length)) return;
      const message = JSON.parse(this.#unread.toString('utf8', start, start + Number(length))) as Message;
      this.#unread = this.#unread.subarray(start + Number(length));
      // The server asks for the user's settings, and for leave to register what it can do.
      if (message.method !== undefined && message.id !== undefined)
        this.tell({ id: message.id, result: message.params?.items?.map(() => null) ?? null });
      else this.#heard.push(message);
      this.#wake();
    }
  }
}

describeWith(['node clients'], 'the YAML language server with our schema', () => {
  let folder: string;
  let server: Server;
  let uri: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'keyturn-editor-'));
    writeFileSync(join(folder, 'schema.json'), readFileSync('policies/schema.json'));
    writeFileSync(join(folder, 'desk.yaml'), POLICY);
    uri = pathToFileURL(join(folder, 'desk.yaml')).href;
    server = new Server(join(program('node clients'), 'yaml-language-server/bin/yaml-language-server'));
    const rootUri = pathToFileURL(folder).href;
    await server.ask('initialize', {
      processId: process.pid,
      rootUri,
      capabilities: { workspace: { configuration: true } },
    });
    server.tell({ method: 'initialized', params: {} });
    const textDocument = { uri, languageId: 'yaml', version: 1, text: POLICY };
    server.tell({ method: 'textDocument/didOpen', params: { textDocument } });
  });
  afterAll(() => {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it('underlines an unknown field', async () => {
    const { params } = await server.hear(
      ({ method, params }) => method === 'textDocument/publishDiagnostics' && (params?.diagnostics?.length ?? 0) > 0,
    );
    const unknown = params?.diagnostics?.filter(({ message }) => /rotateEvry is not allowed/.test(message));
    expect(unknown).toMatchObject([{ range: { start: { line: 7 } } }]);
  });

  it('completes a field and its values, and explains them', async () => {
    const complete = async (line: number, character: number) => {
      const answer = await server.ask('textDocument/completion', {
        textDocument: { uri },
        position: { line, character },
      });
      return (answer as { items: { label: string; documentation?: unknown }[] }).items;
    };
    const purpose = (await complete(9, 7)).find(({ label }) => label === 'purpose');
    expect(JSON.stringify(purpose?.documentation)).toContain('The one thing it is for');
    expect((await complete(1, 12)).map(({ label }) => label)).toContain('keyturn/v1');
  });
});
