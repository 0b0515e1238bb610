/** A World's things in the shape of gateway/schema.graphql. */
import type { Asker } from './asking';
import type { MockCommand } from './commands';
import type { MockShare } from './people';
import type { MockDevice, MockSwitch, World } from './world';

export class Views {
  constructor(private readonly world: World) {}

  room(id: string | null | undefined): object | null {
    const found = id ? this.world.rooms.get(id) : undefined;
    if (!found) return null;
    return { ...found, switches: () => this.switches().filter((one) => one.roomId === id) };
  }

  /** Whether whoever asks may see it at all. */
  sees(asker: Asker, it: MockSwitch): boolean {
    return this.world.shares.level(this.world.idOf(asker.session), it) !== null;
  }

  switches(asker?: Asker) {
    return [...this.world.switches.values()]
      .filter((it) => !asker || this.sees(asker, it))
      .map((it) => this.switch(it));
  }

  switch(it: MockSwitch) {
    const device = this.world.devices.get(it.deviceId);
    const roomId = it.roomId ?? device?.roomId ?? null;
    return {
      ...it,
      roomId,
      mayOperate: (_: unknown, asker: Asker) =>
        this.world.shares.level(this.world.idOf(asker.session), it) === 'OPERATE',
      sharedBy: (_: unknown, asker: Asker) => {
        const who = this.world.idOf(asker.session);
        const mine = (share: MockShare) => share.id === who || share.memberId === who;
        return [...this.world.shares.values()].find(mine)?.by ?? null;
      },
      room: () => this.room(roomId),
      device: () => device && this.device(device),
      availability: device?.availability,
      desired: it.openCommand?.on ?? it.on,
      openCommand: it.openCommand && this.command(it.openCommand),
      lastChange: it.lastChange && {
        ...it.lastChange,
        command: it.lastChange.command && this.command(it.lastChange.command),
      },
      lastCommand: it.lastCommand && this.command(it.lastCommand),
    };
  }

  command(it: MockCommand): object {
    return {
      ...it,
      switch: () => {
        const found = this.world.switches.get(it.switchId);
        return found && this.switch(found);
      },
    };
  }

  device(it: MockDevice): object {
    return {
      ...it,
      room: () => this.room(it.roomId),
      switches: () => this.switches().filter((one) => one.deviceId === it.id),
    };
  }
}
