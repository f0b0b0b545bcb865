import { fromBase64Url, type Bytes } from '../core/bytes';
import type { Core, Said } from '../core/functions';
import { allSaves, uncutSaves } from '../db/outbox';
import type { Database } from '../db/open';
import { keepReceipts, readReceipt } from '../db/receipts';
import type { LaterOffice, PreparedDay, StoredReceipt, StoredSession } from '../db/schema';
import { allSessions, keepTiers } from '../db/sessions';

/** Where a save is, from the least safe place on. */
export const TIERS = ['tablet', 'hub', 'office', 'backup'] as const;
export type Tier = (typeof TIERS)[number];

/** Where a frame of a session is; null is a save that is in no frame yet. */
export function tierOf(session: StoredSession, frame: number | null): Tier {
  if (frame === null || frame >= session.confirmed) return 'tablet';
  if (frame < (session.backed_up ?? 0)) return 'backup';
  return frame < (session.office ?? session.confirmed) ? 'office' : 'hub';
}

/** For each document that this tablet wrote to: the least safe place of one of its saves. */
export async function tiersOfDocuments(db: Database): Promise<ReadonlyMap<string, Tier>> {
  const [saves, sessions] = await Promise.all([allSaves(db), allSessions(db)]);
  const byName = new Map(sessions.map((session) => [session.session, session]));
  const lowest = new Map<string, Tier>();
  for (const save of saves) {
    const session = byName.get(save.session);
    if (session === undefined) continue;
    const tier = tierOf(session, save.frame);
    for (const { document } of save.entries) {
      const before = lowest.get(document);
      if (before === undefined || TIERS.indexOf(tier) < TIERS.indexOf(before)) lowest.set(document, tier);
    }
  }
  return lowest;
}

/** How many frames are at a place and no further. */
export type TierCounts = Record<Tier, number>;

export async function countTiers(db: Database): Promise<TierCounts> {
  const counts: TierCounts = { tablet: 0, hub: 0, office: 0, backup: 0 };
  for (const session of await allSessions(db)) {
    const office = Math.min(session.confirmed, session.office ?? session.confirmed);
    const backup = Math.min(office, session.backed_up ?? 0);
    counts.tablet += session.frames.length - session.confirmed;
    counts.hub += session.confirmed - office;
    counts.office += office - backup;
    counts.backup += backup;
  }
  return counts;
}

/**
 * Whether a signed receipt of the office's backup covers everything this tablet wrote. Only then may
 * its storage be cleared, unless a supervisor released it.
 */
export async function safeToWipe(db: Database): Promise<boolean> {
  const [uncut, { tablet, hub, office }] = await Promise.all([uncutSaves(db), countTiers(db)]);
  return uncut.length === 0 && tablet + hub + office === 0;
}

/** The office's node, as its certificate says; none on a tablet that was given no certificate. */
export interface OfficeNode {
  node: string;
  key: Bytes;
}

/** The same with the certificate that says so. */
export interface Office extends OfficeNode {
  certificate: Bytes;
}

/** Where the public key stands in a certificate, behind version and role. */
const KEY_AT = 2;
const KEY_BYTES = 65;

/** Reads the office's certificate, or a later one, if the root key or one after it signed that. */
export async function officeNode(core: Core, day: PreparedDay, later?: LaterOffice): Promise<Office | null> {
  if (day.certificate === undefined || day.root === undefined) return null;
  const certificate = fromBase64Url(later?.certificate ?? day.certificate);
  try {
    const { node, role } = await core.call('certificate_verify', {
      root: fromBase64Url(day.root),
      roots: (later?.roots ?? []).map(fromBase64Url),
      certificate,
    });
    if (role !== 'office') return null;
    return { node, key: certificate.slice(KEY_AT, KEY_AT + KEY_BYTES), certificate };
  } catch {
    return null;
  }
}

/** What of a receipt counts here. */
export interface ReceivedReceipt {
  node: string;
  log: string;
  issued_at: number;
  chains: { session: string; frames: number; backed_up: number }[];
  receipt: Bytes;
}

/** Takes the office's word on our chains, itself or handed on by a hub, if its signature covers them. */
export async function takeReceipt(
  db: Database,
  core: Core,
  office: OfficeNode | null,
  { node, log, issued_at, chains, receipt }: ReceivedReceipt,
): Promise<void> {
  if (node !== office?.node) return;
  const named = new Set(chains.map(({ session }) => session));
  const own = (await allSessions(db)).filter(({ session }) => named.has(session));
  const { valid } = await core.call('receipt_verify', {
    receipt,
    public_key: office.key,
    chains: own.map(({ session, frames }) => ({ session, frames })),
  });
  if (!valid) return;
  await keepNewer(db, core, chains.map((chain) => ({ node, log, issued_at, ...chain, receipt })));
}

/** Keeps what the office signed of each session, unless it signed what is known of it after that. */
export async function keepNewer(db: Database, core: Core, receipts: readonly StoredReceipt[]): Promise<void> {
  const known = await Promise.all(receipts.map(({ node, session }) => readReceipt(db, node, session)));
  const pairs = receipts.map((receipt, at) => ({ said: saidIn(receipt), known: saidIn(known[at] ?? receipt) }));
  const { older } = await core.call('receipts_older', { pairs });
  await keepReceipts(db, receipts.filter((_, at) => older[at] !== true));
}

function saidIn({ log, issued_at, frames, backed_up }: StoredReceipt): Said {
  return { office: true, log, issued_at, frames, backed_up };
}

/**
 * A node said what it holds of these sessions. Of the office that is the whole truth; of a hub it says
 * nothing about the office, which keeps what it was last known to have.
 */
export async function noteHolder(
  db: Database,
  sessions: readonly StoredSession[],
  fromOffice: boolean,
): Promise<void> {
  for (const { session, confirmed } of sessions) {
    await keepTiers(db, session, (stored) => ({
      office: fromOffice ? stored.confirmed : (stored.office ?? confirmed),
    }));
  }
}
