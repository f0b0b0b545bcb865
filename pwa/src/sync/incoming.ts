import type { Bytes } from '../core/bytes';
import type { Held, Hello, SyncRecord, Welcome } from '../core/exchange';
import { erasedDocuments } from '../db/erased';
import { enterLog } from '../db/listed';
import { readMeta, writeMeta } from '../db/meta';
import { countUnconfirmed } from '../db/outbox';
import { commitPulled, PullRaced } from '../db/pulled';
import { replaceNotices, writeNotice } from '../db/records';
import type { StoredNotice } from '../db/schema';
import { allSessions, markForked } from '../db/sessions';
import { applyReceived } from '../doc/apply';
import { takeHolds } from '../outbox/confirm';
import { noteHolder, takeReceipt, type Office } from '../outbox/tiers';
import type { Heard } from './comparison';
import type { Exchanging, Outcome } from './exchange';
import type { Offices } from './offices';
import { takePage, type NamedChain } from './page';
import { signerOf, takeTombstone } from './tombstone';

type Of<T extends SyncRecord['type']> = SyncRecord & { type: T };

/** What was asked. */
interface Asked {
  /** Every chain was named. */
  allNamed: boolean;
  /** Every chain of which a receipt could say more was named. */
  marksAsked: boolean;
  offices: Offices;
}

/** What was sent of a document that the office has erased. */
const ERASED = 'erased';

/** Takes the records of one response, in order. */
export class Incoming {
  ended = false;
  readonly outcome: Omit<Outcome, 'sent'> = {
    more: false,
    received: 0,
    newLog: false,
    marksMoved: false,
    forked: [],
    refused: [],
    named: [],
    advanced: [],
  };
  private log: string | null;
  private node: Welcome | null = null;
  /** The hello's chains, in its order. */
  private chains: NamedChain[];
  /** False when the van's hub answers. */
  private atOffice = true;
  /** A page was not taken: what comes behind it in this answer is not either. */
  private stopped = false;
  private readonly notices: Omit<StoredNotice, 'key'>[] = [];
  private readonly steps: Heard['steps'] = [];
  private readonly wanted: string[] = [];
  private digest: Heard['digest'] = null;
  /** Scopes of the page before the digest; null when none came. */
  private spokenFor: string[] | null = null;

  constructor(
    private readonly use: Exchanging,
    private readonly hello: Hello,
    private readonly asked: Asked,
  ) {
    this.log = hello.pull?.log ?? null;
    this.chains = hello.chains.map(({ session }) => ({ session, held: 0, forked: false }));
    this.outcome.named = hello.chains.map(({ session }) => session);
  }

  async take(record: SyncRecord): Promise<void> {
    switch (record.type) {
      case 'welcome':
        return this.welcome(record);
      case 'holds':
        return this.holds(record.chains);
      case 'receipt':
        return takeReceipt(this.use.db, this.use.core, await this.officeOf(record.node), record);
      case 'refused':
        this.outcome.refused.push({ session: record.session, code: record.code });
        return;
      case 'tombstone':
        return this.tombstone(record.bytes);
      case 'notice': {
        const { document, hash, code } = record;
        // The tombstone comes behind it and says the same; nobody has to look at it.
        if (code === ERASED) return;
        if (code !== '') this.notices.push({ document, hash, code });
        return writeNotice(this.use.db, { document, hash, code });
      }
      case 'changes':
        return this.changes(record);
      case 'repair':
        this.steps.push(record);
        this.spokenFor = null;
        return;
      case 'want':
        this.wanted.push(...record.ids);
        return;
      case 'digest':
        this.digest = record;
        return;
      case 'released': {
        const { at, by, reason } = record;
        return writeMeta(this.use.db, 'released', { at, by, reason });
      }
      case 'end':
        return this.end(record.more);
    }
  }

  /** What the answer said for the comparison. */
  heard(): Heard {
    const everything = this.hello.pull?.cursors.flatMap(({ scopes }) => scopes) ?? [];
    return {
      log: this.log ?? '',
      atOffice: this.atOffice,
      backedUp: this.node?.backed_up ?? 0,
      digest: this.digest,
      asked: this.spokenFor ?? everything,
      steps: this.steps,
      wanted: this.wanted,
    };
  }

  private async welcome(welcome: Welcome): Promise<void> {
    const { db } = this.use;
    this.outcome.newLog = this.log !== null && this.log !== welcome.log;
    if (this.log !== welcome.log) await this.enter(welcome);
    this.log = welcome.log;
    this.node = welcome;
    const { offices } = this.asked;
    this.atOffice = offices.unknown || welcome.node === null || (await this.officeOf(welcome.node)) !== null;
    // A hub hands on what the office said of its own.
    await writeMeta(db, 'backup', welcome.backup);
    const kept = await readMeta(db, 'marks');
    this.outcome.marksMoved = !this.asked.marksAsked && (kept?.[welcome.log] ?? 0) !== welcome.marks;
  }

