import { graphql, type ResultOf, type VariablesOf } from './graphql';
import { request } from './http';

const WHO_LIVES_HERE = graphql(`
  query WhoLivesHere {
    members {
      id
      name
      role
    }
    switches {
      sharedBy {
        name
      }
    }
  }
`);

const UPDATE_HOME = graphql(`
  mutation UpdateHome($input: UpdateHomeInput!) {
    updateHome(input: $input) {
      name
      timeZone
      contact
    }
  }
`);

export type UpdateHomeInput = VariablesOf<typeof UPDATE_HOME>['input'];
export type Household = ResultOf<typeof UPDATE_HOME>['updateHome'];
export type Resident = ResultOf<typeof WHO_LIVES_HERE>['members'][number];

/** The people whom the viewer may know, and the names of those who let them in. */
export async function whoLivesHere(): Promise<{ people: Resident[]; letInBy: string[] }> {
  const { members, switches } = await request(WHO_LIVES_HERE, {});
  const names = switches.flatMap((one) => (one.sharedBy ? [one.sharedBy.name] : []));
  return { people: members, letInBy: [...new Set(names)].sort((a, b) => a.localeCompare(b)) };
}

export const updateHome = async (input: UpdateHomeInput): Promise<Household> =>
  (await request(UPDATE_HOME, { input })).updateHome;
