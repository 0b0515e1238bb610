import { graphql, type ResultOf } from './graphql';
import { request } from './http';

const SESSIONS = graphql(`
  query Sessions {
    sessions {
      id
      openedAt
      lastUsedAt
      userAgent
      address
      current
    }
  }
`);

const IDENTITIES = graphql(`
  query Identities {
    viewer {
      hasPassword
      identities {
        id
        provider
        current
        linkedAt
      }
    }
  }
`);

const LINK_PROVIDER = graphql(`
  mutation LinkProvider($input: LinkProviderInput!) {
    linkProvider(input: $input) {
      url
    }
  }
`);

const UNLINK_PROVIDER = graphql(`
  mutation UnlinkProvider($input: UnlinkProviderInput!) {
    unlinkProvider(input: $input)
  }
`);

const DELETE_SESSION = graphql(`
  mutation DeleteSession($input: DeleteSessionInput!) {
    deleteSession(input: $input)
  }
`);

const DELETE_OTHER_SESSIONS = graphql(`
  mutation DeleteOtherSessions {
    deleteOtherSessions
  }
`);

const CHANGE_PASSWORD = graphql(`
  mutation ChangePassword($input: ChangePasswordInput!) {
    changePassword(input: $input)
  }
`);

const UPDATE_VIEWER = graphql(`
  mutation UpdateViewer($input: UpdateViewerInput!) {
    updateViewer(input: $input) {
      id
      name
      role
      email
      emailWaiting
    }
  }
`);

const ADDRESSES = graphql(`
  query Addresses {
    viewer {
      email
      emailWaiting
    }
  }
`);

const CONFIRM_EMAIL = graphql(`
  mutation ConfirmEmail($input: ConfirmEmailInput!) {
    confirmEmail(input: $input)
  }
`);

/** A place where the person is signed in. */
export type SignIn = ResultOf<typeof SESSIONS>['sessions'][number];

type Ways = NonNullable<ResultOf<typeof IDENTITIES>['viewer']>;

/** An account at a provider by which the person signs in. */
export type Identity = Ways['identities'][number];

/** How the person signs in. */
export const waysIn = async (): Promise<Ways> =>
  (await request(IDENTITIES, {})).viewer ?? { hasPassword: false, identities: [] };

/** Where to go, to come back with the account linked. */
export const linkProvider = async (password: string): Promise<string> =>
  (await request(LINK_PROVIDER, { input: { password } })).linkProvider.url;

/** They sign in by it no more. */
export const unlinkProvider = async (id: string): Promise<void> =>
  void (await request(UNLINK_PROVIDER, { input: { id } }));

/** Where mail reaches somebody, and the address that waits to be confirmed. */
export type Addresses = NonNullable<ResultOf<typeof ADDRESSES>['viewer']>;

/** The latest first. */
export const sessions = async (): Promise<SignIn[]> => (await request(SESSIONS, {})).sessions;

/** Its WebSockets are closed too. */
export const deleteSession = async (id: string): Promise<void> =>
  void (await request(DELETE_SESSION, { input: { id } }));

/** Every one but this. */
export const deleteOtherSessions = async (): Promise<void> => void (await request(DELETE_OTHER_SESSIONS, {}));

/** Every other session of the person ends. `current` is null for who has no password yet. */
export const changePassword = async (input: { current: string | null; new: string }): Promise<void> =>
  void (await request(CHANGE_PASSWORD, { input }));

/** The name to sign in with from now on. */
export const renameViewer = async (name: string): Promise<ResultOf<typeof UPDATE_VIEWER>['updateViewer']> =>
  (await request(UPDATE_VIEWER, { input: { name } })).updateViewer;

export const addresses = async (): Promise<Addresses> =>
  (await request(ADDRESSES, {})).viewer ?? { email: null, emailWaiting: null };

/** A link is mailed to a new address; null takes away what there is. A password is asked for with an address that is new. */
export const setEmail = async (email: string | null, password?: string): Promise<Addresses> =>
  (await request(UPDATE_VIEWER, { input: { email, ...(password && { password }) } })).updateViewer;

/** With the code of the link that was mailed. */
export const confirmEmail = async (code: string): Promise<void> =>
  void (await request(CONFIRM_EMAIL, { input: { code } }));
