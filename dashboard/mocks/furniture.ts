/** Rooms, devices and the names of switches, as the fake gateway lets them be changed. */
import { inside, known, nameFrom, refuse, type ById, type Input } from './asking';
import { Views } from './views';
import type { World } from './world';

type Furniture = { id: string; name?: string; roomId?: string | null };

export function furnitureMutations(world: World) {
  const views = new Views(world);
  const roomName = (text: string, but?: string): string => {
    const wanted = nameFrom(text);
    const taken = [...world.rooms.values()].some((one) => one.name === wanted && one.id !== but);
    if (taken) throw refuse('CONFLICT', 'There is a room of that name already.');
    return wanted;
  };
  const arrange = (it: { name: string; roomId: string | null }, { name, roomId }: Furniture): void => {
    if (name !== undefined) it.name = nameFrom(name);
    if (roomId !== undefined) it.roomId = roomId === null ? null : known(world.rooms, roomId).id;
  };
  return {
    rotateCredential: inside(world, ({ input: { deviceId } }: Input<{ deviceId: string }>) => {
      const it = known(world.devices, deviceId);
      if (it.availability === 'OFFLINE')
        throw refuse('CONFLICT', 'The board is offline. Try again when it is back.');
      it.rotatingCredential = world.rotationHangs;
      world.deviceChanged(it);
      return views.device(it);
    }),
    releaseDevice: inside(world, ({ input }: Input<{ deviceId: string; chip: string; mac: string }>) => {
      const it = known(world.devices, input.deviceId);
      if (it.quarantine?.chip !== input.chip || it.quarantine.mac !== input.mac)
        throw refuse('CONFLICT', `Yet another board came for ${it.name} meanwhile. Look again.`);
      Object.assign(it, { chip: input.chip, mac: input.mac, quarantine: null, availability: 'ONLINE' });
      world.deviceChanged(it);
      for (const one of world.switches.values()) if (one.deviceId === it.id) world.changed(one);
      const actor = { kind: 'MEMBER', name: world.person.name } as const;
      world.record.add({ actor, what: 'DEVICE_RELEASED', subject: it.name });
      return views.device(it);
    }),
    setBehindRepeater: inside(world, ({ input }: Input<{ deviceId: string; behindRepeater: boolean }>) => {
      const it = known(world.devices, input.deviceId);
      it.behindRepeater = input.behindRepeater;
      world.deviceChanged(it);
      return views.device(it);
    }),
    removeDevice: inside(world, ({ input: { id } }: Input<ById>) => {
      const { name: subject, availability } = known(world.devices, id);
      world.deleteDevice(id);
      const actor = { kind: 'MEMBER', name: world.person.name } as const;
      world.record.add({ actor, what: 'DEVICE_DELETED', subject });
      return availability === 'ONLINE'
        ? { wiped: 'CONFIRMED', reason: null }
        : { wiped: 'OFFLINE', reason: 'The board is offline. Check its power and Wi-Fi.' };
    }),
    createRoom: inside(world, ({ input }: Input<{ name: string }>) => {
      const room = world.addRoom(roomName(input.name));
      const actor = { kind: 'MEMBER', name: world.person.name } as const;
      world.record.add({ actor, what: 'ROOM_CREATED', subject: room.name });
      return views.room(room.id);
    }),
    updateRoom: inside(world, ({ input: { id, name } }: Input<{ id: string; name: string }>) => {
      known(world.rooms, id);
      world.rooms.set(id, { id, name: roomName(name, id) });
      return views.room(id);
    }),
    deleteRoom: inside(world, ({ input: { id } }: Input<ById>) => {
      known(world.rooms, id);
      world.deleteRoom(id);
      return true;
    }),
    updateSwitch: inside(world, ({ input }: Input<Furniture>) => {
      const it = known(world.switches, input.id);
      arrange(it, input);
      world.changed(it);
      return views.switch(it);
    }),
    updateDevice: inside(world, ({ input }: Input<Furniture>) => {
      const it = known(world.devices, input.id);
      arrange(it, input);
      world.deviceChanged(it);
      return views.device(it);
    }),
  };
}
