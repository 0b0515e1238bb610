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

const HOME_ASSISTANT = graphql(`
  fragment HomeAssistantFields on HomeAssistant {
    form
    prefix
  }
`);

const HOW_HOME_ASSISTANT = graphql(
  `
    query HowHomeAssistant {
      homeAssistant {
        ...HomeAssistantFields
      }
    }
  `,
  [HOME_ASSISTANT],
);

const UPDATE_HOME_ASSISTANT = graphql(
  `
    mutation UpdateHomeAssistant($input: UpdateHomeAssistantInput!) {
      updateHomeAssistant(input: $input) {
        ...HomeAssistantFields
      }
    }
  `,
  [HOME_ASSISTANT],
);

export type Integration = ResultOf<typeof INTEGRATION>;
export type CreatedIntegration = ResultOf<typeof CREATE_INTEGRATION>['createIntegration'];
export type CreateIntegrationInput = VariablesOf<typeof CREATE_INTEGRATION>['input'];
export type HomeAssistant = ResultOf<typeof HOME_ASSISTANT>;
export type UpdateHomeAssistantInput = VariablesOf<typeof UPDATE_HOME_ASSISTANT>['input'];

export const integrations = async (): Promise<Integration[]> =>
  (await request(INTEGRATIONS, {})).integrations;

/** User name and password are answered this once. */
export const createIntegration = async (input: CreateIntegrationInput): Promise<CreatedIntegration> =>
  (await request(CREATE_INTEGRATION, { input })).createIntegration;

/** Its connections end within a second, and it cannot log in again. */
export const deleteIntegration = async (id: string): Promise<void> =>
  void (await request(DELETE_INTEGRATION, { input: { id } }));

export const homeAssistant = async (): Promise<HomeAssistant> =>
  (await request(HOW_HOME_ASSISTANT, {})).homeAssistant;

/** What is left out stays. OFF and another prefix take its entities away over there. */
export const updateHomeAssistant = async (input: UpdateHomeAssistantInput): Promise<HomeAssistant> =>
  (await request(UPDATE_HOME_ASSISTANT, { input })).updateHomeAssistant;