  /** The office's node of this name; when nobody can be asked about one that is new, it counts the next time. */
  private officeOf(node: string): Promise<Office | null> {
    return this.asked.offices.signer(node).catch(() => null);
  }

  /** Another log: gone on with where it goes on from one that was read; else everything is compared from its start. */
  private async enter({ log, ancestors = [] }: Welcome): Promise<void> {
    const { db, core } = this.use;
    const pulled = await readMeta(db, 'pulled');
    const places = pulled === undefined ? {} : { ...pulled.others, [pulled.log]: pulled.cursors };
    const known = Object.entries(places).map(([name, cursors]) => ({ log: name, cursors }));
    const { from, cursors, forgot } = await core.call('cursors_adopt', { log, ancestors, known });
    await enterLog(db, log, { from, cursors, ancestors, lacks: forgot });
  }

  private async end(more: boolean): Promise<void> {
    const { db } = this.use;
    this.ended = true;
    this.outcome.more = more || this.stopped;
    if (this.asked.allNamed) await replaceNotices(db, this.notices);
    if (!this.asked.marksAsked || this.node === null) return;
    // Only after a whole answer: a receipt that was cut off must be asked for again.
    const { log, marks } = this.node;
    const kept = await readMeta(db, 'marks');
    if (kept?.[log] !== marks) await writeMeta(db, 'marks', { ...kept, [log]: marks });
  }

  private async holds(held: readonly Held[]): Promise<void> {
    const { db, core } = this.use;
    const claimed = new Set(this.outcome.named);
    const before = (await allSessions(db)).filter(({ session }) => claimed.has(session));
    const { ours, notOurs, forked } = await takeHolds(db, core, [...claimed], held);
    this.outcome.forked = forked;
    this.chains = this.chains.map(({ session }) => ({
      session,
      held: ours.get(session) ?? 0,
      forked: notOurs.has(session),
    }));
    await noteHolder(db, before, this.atOffice);
    return this.progress();
  }

  /** Before the page whose cursors stand behind it. */
  private async tombstone(bytes: Bytes): Promise<void> {
    const { db, core } = this.use;
    const { log } = this;
    // Without an answer to who that is, nothing behind it is taken, and it comes again.
    const office = await this.asked.offices.signer(signerOf(bytes));
    if (office === null || log === null) return;
    const touched = await this.use.alone(() => takeTombstone(db, core, { office, log }, bytes));
    if (touched.length > 0) this.use.onApplied(touched);
    await this.progress();
  }

  private async changes(page: Of<'changes'>): Promise<void> {
    if (this.stopped || this.node === null) return;
    // Usually no save comes in between; when one does, once more while saves wait.
    const documents = await this.store(page, this.node).catch((error: unknown) => {
      const { node } = this;
      if (error instanceof PullRaced && node !== null) return this.use.alone(() => this.store(page, node));
      throw error;
    });
    if (documents === null) return;
    this.spokenFor = page.cursors.flatMap(({ scopes }) => scopes);
    this.outcome.received += page.changes.length;
    this.use.onApplied(documents);
    await this.progress();
  }

  /** Stores a page; null when it must not be. */
  private async store(page: Of<'changes'>, welcome: Welcome): Promise<string[] | null> {
    const { db, core } = this.use;
    const office = this.asked.offices.find(welcome.node);
    const taken = await takePage({ db, core, welcome, office, chains: this.chains }, page);
    if ('notOurs' in taken) {
      this.stopped = true;
      await markForked(db, taken.notOurs);
      // Without a second way at the node it is a frame that was lost here: it comes whole, and nobody need be told.
      const split = new Set(this.chains.flatMap(({ session, forked }) => (forked ? [session] : [])));
      this.outcome.forked.push(...taken.notOurs.filter((session) => split.has(session)));
      return null;
    }
    // A node that has not heard yet lists what was erased: counted as it counts, and not taken.
    const erased = await erasedDocuments(db);
    const changes = page.changes.filter(({ document }) => !erased.has(document));
    const applied = await applyReceived(db, core, changes);
    await commitPulled(db, applied, welcome.log, page.cursors, taken.listed);
    return applied.map(({ id }) => id);
  }

  private async progress(): Promise<void> {
    this.use.onProgress(await countUnconfirmed(this.use.db), this.outcome.received);
  }
}
