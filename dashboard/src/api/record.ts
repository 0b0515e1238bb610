import { graphql, type ResultOf, type VariablesOf } from './graphql';
import { request } from './http';

const ENTRY = graphql(`
  fragment RecordFields on RecordEntry {
    id
    at
    what
    subject
    text
    actor {
      kind
      name
    }
    command {
      on
      outcome
      reason
      reasonCode
      latencyMs
    }
    change {
      on
    }
  }
`);

const RECORD = graphql(
  `
    query Record($first: Int!, $after: String, $filter: RecordFilter) {
      record(first: $first, after: $after, filter: $filter) {
        edges {
          node {
            ...RecordFields
          }
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  `,
  [ENTRY],
);

export type RecordEntry = ResultOf<typeof ENTRY>;
export type RecordKind = RecordEntry['what'];
export type RecordFilter = NonNullable<VariablesOf<typeof RECORD>['filter']>;

export interface RecordPage {
  readonly entries: readonly RecordEntry[];
  /** For the page after this one; null when there is none. A page may be empty and yet have a next. */
  readonly next: string | null;
}

/** Where an owner gets all of it as a file: by a form that posts, for a cookie counts only beside our own origin. */
export const RECORD_FILE = '/record.csv';

/** One page, the newest first. */
export async function record(first: number, after: string | null, filter: RecordFilter): Promise<RecordPage> {
  const { edges, pageInfo } = (await request(RECORD, { first, after, filter })).record;
  return {
    entries: edges.map((edge) => edge.node),
    next: pageInfo.hasNextPage ? (pageInfo.endCursor ?? null) : null,
  };
}
