// The provisioning wizard: identity, plan, options, review, then the run on its own page. The step is in the URL. Sends `POST /v1/tenants`.
import { Box } from '@chakra-ui/react';
import { getRouteApi } from '@tanstack/react-router';
import { Lock } from 'lucide-react';
import { useTemplate } from '../../api/template';
import { useTiers } from '../../api/tiers';
import { useWho } from '../../session/session';
import { may } from '../../session/who';
import { EmptyState } from '../../ui/EmptyState';
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
  if (may(who, 'CreateTenant')) return <Wizard who={who.id ?? 'operator token'} />;
  return (
    <Page title="New tenant" width="text">
      <EmptyState icon={Lock} title="Only admins make tenants">
        Your role reads them. Ask an admin to make it, or to change your role.
      </EmptyState>
    </Page>
  );
}

function Wizard({ who }: { who: string }) {
  const { step = 'identity' } = route.useSearch();
  const wizard = useWizard(who, step);
  // The cards of the second step and the choices of the third are there when they open.
  useTiers();
  useTemplate();
  const Step = VIEWS[wizard.step];
  return (
    <Page title="New tenant" width="text">
      <WizardSteps step={wizard.step} reached={wizard.reached} go={(to) => void wizard.go(to)}>
        <Box borderWidth="1px" rounded="xl" bg="bg.panel" p={{ base: '4', md: '6' }}>
          <Step wizard={wizard} />
        </Box>
      </WizardSteps>
      <LeaveGuard wizard={wizard} />
    </Page>
  );
}
