/** Tokens of programs, as the fake gateway makes them. */
import type { CreateTokenInput, Token } from '../src/api/tokens';
import {
  finds,
  inside,
  known,
  nameFrom,
  refuse,
  type Asker,
  type ById,
  type Input,
  type Searching,
} from './asking';
import type { World } from './world';

export class Tokens extends Map<string, Token> {
  constructor(private readonly world: World) {
    super();
  }

  add(memberName: string, { name, scopes, expiresAt = null }: CreateTokenInput): Token {
    const token: Token = {
      id: this.world.id('t'),
      name,
      memberName,
      scopes,
      expiresAt,
      lastUsedAt: null,
      createdAt: new Date().toISOString(),
    };
    this.set(token.id, token);
    return token;
  }
}

export const tokenQueries = (world: World) => ({
  tokens: inside(world, ({ search }: Searching, { session }: Asker) => {
    const { name, role } = world.whoIs(session);
    return [...world.tokens.values()]
      .filter((one) => role === 'OWNER' || one.memberName === name)
      .filter((one) => finds(search, one.name, one.memberName));
  }),
});

export const tokenMutations = (world: World) => ({
  createToken: inside(world, ({ input }: Input<CreateTokenInput>, { session }: Asker) => {
    const person = world.whoIs(session);
    const name = nameFrom(input.name);
    if ([...world.tokens.values()].some((one) => one.memberName === person.name && one.name === name)) {
      throw refuse('CONFLICT', `There already is a token called ${name}.`);
    }
    return { token: world.tokens.add(person.name, { ...input, name }), secret: '7c'.repeat(32) };
  }),
  deleteToken: inside(world, ({ input: { id } }: Input<ById>) => {
    known(world.tokens, id);
    return world.tokens.delete(id);
  }),
});
