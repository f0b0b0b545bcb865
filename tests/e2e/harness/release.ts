// A second release of the app, without building it twice: between browser and office, the page and the worker of the
// officers' door become other ones when the release is out.

import { once } from 'node:events';
import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const PAGE = '/petugas/index.html';
const MARK = '<meta name="mpp-release" content="2">';

export class Releases {
  readonly #server: Server;
  readonly #office: number;
  #second = false;

  private constructor(office: number) {
    this.#office = office;
    this.#server = createServer((asked, answer) => {
      this.#pass(asked, answer);
    });
  }

  /** Stands before the office's port. */
  static async open(office: number): Promise<Releases> {
    const releases = new Releases(office);
    releases.#server.listen(0, '127.0.0.1');
    await once(releases.#server, 'listening');
    return releases;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** From now on browsers find the second release. */
  publish(): void {
    this.#second = true;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #pass(asked: IncomingMessage, answer: ServerResponse): void {
    const path = asked.url ?? '/';
    const isPage = path.startsWith('/petugas') && !path.startsWith('/petugas/sw.js') && !path.includes('manifest');
    const changed = this.#second && (isPage || path.startsWith('/petugas/sw.js'));
    const headers = { ...asked.headers, ...(changed ? { 'accept-encoding': 'identity' } : {}) };
    if (changed) delete headers['if-none-match'];
    const onward = request(
      { host: '127.0.0.1', port: this.#office, method: asked.method, path, headers },
      (answered) => {
        if (changed) void change(answered, answer, isPage);
        else {
          answer.writeHead(answered.statusCode ?? 502, answered.headers);
          answered.pipe(answer);
        }
      },
    );
    // A link that broke: the other side ends with it.
    onward.on('error', () => answer.destroy());
    answer.on('close', () => onward.destroy());
    asked.pipe(onward);
  }
}

async function change(answered: IncomingMessage, answer: ServerResponse, isPage: boolean): Promise<void> {
  let text = '';
  for await (const part of answered.setEncoding('utf8')) text += String(part);
  const other = isPage
    ? text.replace('</head>', `${MARK}</head>`)
    : text.replace(new RegExp(`"revision":"[^"]*"(,"url":"${PAGE}")`), '"revision":"second release"$1');
  const { 'content-length': _length, etag: _etag, ...headers } = answered.headers;
  answer.writeHead(answered.statusCode ?? 502, headers);
  answer.end(other);
}
