// What is often done next, by role. Each leads to its page with the dialog open. Used by the overview.
import { Box, HStack, Stack, Text } from '@chakra-ui/react';
import { Link } from '@tanstack/react-router';
import { ArrowRight, Bot, Boxes, KeyRound, type LucideIcon, UserPlus } from 'lucide-react';
import { type Action, type MemberWho, may } from '../../session/who';
import { Icon } from '../../ui/Icon';
import { Panel } from './Panel';

interface Quick {
  to: '/t/$tenant/members' | '/t/$tenant/api-keys' | '/t/$tenant/agents' | '/t/$tenant/workspaces';
  needs: Action;
  icon: LucideIcon;
  label: string;
  detail: string;
}

const ACTIONS: Quick[] = [
  {
    to: '/t/$tenant/members',
    needs: 'WriteInvitations',
    icon: UserPlus,
    label: 'Invite somebody',
    detail: 'A link that opens once makes them a member.',
  },
  {
    to: '/t/$tenant/api-keys',
    needs: 'WriteApiKeys',
    icon: KeyRound,
    label: 'Make an API key',
    detail: 'For a program that works in this workspace.',
  },
  {
    to: '/t/$tenant/agents',
    needs: 'WriteAgents',
    icon: Bot,
    label: 'Make an agent',
    detail: 'With a role, capabilities and instructions.',
  },
  {
    to: '/t/$tenant/workspaces',
    needs: 'WriteWorkspaces',
    icon: Boxes,
    label: 'Make a workspace',
    detail: 'With members, keys and rows of its own.',
  },
];

export function QuickActions({ who }: { who: MemberWho }) {
  const actions = ACTIONS.filter((action) => may(who, action.needs));
  if (actions.length === 0) return null;
  return (
    <Panel title="Do next">
      <Stack gap="1" mx="-2">
        {actions.map(({ to, icon, label, detail }) => (
          <HStack key={to} asChild gap="3" px="2" py="2" rounded="md" _hover={{ bg: 'bg.muted' }}>
            <Link to={to} params={{ tenant: who.tenant }} search={{ make: true }}>
              <Icon as={icon} color="accent.fg" />
              <Box flex="1" minW="0">
                <Text fontWeight="medium">{label}</Text>
                <Text textStyle="xs" color="fg.muted">
                  {detail}
                </Text>
              </Box>
              <Icon as={ArrowRight} color="fg.muted" />
            </Link>
          </HStack>
        ))}
      </Stack>
    </Panel>
  );
}
