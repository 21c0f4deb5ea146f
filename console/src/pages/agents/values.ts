// An agent as its form has it, and back: words with commas, tools as JSON. Pure; used by `AgentDialog`.
import type { Agent, Shape } from '../../api/types';

export interface AgentValues {
  name: string;
  role: string;
  status: Shape<'AgentStatus'>;
  capabilities: string;
  personality_prompt: string;
  tool_permissions: string;
}

export function valuesOf(agent: Agent | undefined): AgentValues {
  const tools = agent?.tool_permissions ?? {};
  return {
    name: agent?.name ?? '',
    role: agent?.role ?? '',
    status: agent?.status ?? 'idle',
    capabilities: agent?.capabilities.join(', ') ?? '',
    personality_prompt: agent?.personality_prompt ?? '',
    tool_permissions: Object.keys(tools).length === 0 ? '' : JSON.stringify(tools, null, 2),
  };
}

export function capabilitiesOf(text: string): string[] {
  const words = text.split(/[,\n]/).map((word) => word.trim());
  return [...new Set(words.filter(Boolean))];
}

/** The object that is written there; undefined where it is none. Nothing is an empty one. */
export function toolsOf(text: string): Record<string, never> | undefined {
  if (text.trim() === '') return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, never>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** What makes an agent. */
export function toCreate(values: AgentValues): Shape<'CreateAgent'> {
  return {
    name: values.name.trim(),
    role: values.role.trim(),
    capabilities: capabilitiesOf(values.capabilities),
    tool_permissions: toolsOf(values.tool_permissions) ?? {},
    ...(values.personality_prompt.trim() ? { personality_prompt: values.personality_prompt } : {}),
  };
}

/** Only what differs: what is absent stays. */
export function toUpdate(values: AgentValues, agent: Agent): Shape<'UpdateAgent'> {
  const before = valuesOf(agent);
  const body: Shape<'UpdateAgent'> = {};
  if (values.name.trim() !== before.name) body.name = values.name.trim();
  if (values.role.trim() !== before.role) body.role = values.role.trim();
  if (values.status !== before.status) body.status = values.status;
  if (values.capabilities !== before.capabilities) body.capabilities = capabilitiesOf(values.capabilities);
  if (values.personality_prompt !== before.personality_prompt)
    body.personality_prompt = values.personality_prompt.trim() ? values.personality_prompt : null;
  if (values.tool_permissions !== before.tool_permissions)
    body.tool_permissions = toolsOf(values.tool_permissions) ?? {};
  return body;
}
