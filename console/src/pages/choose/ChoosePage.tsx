// Where to work, for who is a member of several tenants or of none. Calls: `session.ts`.
import { Button, Stack, Text } from '@chakra-ui/react';
import { Link, useNavigate } from '@tanstack/react-router';
import { ArrowRight, Mail } from 'lucide-react';
import type { Membership } from '../../api/types';
import { goTo, useWho } from '../../session/session';
import { homeOf } from '../../session/who';
import { EmptyState } from '../../ui/EmptyState';
import { Icon } from '../../ui/Icon';
import { Page } from '../../ui/Page';
import { failed } from '../../ui/toast';

export function ChoosePage() {
  const who = useWho();
  const navigate = useNavigate();
  const go = (one: Membership) =>
    goTo({ tenant: one.tenant, workspace: one.workspace })
      .then((now) => {
        if (now.status === 'in') void navigate({ href: homeOf(now.who) });
      })
      .catch((thrown) => failed('Not switched', thrown));
  return (
    <Page
      title="Choose a workspace"
      lead="This tab works there. Other tabs stay where they are."
      width="text"
    >
      {who.memberships.length === 0 ? (
        <EmptyState icon={Mail} title="You are not a member of any workspace yet">
          Ask the owner of your tenant for an invitation, and open the link in it.
        </EmptyState>
      ) : (
        <Stack gap="2" role="list">
          {who.memberships.map((one) => (
            <Stack key={one.workspace_id} role="listitem">
              <Button
                variant="outline"
                h="auto"
                py="3"
                justifyContent="space-between"
                onClick={() => void go(one)}
              >
                <Stack gap="0" align="flex-start" minW="0">
                  <Text truncate maxW="full">
                    {one.tenant_name}
                  </Text>
                  <Text textStyle="xs" color="fg.muted" fontWeight="normal">
                    {one.workspace}, {one.role}
                  </Text>
                </Stack>
                <Icon as={ArrowRight} />
              </Button>
            </Stack>
          ))}
        </Stack>
      )}
      <Text mt="6" color="fg.muted" textAlign="center">
        Is your tenant open to people of your mail domain?{' '}
        <Text asChild textDecoration="underline" color="fg">
          <Link to="/join">Join it</Link>
        </Text>
      </Text>
    </Page>
  );
}
