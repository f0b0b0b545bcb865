import type { Status } from '../../lib/views';
import type { IconName } from './icons';

/** How serious something is; always beside an icon and a word, never colour alone. */
export type Tone = 'neutral' | 'ok' | 'info' | 'warn' | 'danger';

export const STATUS_LOOK: Readonly<Record<Status, { tone: Tone; icon: IconName }>> = {
  received: { tone: 'neutral', icon: 'inbox' },
  verified: { tone: 'info', icon: 'check' },
  in_process: { tone: 'info', icon: 'clock' },
  returned: { tone: 'warn', icon: 'return' },
  ready: { tone: 'ok', icon: 'ticket' },
  handed_over: { tone: 'ok', icon: 'hand' },
  rejected: { tone: 'danger', icon: 'ban' },
  cancelled: { tone: 'neutral', icon: 'close' },
};
