import { graphql, type ResultOf, type VariablesOf } from './graphql';
import { request } from './http';
import type { Socket } from './socket';

const MEMBER = graphql(`
  fragment MemberFields on Member {
    id
    name
    role
    lastSeen
  }
`);

const MEMBERS = graphql(
  `
    query Members {
      members {
        ...MemberFields
      }
    }
  `,
  [MEMBER],
);

const UPDATE_MEMBER = graphql(
  `
    mutation UpdateMember($input: UpdateMemberInput!) {
      updateMember(input: $input) {
        ...MemberFields
      }
    }
  `,
  [MEMBER],
);

const DELETE_MEMBER = graphql(`
  mutation DeleteMember($input: DeleteMemberInput!) {
    deleteMember(input: $input)
  }
`);

const ACCESS_CHANGED = graphql(`
  subscription AccessChanged {
    accessChanged
  }
`);

export type Member = ResultOf<typeof MEMBER>;
export type UpdateMemberInput = VariablesOf<typeof UPDATE_MEMBER>['input'];

export const members = async (): Promise<Member[]> => (await request(MEMBERS, {})).members;

export const updateMember = async (input: UpdateMemberInput): Promise<Member> =>
  (await request(UPDATE_MEMBER, { input })).updateMember;

/** Their sessions end, and what they shared goes with them. */
export const deleteMember = async (id: string): Promise<void> =>
  void (await request(DELETE_MEMBER, { input: { id } }));

/** Rights or people changed: what was asked may be answered otherwise now. */
export const onAccessChanged = (socket: Socket, next: () => void): void =>
  socket.subscribe(ACCESS_CHANGED, () => next());
