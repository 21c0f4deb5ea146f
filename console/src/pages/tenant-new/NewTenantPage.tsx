// The provisioning wizard: identity, plan, options, review, then the run on its own page. The step is in the URL. Sends `POST /v1/tenants`.
import { Box } from '@chakra-ui/react';
import { getRouteApi } from '@tanstack/react-router';
import { useWho } from '../../session/session';
import { Page } from '../../ui/Page';
import { IdentityStep } from './IdentityStep';
import { LeaveGuard } from './LeaveGuard';
import { OptionsStep } from './OptionsStep';
import { PlanStep } from './PlanStep';
import { ReviewStep } from './ReviewStep';
import { useWizard } from './useWizard';
import { WizardSteps } from './WizardSteps';

const route = getRouteApi('/shell/operator/tenants/new');
const VIEWS = { identity: IdentityStep, plan: PlanStep, options: OptionsStep, review: ReviewStep };

export function NewTenantPage() {
  const who = useWho();
  const { step = 'identity' } = route.useSearch();
  const wizard = useWizard(who.id ?? 'operator token', step);
  const Step = VIEWS[wizard.step];
  return (
    <Page title="New tenant" width="text">
      <WizardSteps step={wizard.step} reached={wizard.reached} go={(to) => void wizard.go(to)} />
      <Box borderWidth="1px" rounded="xl" bg="bg.panel" p={{ base: '4', md: '6' }}>
        <Step wizard={wizard} />
      </Box>
      <LeaveGuard wizard={wizard} />
    </Page>
  );
}
