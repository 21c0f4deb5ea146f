// The tiers as the wizard offers them. Their limits are the server's: data that this file does not repeat. Used by the plan and the review.
import type { Tier } from '../../api/types';

export const TIERS: { tier: Tier; label: string; words: string }[] = [
  { tier: 'free', label: 'Free', words: 'To begin with. The smallest limits.' },
  { tier: 'starter', label: 'Starter', words: 'The smallest paid plan.' },
  { tier: 'pro', label: 'Pro', words: 'For teams.' },
  { tier: 'enterprise', label: 'Enterprise', words: 'Unlimited, and first in queues.' },
];

export const tierLabel = (tier: Tier) => TIERS.find((one) => one.tier === tier)?.label ?? tier;
