// The tiers as the wizard offers them. Their limits are the server's: data that this file does not repeat. Used by the plan and the review.
import type { Tier } from '../../api/types';

export const TIERS: { tier: Tier; label: string; words: string }[] = [
  { tier: 'free', label: 'Free', words: 'To try it: one workspace, the smallest limits.' },
  { tier: 'starter', label: 'Starter', words: 'The smallest paid plan: a few workspaces.' },
  { tier: 'pro', label: 'Pro', words: 'For teams that work on it every day.' },
  { tier: 'enterprise', label: 'Enterprise', words: 'Unlimited, first in queues.' },
];

export const tierLabel = (tier: Tier) => TIERS.find((one) => one.tier === tier)?.label ?? tier;
