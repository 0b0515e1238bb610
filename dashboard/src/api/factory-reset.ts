import { graphql, type ResultOf, type VariablesOf } from './graphql';
import { request } from './http';

/** Longer than boards may take to forget the home, which is 20 s, and the gateway to check a password. */
const WITHIN_MS = 60_000;

const FACTORY_RESET = graphql(`
  mutation FactoryReset($input: FactoryResetInput!) {
    factoryReset(input: $input) {
      forgot
      kept
    }
  }
`);

export type Erased = ResultOf<typeof FACTORY_RESET>['factoryReset'];
export type FactoryResetInput = VariablesOf<typeof FACTORY_RESET>['input'];

/** Takes the home away for good; the gateway starts anew after. @throws ApiError */
export const factoryReset = async (input: FactoryResetInput): Promise<Erased> =>
  (await request(FACTORY_RESET, { input }, WITHIN_MS)).factoryReset;
