import { sealBundle } from '../../outbox/bundle';
import { clockText } from '../../lib/clock';
import type { Tablet } from './tablet';

/** A file for the office, ready to be handed over. */
export interface BundleFile {
  file: File;
  /** Saves in it. */
  saves: number;
}

export type ExportAnswer =
  | { ok: true; bundle: BundleFile }
  /** `no_key`: the tablet was prepared before the office gave out keys for files. */
  | { ok: false; reason: 'no_key' | 'failed'; code: string };

/** Seals everything the office has not confirmed into one file. Needs no network. */
export async function exportBundle(tablet: Tablet): Promise<ExportAnswer> {
  const { prepared } = tablet.facts.get();
  if (prepared?.bundle_key === undefined) return { ok: false, reason: 'no_key', code: '' };
  try {
    const { text, saves } = await sealBundle(tablet.db, tablet.core, prepared, prepared.bundle_key);
    // Plain text, because that is what every share sheet lets through.
    const name = `MPP-tablet-${prepared.label}-${clockText()}.txt`;
    return { ok: true, bundle: { file: new File([text], name, { type: 'text/plain' }), saves } };
  } catch (error) {
    return { ok: false, reason: 'failed', code: error instanceof Error ? error.message : '' };
  }
}

/** Whether this browser can hand a file to another app. */
export function canShare({ file }: BundleFile): boolean {
  return 'canShare' in navigator && navigator.canShare({ files: [file] });
}

/** Opens the share sheet. True when another app took the file. */
export async function share({ file }: BundleFile): Promise<boolean> {
  try {
    await navigator.share({ files: [file], title: file.name });
    return true;
  } catch {
    return false;
  }
}

/** Puts the file into the tablet's downloads. */
export function download({ file }: BundleFile): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = file.name;
  link.click();
  // Some browsers read the address a moment after the click.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
