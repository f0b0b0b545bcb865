import { t } from '../../../i18n/field';
import type { SyncStatus } from '../../../sync/status';
import type { IconName } from '../../shared/icons';
import type { Tone } from '../../shared/tone';

/** The state of the sync in one line, for a person who glances at it. */
export interface SyncWords {
  tone: Tone;
  icon: IconName;
  text: string;
  /** What helps: send now, or sign in first. Nothing when everything is done. */
  help: 'send' | 'sign_in' | null;
}

export function syncWords(status: SyncStatus): SyncWords {
  const { unsent: n, of, sent, trouble, phase } = status;
  if (phase === 'sending') {
    const doing = t('sync.sending', { n: Math.min(sent + 1, of), of });
    return { tone: 'info', icon: 'refresh', text: doing, help: null };
  }
  if (trouble !== null) return troubled(status);
  if (n > 0) return { tone: 'warn', icon: 'tablet', text: t('sync.unsent', { n }), help: 'send' };
  if (status.contacted) return arrived(status);
  if (phase === 'receiving') {
    return { tone: 'neutral', icon: 'refresh', text: t('sync.receiving'), help: null };
  }
  return { tone: 'neutral', icon: 'cloud', text: t('sync.not_yet'), help: null };
}

/** Everything was taken by somebody: says how far it has come. */
function arrived({ tiers, backup }: SyncStatus): SyncWords {
  if (tiers.hub > 0) return { tone: 'info', icon: 'van', text: t('sync.hub'), help: null };
  if (tiers.office === 0 && tiers.backup > 0) {
    return { tone: 'ok', icon: 'shield', text: t('sync.backup'), help: null };
  }
  const text = backup === 'none' ? t('sync.all.unset') : t('sync.all');
  return { tone: 'ok', icon: 'check', text, help: null };
}

function troubled({ unsent: n, trouble }: SyncStatus): SyncWords {
  const code = trouble?.code ?? '';
  switch (trouble?.kind) {
    case 'unreachable':
      return n > 0
        ? { tone: 'warn', icon: 'offline', text: t('sync.unsent.no_signal', { n }), help: 'send' }
        : { tone: 'neutral', icon: 'offline', text: t('sync.no_signal'), help: 'send' };
    case 'sign_in':
      return { tone: 'warn', icon: 'person', text: t('sync.sign_in', { n }), help: 'sign_in' };
    case 'revoked':
      return { tone: 'danger', icon: 'ban', text: t('sync.revoked', { n }), help: null };
    case 'hub_revoked':
      return { tone: 'danger', icon: 'ban', text: t('sync.hub_revoked', { n }), help: 'send' };
    case 'forked':
      return { tone: 'danger', icon: 'alert', text: t('sync.forked'), help: null };
    case 'differs':
      return { tone: 'warn', icon: 'alert', text: t('sync.differs', { code }), help: 'send' };
    case 'storage':
      return { tone: 'danger', icon: 'alert', text: t('sync.storage'), help: 'send' };
    case 'refused':
      return { tone: 'danger', icon: 'alert', text: t('sync.refused', { code }), help: 'send' };
    default:
      return { tone: 'danger', icon: 'alert', text: t('sync.other', { code }), help: 'send' };
  }
}
