/** Homes to look at. */
import type { Actor } from '../src/api/switches';
import type { Room } from '../src/api/rooms';
import { BUTTON, World } from './world';

const minutesAgo = (minutes: number): string => new Date(Date.now() - minutes * 60_000).toISOString();

/** A home with one of everything worth looking at. */
export function sampleWorld(): World {
  const world = new World();
  const [kitchen, living, hall, workshop] = ['Kitchen', 'Living room', 'Hall', 'Workshop'].map((name) =>
    world.addRoom(name),
  ) as [Room, Room, Room, Room];
  const kitchenBoard = world.addDevice('Kitchen board', kitchen);
  const livingBoard = world.addDevice('Living room board', living, { model: 'NodeMCU v3' });
  const hallBoard = world.addDevice('Hall board', hall);
  const shedBoard = world.addDevice('Shed board', workshop, {
    availability: 'OFFLINE',
    lastSeen: minutesAgo(190),
  });
  const spare = world.addDevice('Spare board', null, { firmware: null, address: null });
  const ana: Actor = { kind: 'MEMBER', name: 'Ana' };

  world.addSwitch('Counter light', kitchenBoard, {
    on: true,
    lastChange: { on: true, at: minutesAgo(12), actor: ana, command: null },
  });
  world.addSwitch('Extractor fan', kitchenBoard, {
    lastChange: { on: false, at: minutesAgo(65), actor: BUTTON, command: null },
  });
  world.addSwitch('Floor lamp', livingBoard, {
    on: true,
    lastChange: { on: true, at: minutesAgo(3), actor: BUTTON, command: null },
  });
  world.addSwitch('Blind up', livingBoard, {
    behaviour: 'refusing',
    lastCommand: {
      id: world.id('c'),
      switchId: '',
      on: true,
      actor: ana,
      outcome: 'REFUSED',
      reason: 'interlocked with Blind down',
      reasonCode: 'INTERLOCKED',
      latencyMs: 12,
      requestedAt: minutesAgo(3),
      settledAt: minutesAgo(3),
    },
  });
  world.addSwitch('Stereo', livingBoard, {
    behaviour: 'slow',
    lastChange: { on: false, at: minutesAgo(60 * 30), actor: ana, command: null },
  });
  world.addSwitch('Hall light', hallBoard, {
    lastChange: { on: false, at: minutesAgo(44), actor: { kind: 'BOOT', name: 'boot' }, command: null },
  });
  world.addSwitch('Night light', hallBoard, { behaviour: 'mute' });
  world.addSwitch('Bench lamp', shedBoard, { on: true, reportedAt: minutesAgo(190) });
  world.addSwitch('Heater', shedBoard, { reportedAt: minutesAgo(190) });
  world.addSwitch('Relay 1', spare, { on: null, reportedAt: null });
  world.integrations.add({ name: 'Home Assistant', preset: 'HOME_ASSISTANT' });
  world.integrations.add({
    name: 'Garden watering',
    devices: [shedBoard.id],
    operate: true,
    subscribe: ['garden/#'],
  });
  world.notices.add(
    'MQTT_LOGIN_STORM',
    {
      severity: 'CRITICAL',
      subject: 'Shed board',
      message: 'Many wrong MQTT logins: Shed board, last from 192.168.1.77. Further ones are slowed down.',
      advice:
        'If a device of yours is there, give it the right password. If not, find out who uses that address.',
    },
    3_412,
  );
  world.notices.add('PLAIN_MQTT', {
    severity: 'WARNING',
    subject: '0.0.0.0:1883',
    message: 'MQTT without encryption is open to the network at 0.0.0.0:1883.',
    advice:
      'Passwords and messages can be read by whoever is in that network. Only stock boards without TLS need it; else set mqtt.listen back to 127.0.0.1.',
  });
  world.addMember('Ben', 'MEMBER', 'nine loud kettles');
  const hallLight = world.named('Hall light');
  for (let day = 60; day > 0; day -= 1) {
    const at = minutesAgo(60 * 24 * day);
    const moved = { subject: hallLight.name, switchId: hallLight.id, at };
    const change = { on: day % 2 === 0, at, actor: BUTTON };
    world.record.add({ actor: BUTTON, what: 'SWITCH_MOVED', ...moved, change });
    if (day % 20 === 0) world.record.add({ actor: ana, what: 'SIGNED_IN', subject: 'Ana', at });
  }
  world.record.add({
    actor: ana,
    what: 'INTEGRATION_CREATED',
    subject: 'Garden watering',
    at: minutesAgo(190),
  });
  world.record.add({
    actor: ana,
    what: 'SWITCH_UPDATED',
    subject: 'Reading lamp',
    text: 'now called Floor lamp',
    at: null,
  });
  return world;
}

/** Lets the wall button of a switch be pressed now and then, until the answer is called. */
export function liven(world: World, name: string, everyMs: number): () => void {
  const timer = setInterval(() => world.press(name), everyMs);
  return () => clearInterval(timer);
}
