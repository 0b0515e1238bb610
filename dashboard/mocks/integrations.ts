/** Integrations of the fake gateway, and how it tells Home Assistant of the home. */
import type {
  CreateIntegrationInput,
  HomeAssistant,
  Integration,
  UpdateHomeAssistantInput,
} from '../src/api/integrations';
import { finds, inside, known, nameFrom, refuse, type ById, type Input, type Searching } from './asking';
import type { World } from './world';

export class Integrations extends Map<string, Integration> {
  homeAssistant: HomeAssistant = { form: 'DEVICE', prefix: 'homeassistant' };

  constructor(private readonly world: World) {
    super();
  }

  add({
    name,
    preset,
    allDevices,
    devices,
    operate,
    publish,
    subscribe,
  }: CreateIntegrationInput): Integration {
    const boards = allDevices || preset ? ['+'] : (devices ?? []).map((id) => `relay-${id}`);
    const own = preset ? [`${this.homeAssistant.prefix}/status`] : [];
    const integration = {
      id: this.world.id('i'),
      name,
      user: `integration_${this.world.id('00000000000000')}`,
      publish: [
        ...own,
        ...(operate || preset ? boards.map((board) => `homie/5/${board}/+/+/set`) : []),
        ...(publish ?? []),
      ],
      subscribe: [...own, ...boards.map((board) => `homie/5/${board}/#`), ...(subscribe ?? [])],
      createdAt: new Date().toISOString(),
    };
    this.set(integration.id, integration);
    return integration;
  }
}

export const integrationQueries = (world: World) => ({
  integrations: inside(world, ({ search }: Searching) =>
    [...world.integrations.values()].filter((one) => finds(search, one.name, one.user)),
  ),
  homeAssistant: inside(world, () => world.integrations.homeAssistant),
});

export const integrationMutations = (world: World) => ({
  createIntegration: inside(world, ({ input }: Input<CreateIntegrationInput>) => {
    const name = nameFrom(input.name);
    if ([...world.integrations.values()].some((one) => one.name === name)) {
      throw refuse('CONFLICT', `There already is an integration called ${name}.`);
    }
    const bad = input.subscribe?.findIndex((filter) => filter.startsWith('$')) ?? -1;
    if (bad >= 0) {
      throw refuse('BAD_INPUT', `Filter ${bad + 1}: A topic filter cannot begin with $.`, {
        field: 'subscribe',
      });
    }
    const integration = world.integrations.add({ ...input, name });
    return { integration, user: integration.user, password: '4f'.repeat(32) };
  }),
  deleteIntegration: inside(world, ({ input: { id } }: Input<ById>) => {
    known(world.integrations, id);
    return world.integrations.delete(id);
  }),
  updateHomeAssistant: inside(world, ({ input }: Input<UpdateHomeAssistantInput>) => {
    const before = world.integrations.homeAssistant;
    const prefix = input.prefix ?? before.prefix;
    if (!/^(?!homie(\/|$))[\w-]+(\/[\w-]+){0,3}$/.test(prefix) || prefix.length > 64) {
      throw refuse(
        'BAD_INPUT',
        'A discovery prefix has 1 to 64 characters of A-Z, a-z, 0-9, - and _, in at most 4 levels separated by /, and the first level is not homie.',
        { field: 'prefix' },
      );
    }
    world.integrations.homeAssistant = { form: input.form ?? before.form, prefix };
    return world.integrations.homeAssistant;
  }),
});
