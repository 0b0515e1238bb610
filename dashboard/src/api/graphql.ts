import { initGraphQLTada } from 'gql.tada';
import type { introspection } from './introspection';

/** Writes a query that is checked and typed against `gateway/schema.graphql`. */
export const graphql = initGraphQLTada<{
  introspection: introspection;
  scalars: { DateTime: string };
  disableMasking: true;
}>();

export type { ResultOf, VariablesOf, TadaDocumentNode } from 'gql.tada';
