// Where one is in the wizard: four steps and the run that follows. Steps that were seen can be opened again. Used by `NewTenantPage`.
import { Steps } from '@chakra-ui/react';
import { Check } from 'lucide-react';
import type { ReactNode } from 'react';
import { Icon } from '../../ui/Icon';
import { STEP_NAMES, type WizardStep } from './values';

const LABELS: Record<WizardStep | 'run', string> = {
  identity: 'Identity',
  plan: 'Plan',
  options: 'Options',
  review: 'Review',
  run: 'Live run',
};

const ALL = [...STEP_NAMES, 'run'] as const;

/** The tab says that it is the one: said of what is around it, too, the list would have children that are no tabs. */
const PLAIN = { 'aria-current': null } as object;

interface Props {
  step: WizardStep;
  reached: number;
  go: (step: WizardStep) => void;
  /** The step that is open. */
  children: ReactNode;
}

export function WizardSteps({ step, reached, go, children }: Props) {
  const now = STEP_NAMES.indexOf(step);
  return (
    <Steps.Root
      step={now}
      count={ALL.length}
      size="sm"
      onStepChange={(change) => {
        const to = STEP_NAMES[change.step];
        if (to && change.step <= reached) go(to);
      }}
      gap="6"
    >
      <Steps.List
        aria-label="Steps of the wizard"
        gap={{ base: '1', md: '2' }}
        justifyContent="space-between"
      >
        {ALL.map((name, index) => (
          <Steps.Item
            key={name}
            index={index}
            {...PLAIN}
            flex={{ base: 'none', md: index === ALL.length - 1 ? 'none' : '1' }}
          >
            <Steps.Trigger
              disabled={index > reached}
              aria-label={`${index + 1}. ${LABELS[name]}`}
              minH="8"
              gap="2"
            >
              <Steps.Indicator>
                <Steps.Status complete={<Icon as={Check} boxSize="3.5" />} incomplete={<Steps.Number />} />
              </Steps.Indicator>
              <Steps.Title hideBelow={index === now ? undefined : 'md'}>{LABELS[name]}</Steps.Title>
            </Steps.Trigger>
            <Steps.Separator hideBelow="md" />
          </Steps.Item>
        ))}
      </Steps.List>
      <Steps.Content index={now} tabIndex={-1}>
        {children}
      </Steps.Content>
    </Steps.Root>
  );
}
