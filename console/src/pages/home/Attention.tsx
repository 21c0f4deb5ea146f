// The list of what needs somebody. Used by `HomePage`.
import { Box, Button, Code, Flex, HStack, Skeleton, Stack, Text } from '@chakra-ui/react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { ArrowRight, CircleCheck } from 'lucide-react';
import { CopyButton } from '../../ui/Copy';
import { Icon } from '../../ui/Icon';
import { ProblemHelp } from '../../ui/ProblemHelp';
import { StatusBadge } from '../../ui/StatusBadge';
import { doctor, overview } from './api';
import { attention, type Matter } from './attention';
import { Section } from './Section';

const LABELS = { failing: 'Failing', warn: 'Look at it' };

export function Attention() {
  const glance = useQuery(overview);
  const checks = useQuery(doctor);
  const matters = attention(glance.data, checks.data?.checks);
  const pending = glance.isPending || checks.isPending;
  return (
    <Section title="Needs attention">
      <Stack gap="3">
        {glance.isError && <ProblemHelp compact error={glance.error} retry={() => void glance.refetch()} />}
        {checks.isError && <ProblemHelp compact error={checks.error} retry={() => void checks.refetch()} />}
        {pending && matters.length === 0 && (
          <Stack gap="2" aria-busy>
            <Skeleton h="12" />
            <Skeleton h="12" />
          </Stack>
        )}
        {matters.length > 0 && (
          <Box as="ul" listStyleType="none" borderWidth="1px" rounded="lg" bg="bg.panel">
            {matters.map((matter) => (
              <Line key={matter.id} matter={matter} />
            ))}
          </Box>
        )}
        {!pending && matters.length === 0 && !glance.isError && !checks.isError && (
          <HStack color="fg.muted" gap="2">
            <Icon as={CircleCheck} color="fg.success" /> Nothing. Runs, leases, isolation and the doctor's
            checks are fine.
          </HStack>
        )}
      </Stack>
    </Section>
  );
}

function Line({ matter }: { matter: Matter }) {
  return (
    <Flex
      as="li"
      data-matter={matter.id}
      px="4"
      py="2.5"
      gap="3"
      align={{ base: 'flex-start', md: 'center' }}
      direction={{ base: 'column', md: 'row' }}
      _notLast={{ borderBottomWidth: '1px' }}
    >
      <Box w="24" flexShrink="0">
        <StatusBadge status={matter.status} label={LABELS[matter.status]} />
      </Box>
      <Box flex={{ md: '1' }} minW="0">
        <Text fontWeight="medium" overflowWrap="anywhere">
          {matter.title}
        </Text>
        {matter.detail && (
          <Text textStyle="xs" color="fg.muted" overflowWrap="anywhere">
            <Advice text={matter.detail} />
          </Text>
        )}
      </Box>
      <HStack gap="2" flexShrink="0" wrap="wrap">
        {matter.command && (
          <CopyButton text={matter.command} label={`Copy ${matter.command}`} variant="ghost" />
        )}
        {matter.page && (
          <Button asChild size="xs" variant="outline">
            <Link to={matter.page.path} search={matter.page.search as never}>
              {matter.page.label} <Icon as={ArrowRight} boxSize="3.5" />
            </Link>
          </Button>
        )}
      </HStack>
    </Flex>
  );
}

/** The doctor writes commands as terminals and documents do, between backticks: every second piece is one. */
function Advice({ text }: { text: string }) {
  return text.split('`').map((piece, place) =>
    place % 2 ? (
      <Code key={place} size="xs">
        {piece}
      </Code>
    ) : (
      piece
    ),
  );
}
