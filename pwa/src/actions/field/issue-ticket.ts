import { randomBytes } from '../../core/bytes';
import { readMeta } from '../../db/meta';
import { writing, type Tablet } from './tablet';

/** Whether the tablet had no room for it. */
export { isStorageError as isStorageFull } from '../../sync/trouble';

export interface Ticket {
  visit: string;
  ticket: string;
  tracking: string;
}

const RANDOM_BYTES = 8;

/** One ticket per intention: what a finger meant, however often it touched the glass. */
const issued = new WeakMap<object, Promise<Ticket>>();

/**
 * Gives out the next queue number. `intention` stands for one press of the button as shown: asking
 * twice with the same one gives the same ticket.
 */
export function issueTicket(tablet: Tablet, intention: object): Promise<Ticket> {
  const before = issued.get(intention);
  if (before !== undefined) return before;
  const ticket = issue(tablet);
  issued.set(intention, ticket);
  // A failed attempt may be tried again by the same press.
  ticket.catch(() => issued.delete(intention));
  return ticket;
}

function issue(tablet: Tablet): Promise<Ticket> {
  const who = writing(tablet);
  return tablet.writer.save(who, {
    reads: [],
    async make(ctx) {
      const number = ((await readMeta(tablet.db, 'ticket_numbers'))?.[who.day] ?? 0) + 1;
      const { save, ticket, tracking } = await tablet.core.call('ticket_issue', {
        ctx,
        day: who.day,
        letter: who.label,
        number,
        random: randomBytes(RANDOM_BYTES),
      });
      const visit = save.entries[0]?.document ?? '';
      return { save, result: { visit, ticket, tracking }, ticket: { day: who.day, number } };
    },
  });
}
