import { describe, expect, it } from 'vitest';
import type { Agent } from '../../api/types';
import { capabilitiesOf, toCreate, toolsOf, toUpdate, valuesOf } from './values';

const agent: Agent = {
  id: 'agt_1',
  workspace_id: 'wsp_1',
  name: 'Iris',
  role: 'researcher',
  status: 'idle',
  capabilities: ['search', 'write'],
  tool_permissions: {},
  personality_prompt: 'Be kind.',
  version: 3,
  created_at: '2026-01-01T00:00:00Z',
  updated_at: '2026-01-01T00:00:00Z',
};

it('reads capabilities from commas and lines, each once', () => {
  expect(capabilitiesOf(' search, write,\nsearch\n\n')).toEqual(['search', 'write']);
});

describe('toolsOf', () => {
  it('takes an object, and nothing as an empty one', () => {
    expect(toolsOf('{"web": true}')).toEqual({ web: true });
    expect(toolsOf('  ')).toEqual({});
  });
  it('refuses what is none', () => {
    for (const text of ['[]', '1', 'null', '{', '"a"']) expect(toolsOf(text), text).toBeUndefined();
  });
});

describe('toUpdate', () => {
  it('sends nothing that stays', () => expect(toUpdate(valuesOf(agent), agent)).toEqual({}));
  it('sends what changed, and null for a prompt that was emptied', () => {
    const values = { ...valuesOf(agent), status: 'offline' as const, personality_prompt: ' ' };
    expect(toUpdate(values, agent)).toEqual({ status: 'offline', personality_prompt: null });
  });
});

it('leaves out a prompt that is none', () => {
  expect(toCreate({ ...valuesOf(undefined), name: ' Juno ', role: 'support' })).toEqual({
    name: 'Juno',
    role: 'support',
    capabilities: [],
    tool_permissions: {},
  });
});
