import type { Backups } from '../api/backups';

/** How the home stands if its gateway were lost now. */
export type Standing = 'off' | 'nowhere' | 'failing' | 'first' | 'unproven' | 'good';

export function standing({ recoveryKey, directory, kept, proven, problem }: Backups): Standing {
  if (!directory) return 'nowhere';
  if (!recoveryKey) return 'off';
  if (problem) return 'failing';
  if (!kept.length) return 'first';
  return proven?.name === kept[0]?.name ? 'good' : 'unproven';
}

/** "48 KB", "6.4 MB": as people write it, in powers of ten. */
export function size(bytes: number): string {
  if (bytes < 1_000) return `${bytes} bytes`;
  if (bytes < 999_500) return `${Math.round(bytes / 1_000)} KB`;
  return `${Number((bytes / 1_000_000).toFixed(1))} MB`;
}

/** Groups of eight, to be read aloud and typed: blanks do not count. */
export const grouped = (key: string): string => key.match(/.{1,8}/g)?.join(' ') ?? '';
