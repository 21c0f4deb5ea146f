// The frame of pages that need no sign-in: mark, heading, one card. Used by the pages of links.
import { Box, Button, Flex, Heading, Stack, Text } from '@chakra-ui/react';
import { Link } from '@tanstack/react-router';
import type { LucideIcon } from 'lucide-react';
import { type ReactNode, useEffect, useRef } from 'react';
import { Brand } from '../../app/shell/Brand';
import { ColorModeMenu } from '../../app/shell/menus';
import { Icon } from '../../ui/Icon';
import { useArrival } from '../../ui/useArrival';

interface Props {
  title: string;
  lead?: ReactNode;
  children: ReactNode;
}

export function PublicFrame({ title, lead, children }: Props) {
  const heading = useRef<HTMLHeadingElement>(null);
  useArrival(heading);
  useEffect(() => {
    document.title = `${title} · Tenantry`;
  }, [title]);
  return (
    <Flex minH="100dvh" direction="column" bg="bg.subtle">
      <Flex justify="flex-end" p="3">
        <ColorModeMenu />
      </Flex>
      <Flex as="main" flex="1" align={{ base: 'flex-start', sm: 'center' }} justify="center" px="4" pb="16">
        <Stack gap="6" w="full" maxW="sm">
          <Stack gap="5" align="center">
            <Brand large />
            <Stack gap="1" align="center">
              <Heading as="h1" ref={heading} tabIndex={-1} size="lg" fontWeight="semibold" textAlign="center">
                {title}
              </Heading>
              {lead && (
                <Text color="fg.muted" textAlign="center">
                  {lead}
                </Text>
              )}
            </Stack>
          </Stack>
          <Box borderWidth="1px" rounded="xl" bg="bg.panel" p={{ base: '5', sm: '6' }} shadow="xs">
            {children}
          </Box>
        </Stack>
      </Flex>
    </Flex>
  );
}

interface OutcomeProps {
  icon: LucideIcon;
  title: string;
  children: ReactNode;
  action?: ReactNode;
}

/** How it went, read out when it appears. */
export function Outcome({ icon, title, children, action }: OutcomeProps) {
  return (
    <Stack gap="4" align="center" textAlign="center" role="status">
      <Icon as={icon} boxSize="8" color="accent.fg" />
      <Stack gap="1">
        <Text fontWeight="semibold">{title}</Text>
        <Text color="fg.muted" as="div">
          {children}
        </Text>
      </Stack>
      {action}
    </Stack>
  );
}

export function ToSignIn({ to }: { to?: string }) {
  return (
    <Button asChild w="full">
      <Link to="/sign-in" search={to ? { to } : {}}>
        Sign in
      </Link>
    </Button>
  );
}

/** A quiet way elsewhere, below a form. */
export function Aside({ children }: { children: ReactNode }) {
  return (
    <Text textStyle="sm" color="fg.muted" textAlign="center">
      {children}
    </Text>
  );
}
