import { graphql, type ResultOf, type VariablesOf } from './graphql';
import { request } from './http';

const INTEGRATION = graphql(`
  fragment IntegrationFields on Integration {
    id
    name
    user
    publish
    subscribe
    createdAt
  }
`);

const INTEGRATIONS = graphql(
  `
    query Integrations {
      integrations {
        ...IntegrationFields
      }
    }
  `,
  [INTEGRATION],
);

const CREATE_INTEGRATION = graphql(
  `
    mutation CreateIntegration($input: CreateIntegrationInput!) {
      createIntegration(input: $input) {
        user
        password
        integration {
          ...IntegrationFields
        }
      }
    }
  `,
  [INTEGRATION],
);

const DELETE_INTEGRATION = graphql(`
  mutation DeleteIntegration($input: DeleteIntegrationInput!) {
    deleteIntegration(input: $input)
  }
`);

export type Integration = ResultOf<typeof INTEGRATION>;
export type CreatedIntegration = ResultOf<typeof CREATE_INTEGRATION>['createIntegration'];
export type CreateIntegrationInput = VariablesOf<typeof CREATE_INTEGRATION>['input'];

export const integrations = async (): Promise<Integration[]> =>
  (await request(INTEGRATIONS, {})).integrations;

/** User name and password are answered this once. */
export const createIntegration = async (input: CreateIntegrationInput): Promise<CreatedIntegration> =>
  (await request(CREATE_INTEGRATION, { input })).createIntegration;

/** Its connections end within a second, and it cannot log in again. */
export const deleteIntegration = async (id: string): Promise<void> =>
  void (await request(DELETE_INTEGRATION, { input: { id } }));
