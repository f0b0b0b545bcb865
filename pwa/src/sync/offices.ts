import type { Core } from '../core/functions';
import { readMeta, writeMeta } from '../db/meta';
import type { Database } from '../db/open';
import type { LaterOffice, PreparedDay } from '../db/schema';
import { officeNode, type Office } from '../outbox/tiers';

/** Certificates that are kept: the office seldom gets a new key. */
const KEPT = 4;

/** Who signs for the office, by the certificates that are here. One that is new is asked about before it is passed over. */
export class Offices {
  private constructor(
    private readonly read: () => Promise<Office[]>,
    private readonly learn: (node: string) => Promise<void>,
    private known: readonly Office[],
  ) {}

  static async of(
    { db, core, learn }: { db: Database; core: Core; learn: (node: string) => Promise<void> },
    day: PreparedDay,
  ): Promise<Offices> {
    const read = (): Promise<Office[]> => knownOffices(db, core, day);
    return new Offices(read, learn, await read());
  }

  /** This tablet was given no certificate to compare with. */
  get unknown(): boolean {
    return this.known.length === 0;
  }

  /** The office's node of this name, if its certificate is here. */
  find(node: string | null): Office | null {
    return this.known.find((office) => office.node === node) ?? null;
  }

  /** The same, asked for when it is not here. Fails when nobody could be asked. */
  async signer(node: string): Promise<Office | null> {
    const found = this.find(node);
    if (found !== null || this.unknown) return found;
    await this.learn(node);
    this.known = await this.read();
    return this.find(node);
  }
}

async function knownOffices(db: Database, core: Core, day: PreparedDay): Promise<Office[]> {
  const later = (await readMeta(db, 'offices')) ?? [];
  const first = await officeNode(core, day);
  const read = await Promise.all(later.map((office) => officeNode(core, day, office)));
  return [first, ...read].filter((office) => office !== null);
}

/** Keeps a certificate of the office that was just believed. */
export async function keepOffice(db: Database, { certificate, roots }: LaterOffice): Promise<void> {
  const day = await readMeta(db, 'prepared');
  const kept = (await readMeta(db, 'offices')) ?? [];
  const isKept = kept.some((office) => office.certificate === certificate);
  if (day?.certificate === certificate || isKept) return;
  await writeMeta(db, 'offices', [...kept, { certificate, roots }].slice(-KEPT));
}
