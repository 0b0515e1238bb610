/** Backups of the fake gateway: made when a test says so. */
import { inside, refuse } from './asking';
import type { World } from './world';

export class Backups {
  recoveryKey: string | null = null;
  directory: string | null = '/var/lib/gatehouse/backups';
  making = false;
  kept: { name: string; bytes: number; madeAt: string }[] = [];
  proven: { name: string; at: string } | null = null;
  problem: string | null = null;

  constructor(private readonly world: World) {}

  /** As they stand now. */
  get standing() {
    const { recoveryKey, directory, making, kept, proven, problem } = this;
    return { recoveryKey, directory, making, kept: [...kept], proven, problem };
  }

  begin(): void {
    this.making = true;
    this.tell();
  }

  tell(): void {
    this.world.tell({ kind: 'backups' });
  }

  make(at = new Date()): void {
    const name = `gatehouse-${at.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-')}.age`;
    this.kept.unshift({ name, bytes: 48_213, madeAt: at.toISOString() });
    this.proven = { name, at: at.toISOString() };
    this.problem = null;
    this.making = false;
    this.tell();
  }
}

export const backupQueries = (world: World) => ({
  backups: inside(world, () => world.backups.standing),
});

export const backupMutations = (world: World) => ({
  createRecoveryKey: inside(world, () => {
    world.backups.recoveryKey = `age1${'q'.repeat(58)}`;
    world.backups.begin();
    return { key: `AGE-SECRET-KEY-1${'Q'.repeat(58)}`, recoveryKey: world.backups.recoveryKey };
  }),
  backUpNow: inside(world, () => {
    if (!world.backups.recoveryKey) {
      throw refuse('CONFLICT', 'make a recovery key first: without it nobody could open a backup');
    }
    world.backups.begin();
    return true;
  }),
});
