import type { Notice } from '../api/notices';

const WEIGHT: Record<Notice['severity'], number> = { CRITICAL: 0, WARNING: 1, INFO: 2 };

/** What is worst comes first, and of that what happened last; what has no time goes by when it came. */
export const byWeight = (a: Notice, b: Notice): number =>
  WEIGHT[a.severity] - WEIGHT[b.severity] || (b.at ?? '').localeCompare(a.at ?? '');

export function severityName(severity: Notice['severity']): string {
  switch (severity) {
    case 'CRITICAL':
      return 'Look at this';
    case 'WARNING':
      return 'Warning';
    case 'INFO':
      return 'Good to know';
  }
}

/** "once", "twice", "37 times". */
export function howOften(times: number): string {
  if (times === 1) return 'once';
  if (times === 2) return 'twice';
  return `${times.toLocaleString('en')} times`;
}
