import { graphql, type ResultOf } from './graphql';
import { request } from './http';
import { INVITATION } from './invitations';
import { GRANT, GUEST_LINK } from './sharing';

const EVERYTHING = graphql(
  `
    query Everything($search: String) {
      members(search: $search) {
        id
        name
        role
        lastSeen
      }
      rooms(search: $search) {
        id
        name
      }
      devices(search: $search) {
        id
        name
        availability
        room {
          id
          name
        }
        switches {
          id
        }
      }
      switches(search: $search) {
        id
        name
        room {
          id
          name
        }
        device {
          id
          name
          room {
            id
            name
          }
        }
      }
      grants(search: $search) {
        ...GrantFields
      }
      guestLinks(search: $search) {
        ...GuestLinkFields
      }
      invitations(search: $search) {
        ...InvitationFields
      }
      tokens(search: $search) {
        id
        name
        memberName
        scopes
        expiresAt
        lastUsedAt
        createdAt
      }
      sessions(everyone: true, search: $search) {
        id
        userAgent
        address
        openedAt
        lastUsedAt
        current
        member {
          id
          name
        }
      }
      integrations(search: $search) {
        id
        name
        user
        publish
        subscribe
        createdAt
      }
    }
  `,
  [GRANT, GUEST_LINK, INVITATION],
);

/** All that is stored of the home and can be changed, for its owner. */
export type Everything = ResultOf<typeof EVERYTHING>;

/** What has this text in its name, or in the names it goes by; all of it for none. */
export const everything = (search: string): Promise<Everything> => request(EVERYTHING, { search });
