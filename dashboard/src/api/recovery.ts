import { graphql } from './graphql';
import { request } from './http';

const CREATE_RECOVERY_CODE = graphql(`
  mutation CreateRecoveryCode {
    createRecoveryCode {
      code
    }
  }
`);

const RESET_PASSWORD = graphql(`
  mutation ResetPassword($input: ResetPasswordInput!) {
    resetPassword(input: $input) {
      viewer {
        id
      }
    }
  }
`);

const REQUEST_PASSWORD_LINK = graphql(`
  mutation RequestPasswordLink($input: RequestPasswordLinkInput!) {
    requestPasswordLink(input: $input)
  }
`);

/** Answers the same whether anybody has this address or not. */
export const requestPasswordLink = async (email: string): Promise<void> =>
  void (await request(REQUEST_PASSWORD_LINK, { input: { email } }));

/** A code that lets its owner in once without the password. An earlier one is good for nothing then. */
export const createRecoveryCode = async (): Promise<string> =>
  (await request(CREATE_RECOVERY_CODE, {})).createRecoveryCode.code;

/** Sets another password with a one-time code, and signs in (the cookie comes with the answer). */
export const resetPassword = async (input: { code: string; password: string }): Promise<void> =>
  void (await request(RESET_PASSWORD, { input }));
