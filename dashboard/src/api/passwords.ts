import { graphql, type ResultOf, type VariablesOf } from './graphql';
import { request } from './http';

const PASSWORD_ESTIMATE = graphql(`
  query PasswordEstimate($input: PasswordEstimateInput!) {
    passwordEstimate(input: $input) {
      score
      acceptable
      advice
    }
  }
`);

export type PasswordEstimate = ResultOf<typeof PASSWORD_ESTIMATE>['passwordEstimate'];
export type PasswordEstimateInput = VariablesOf<typeof PASSWORD_ESTIMATE>['input'];

/** What a password would be worth: for who is signed in, or holds a live one-time code. */
export const passwordEstimate = async (input: PasswordEstimateInput): Promise<PasswordEstimate> =>
  (await request(PASSWORD_ESTIMATE, { input })).passwordEstimate;
