// Every status word in the API's description has its icon and colour.
import { describe, expect, it } from 'vitest';
import document from '../../../openapi/v1.json';
import { knownStatuses } from './StatusBadge';

const schemas = document.components.schemas as Record<string, { enum?: string[] }>;
const sorts = Object.keys(schemas).filter((name) => /Status$/.test(name) && schemas[name]?.enum);

describe('status words', () => {
  it('are in the description at all', () => expect(sorts).toContain('RunStatus'));

  it.each(sorts)('%s are all known', (name) => {
    expect(knownStatuses).toEqual(expect.arrayContaining(schemas[name]?.enum ?? []));
  });
});
