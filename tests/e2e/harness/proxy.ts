// The network of one tablet: a TCP port that leads to the office and can be cut, like a cable.

import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';

export class NetworkPath {
  #listener: Server | undefined;
  #sockets = new Set<Socket>();
  #office: number;
  /** The port that the tablet knows the office by. It stays the same over cuts. */
  readonly port: number;

  private constructor(office: number, port: number) {
    this.#office = office;
    this.port = port;
  }

  /** Opens a path to the port where the office listens. */
  static async open(office: number): Promise<NetworkPath> {
    const path = new NetworkPath(office, await freePort());
    await path.restore();
    return path;
  }

  /** What a tablet types into the address bar. */
  get origin(): string {
    return `http://localhost:${String(this.port)}`;
  }

  /** Leads to another port from now on, as when a tablet leaves the van's Wi-Fi for the office's. */
  async leadTo(port: number): Promise<void> {
    await this.cut();
    this.#office = port;
    await this.restore();
  }

  /** Cuts the cable: what is on its way is lost, and new connections are refused. */
  async cut(): Promise<void> {
    const listener = this.#listener;
    if (listener === undefined) return;
    this.#listener = undefined;
    const closed = once(listener, 'close');
    listener.close();
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }

  /** Plugs the cable in again. */
  async restore(): Promise<void> {
    if (this.#listener !== undefined) return;
    const listener = createServer((tablet) => {
      this.#carry(tablet);
    });
    this.#listener = listener;
    listener.listen(this.port, '127.0.0.1');
    await once(listener, 'listening');
  }

  #carry(tablet: Socket): void {
    const office = connect(this.#office, '127.0.0.1');
    for (const [socket, other] of [
      [tablet, office],
      [office, tablet],
    ] as const) {
      this.#sockets.add(socket);
      socket.pipe(other);
      // A broken connection is what this class is for; the browser reports what it means.
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
  }
}

/** A port that nobody uses at this moment. */
export async function freePort(): Promise<number> {
  const probe = createServer();
  probe.listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
