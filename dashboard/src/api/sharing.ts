import { graphql, type ResultOf, type VariablesOf } from './graphql';
import { request } from './http';

/** A grant, as all pages ask for it. */
export const GRANT = graphql(`
  fragment GrantFields on Grant {
    id
    level
    until
    active
    createdAt
    member {
      id
      name
    }
    target {
      kind
      id
      name
    }
    hours {
      days
      from
      to
    }
    by {
      kind
      name
    }
  }
`);

/** A guest link, likewise. */
export const GUEST_LINK = graphql(`
  fragment GuestLinkFields on GuestLink {
    id
    name
    level
    until
    target {
      kind
      id
      name
    }
    by {
      kind
      name
    }
  }
`);

const SHARED = graphql(
  `
    query Shared {
      grants {
        ...GrantFields
      }
      guestLinks {
        ...GuestLinkFields
      }
    }
  `,
  [GRANT, GUEST_LINK],
);

const CREATE_GRANT = graphql(
  `
    mutation CreateGrant($input: CreateGrantInput!) {
      createGrant(input: $input) {
        ...GrantFields
      }
    }
  `,
  [GRANT],
);

const DELETE_GRANT = graphql(`
  mutation DeleteGrant($input: DeleteGrantInput!) {
    deleteGrant(input: $input)
  }
`);

const CREATE_GUEST_LINK = graphql(
  `
    mutation CreateGuestLink($input: CreateGuestLinkInput!) {
      createGuestLink(input: $input) {
        token
        link {
          ...GuestLinkFields
        }
      }
    }
  `,
  [GUEST_LINK],
);

const DELETE_GUEST_LINK = graphql(`
  mutation DeleteGuestLink($input: DeleteGuestLinkInput!) {
    deleteGuestLink(input: $input)
  }
`);

const OPEN_GUEST_LINK = graphql(`
  mutation OpenGuestLink($input: OpenGuestLinkInput!) {
    openGuestLink(input: $input) {
      viewer {
        id
      }
    }
  }
`);

export type Grant = ResultOf<typeof GRANT>;
export type GuestLink = ResultOf<typeof GUEST_LINK>;
export type Hours = NonNullable<Grant['hours']>;
export type Target = Grant['target'];
export type CreateGrantInput = VariablesOf<typeof CREATE_GRANT>['input'];
export type CreateGuestLinkInput = VariablesOf<typeof CREATE_GUEST_LINK>['input'];
export type CreatedGuestLink = ResultOf<typeof CREATE_GUEST_LINK>['createGuestLink'];

/** What is shared: with anyone for an owner, for others what they were given or gave. */
export const shared = (): Promise<ResultOf<typeof SHARED>> => request(SHARED, {});

export const createGrant = async (input: CreateGrantInput): Promise<Grant> =>
  (await request(CREATE_GRANT, { input })).createGrant;

/** What it opened closes within a second. */
export const deleteGrant = async (id: string): Promise<void> =>
  void (await request(DELETE_GRANT, { input: { id } }));

/** The token is answered this once. */
export const createGuestLink = async (input: CreateGuestLinkInput): Promise<CreatedGuestLink> =>
  (await request(CREATE_GUEST_LINK, { input })).createGuestLink;

/** Who is in by it is out within a second. */
export const deleteGuestLink = async (id: string): Promise<void> =>
  void (await request(DELETE_GUEST_LINK, { input: { id } }));

/** Signs in whoever holds the token (the cookie comes with the answer). */
export const openGuestLink = async (token: string): Promise<void> =>
  void (await request(OPEN_GUEST_LINK, { input: { token } }));
