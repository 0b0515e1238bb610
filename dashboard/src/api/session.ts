import { graphql, type ResultOf } from './graphql';
import { request } from './http';

const WHO_IS_HERE = graphql(`
  query WhoIsHere {
    gateway {
      claimed
      time
      clockTrusted
      signInWays {
        mail
        provider {
          name
          origin
        }
      }
    }
    viewer {
      id
      name
      role
      kind
      until
      mayShare
    }
  }
`);

const HOME = graphql(`
  query Home {
    home {
      id
      name
      timeZone
      contact
    }
    gateway {
      version
      clockTrusted
    }
  }
`);

const CLAIM = graphql(`
  mutation Claim($input: ClaimGatewayInput!) {
    claimGateway(input: $input) {
      viewer {
        id
      }
    }
  }
`);

const SIGN_IN = graphql(`
  mutation SignIn($input: SignInInput!) {
    signIn(input: $input) {
      viewer {
        id
      }
    }
  }
`);

const SIGN_OUT = graphql(`
  mutation SignOut {
    signOut
  }
`);

export type Presence = ResultOf<typeof WHO_IS_HERE>;
export type Home = ResultOf<typeof HOME>['home'] & ResultOf<typeof HOME>['gateway'];

/** Whether the gateway is claimed, what time it thinks it is, and who is signed in here. */
export const whoIsHere = (): Promise<Presence> => request(WHO_IS_HERE, {});

/** The home, and what it runs on. */
export const home = async (): Promise<Home> => {
  const { home, gateway } = await request(HOME, {});
  return { ...home, ...gateway };
};

/** Claims the gateway for this person and signs them in (the cookie comes with the answer). */
export const claimGateway = async (input: {
  code: string;
  homeName: string;
  memberName: string;
  password: string;
}): Promise<void> => void (await request(CLAIM, { input }));

export const signIn = async (input: { name: string; password: string }): Promise<void> =>
  void (await request(SIGN_IN, { input }));

export const signOut = async (): Promise<void> => void (await request(SIGN_OUT, {}));
