import { graphql, type ResultOf, type VariablesOf } from './graphql';
import { request } from './http';

/** An invitation, as all pages ask for it. */
export const INVITATION = graphql(`
  fragment InvitationFields on Invitation {
    id
    role
    email
    expiresAt
    usesLeft
    by {
      kind
      name
    }
    grants {
      level
      target {
        kind
        id
        name
      }
    }
  }
`);

const INVITATIONS = graphql(
  `
    query Invitations {
      invitations {
        ...InvitationFields
      }
      gateway {
        signInWays {
          mail
        }
      }
    }
  `,
  [INVITATION],
);

const CREATE_INVITATION = graphql(
  `
    mutation CreateInvitation($input: CreateInvitationInput!) {
      createInvitation(input: $input) {
        code
        mailed
        invitation {
          ...InvitationFields
        }
      }
    }
  `,
  [INVITATION],
);

const DELETE_INVITATION = graphql(`
  mutation DeleteInvitation($input: DeleteInvitationInput!) {
    deleteInvitation(input: $input)
  }
`);

const OFFER = graphql(`
  query Offer($code: String!) {
    invitation(code: $code) {
      homeName
      inviter
      role
      email
    }
  }
`);

const ACCEPT_INVITATION = graphql(`
  mutation AcceptInvitation($input: AcceptInvitationInput!) {
    acceptInvitation(input: $input) {
      viewer {
        id
      }
    }
  }
`);

const ACCEPT_BY_PROVIDER = graphql(`
  mutation AcceptInvitationByProvider($input: AcceptInvitationByProviderInput!) {
    acceptInvitationByProvider(input: $input) {
      url
    }
  }
`);

export type Invitation = ResultOf<typeof INVITATION>;
export type InvitationGrant = Invitation['grants'][number];
export type CreateInvitationInput = VariablesOf<typeof CREATE_INVITATION>['input'];
export type CreatedInvitation = ResultOf<typeof CREATE_INVITATION>['createInvitation'];
export type Offer = NonNullable<ResultOf<typeof OFFER>['invitation']>;

/** Who comes by an invitation, however they prove who they are. */
interface Joining {
  code: string;
  name: string;
  email?: string;
}

/** Those that are open, and whether the gateway can mail them. */
export async function invitations(): Promise<{ open: Invitation[]; mail: boolean }> {
  const { invitations, gateway } = await request(INVITATIONS, {});
  return { open: invitations, mail: gateway.signInWays.mail };
}

/** The code is answered this once. */
export const createInvitation = async (input: CreateInvitationInput): Promise<CreatedInvitation> =>
  (await request(CREATE_INVITATION, { input })).createInvitation;

/** Its code is good for nothing any more. */
export const deleteInvitation = async (id: string): Promise<void> =>
  void (await request(DELETE_INVITATION, { input: { id } }));

/** What the holder of a code is invited to; null when the code is good for nothing. */
export const offer = async (code: string): Promise<Offer | null> =>
  (await request(OFFER, { code })).invitation;

/** Makes who holds the code a person of the home, and signs them in (the cookie comes with the answer). */
export const acceptInvitation = async (input: Joining & { password: string }): Promise<void> =>
  void (await request(ACCEPT_INVITATION, { input }));

/** Where to go, to come back as a person of the home. */
export const acceptInvitationByProvider = async (input: Joining): Promise<string> =>
  (await request(ACCEPT_BY_PROVIDER, { input })).acceptInvitationByProvider.url;
