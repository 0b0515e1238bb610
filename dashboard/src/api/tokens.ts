import { graphql, type ResultOf, type VariablesOf } from './graphql';
import { request } from './http';

const TOKEN = graphql(`
  fragment TokenFields on Token {
    id
    name
    memberName
    scopes
    expiresAt
    lastUsedAt
    createdAt
  }
`);

const TOKENS = graphql(
  `
    query Tokens {
      tokens {
        ...TokenFields
      }
    }
  `,
  [TOKEN],
);

const CREATE_TOKEN = graphql(
  `
    mutation CreateToken($input: CreateTokenInput!) {
      createToken(input: $input) {
        secret
        token {
          ...TokenFields
        }
      }
    }
  `,
  [TOKEN],
);

const DELETE_TOKEN = graphql(`
  mutation DeleteToken($input: DeleteTokenInput!) {
    deleteToken(input: $input)
  }
`);

export type Token = ResultOf<typeof TOKEN>;
export type Scope = Token['scopes'][number];
export type CreateTokenInput = VariablesOf<typeof CREATE_TOKEN>['input'];
export type CreatedToken = ResultOf<typeof CREATE_TOKEN>['createToken'];

/** One's own; an owner is told of everyone's. */
export const tokens = async (): Promise<Token[]> => (await request(TOKENS, {})).tokens;

/** The secret is answered this once. */
export const createToken = async (input: CreateTokenInput): Promise<CreatedToken> =>
  (await request(CREATE_TOKEN, { input })).createToken;

/** It opens nothing any more, and what it opened closes within a second. */
export const deleteToken = async (id: string): Promise<void> =>
  void (await request(DELETE_TOKEN, { input: { id } }));
