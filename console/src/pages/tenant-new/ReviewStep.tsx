// Step 4: what will be made, how long it takes, what happens if it fails, and the same as commands. Sends the one request. Used by `NewTenantPage`.
import { Button, Flex, Heading, HStack, List, SimpleGrid, Skeleton, Stack, Text } from '@chakra-ui/react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { Rocket } from 'lucide-react';
import type { ReactNode } from 'react';
import { type Template, useTemplate, versionOf } from '../../api/template';
import { CodeBlock } from '../../ui/Copy';
import { count, counted, sentence } from '../../ui/format';
import { Icon } from '../../ui/Icon';
import { ProblemHelp } from '../../ui/ProblemHelp';
import type { NewTenant } from '../runs/made';
import { createSteps, STEPS } from '../runs/words';
import { lastCreations } from './api';
import { readiness } from './BeginsWith';
import { asCli, asCurl } from './commands';
import { alike, estimate } from './estimate';
import { StepFrame } from './StepFrame';
import type { Wizard } from './useWizard';
import { bodyOf, type WizardStep } from './values';

export function ReviewStep({ wizard }: { wizard: Wizard }) {
  const body = bodyOf(wizard.form.getValues());
  const create = (
    <Button type="submit" size="sm" loading={wizard.busy} loadingText={`Making ${body.slug}`}>
      <Icon as={Rocket} /> Make {body.slug}
    </Button>
  );
  return (
    <StepFrame wizard={wizard} title="All as it should be?" lead="Nothing has been made yet." action={create}>
      {wizard.problem && <Refused wizard={wizard} />}
      <Summary wizard={wizard} />
      <Estimate body={body} />
      <SimpleGrid columns={{ base: 1, md: 2 }} gap="6">
        <WhatIsMade demoData={body.demo_data === true} />
        <IfItFails />
      </SimpleGrid>
      <Part title="The same as a command">
        <Stack gap="3">
          <CodeBlock code={asCli(body)} label="Command line" lang="sh" />
          <CodeBlock
            code={asCurl(globalThis.location.origin, wizard.draft.key, body)}
            label="curl, with this form's idempotency key"
            lang="sh"
          />
        </Stack>
      </Part>
    </StepFrame>
  );
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Stack gap="2" minW="0">
      <Heading as="h3" size="sm" fontWeight="medium">
        {title}
      </Heading>
      {children}
    </Stack>
  );
}

function Summary({ wizard }: { wizard: Wizard }) {
  const template = useTemplate();
  const body = bodyOf(wizard.form.getValues());
  const rows: [string, string, WizardStep][] = [
    ['Name', body.name, 'identity'],
    ['Slug', body.slug, 'identity'],
    ['Tier', sentence(wizard.form.getValues('plan_tier')), 'plan'],
    ['Owner', body.admin_email, 'options'],
    ['Domains', body.allowed_domains?.join(', ') ?? 'None', 'options'],
    ['Own limits', ownInWords(body), 'options'],
    ['Schema version', versionInWords(body, template.data), 'options'],
    ['Demo data', body.demo_data ? 'Three agents with a task and a message each' : 'None', 'options'],
  ];
  return (
    <Stack as="dl" gap="0" borderWidth="1px" rounded="lg">
      {rows.map(([name, value, step]) => (
        <Flex key={name} gap="3" px="3" py="1.5" align="center" _notLast={{ borderBottomWidth: '1px' }}>
          <Text as="dt" color="fg.muted" w={{ base: '20', sm: '28' }} flexShrink="0">
            {name}
          </Text>
          <Flex as="dd" flex="1" minW="0" gap="3" align="center" justify="space-between">
            <Text as="span" fontWeight="medium" overflowWrap="anywhere" minW="0">
              {value}
            </Text>
            <Button
              type="button"
              size="xs"
              variant="ghost"
              aria-label={`Change ${name.toLowerCase()}`}
              onClick={() => void wizard.go(step)}
            >
              Change
            </Button>
          </Flex>
        </Flex>
      ))}
    </Stack>
  );
}

function ownInWords(body: NewTenant): string {
  const told = [
    typeof body.max_agents === 'number' && counted(body.max_agents, 'agent'),
    typeof body.max_tasks_per_month === 'number' && `${counted(body.max_tasks_per_month, 'task')} a month`,
    typeof body.storage_limit_gb === 'number' && `${count(body.storage_limit_gb)} GB`,
  ].filter(Boolean);
  return told.length > 0 ? told.join(', ') : 'None: the tier’s';
}

function versionInWords(body: NewTenant, offered?: Template): string {
  if (body.schema_version) return body.schema_version;
  const newest = offered && versionOf(offered, '');
  return newest ? `${newest.version}, the newest` : 'The newest';
}

function Estimate({ body }: { body: NewTenant }) {
  const last = useQuery(lastCreations);
  const template = useTemplate();
  if (last.isPending || template.isPending) return <Skeleton h="5" maxW="sm" />;
  const version = template.data && versionOf(template.data, body.schema_version ?? '');
  const warm = (version?.warm_slots ?? 0) > 0;
  const text = last.data ? estimate(alike(last.data.items, warm, body.demo_data === true)) : null;
  return (
    <Text>
      <Text as="span" color="fg.muted">
        Estimated time:{' '}
      </Text>
      {text ?? 'unknown, since no tenant was made here lately. By contract under 2 min'}.
      {version && ` ${readiness(version.warm_slots, body.demo_data === true)}`}
    </Text>
  );
}

function WhatIsMade({ demoData }: { demoData: boolean }) {
  return (
    <Part title="What will be made">
      <List.Root as="ol" ps="5" gap="1.5">
        {createSteps(demoData).map((name) => (
          <List.Item key={name}>
            <Text as="span" fontWeight="medium">
              {STEPS[name].title}.
            </Text>{' '}
            <Text as="span" color="fg.muted">
              {STEPS[name].does}
            </Text>
          </List.Item>
        ))}
      </List.Root>
    </Part>
  );
}

function IfItFails() {
  return (
    <Part title="If a step fails">
      <List.Root ps="4" gap="1.5" color="fg.muted">
        <List.Item>Every step before it is undone by itself, the last one first.</List.Item>
        <List.Item>No schema, role, grant, key or row is left, and the slug is free again.</List.Item>
        <List.Item>You see which step it was and why, and can retry the run.</List.Item>
        <List.Item>
          You can also roll it back yourself within 24 h of its end. That removes the tenant with everything
          in it.
        </List.Item>
      </List.Root>
    </Part>
  );
}

function Refused({ wizard }: { wizard: Wizard }) {
  const reused = wizard.problem?.code === 'idempotency_key_reused';
  return (
    <Stack gap="2">
      <ProblemHelp error={wizard.problem} retry={reused ? undefined : () => void wizard.create()} />
      {reused && (
        <HStack gap="2" wrap="wrap">
          <Text>This form was sent before with other input, and made a tenant of it.</Text>
          <Button asChild size="xs" variant="outline">
            <Link to="/runs" search={{ kind: 'create' }}>
              Look at the runs
            </Link>
          </Button>
          <Button type="button" size="xs" variant="outline" onClick={wizard.renew}>
            Make another tenant of this input
          </Button>
        </HStack>
      )}
    </Stack>
  );
}
