// One proof: what it came to, its evidence by layer and check, what differs from the one before, and the report to hand on.
// Reads `GET /v1/isolation-reports/{id}` until it is over.
import { Alert, Button, Skeleton, Stack } from '@chakra-ui/react';
import { getRouteApi, Link } from '@tanstack/react-router';
import { Download, Printer, RotateCw } from 'lucide-react';
import { useState } from 'react';
import { saveFile } from '../../api/download';
import type { IsolationReport } from '../../api/types';
import { useWho } from '../../session/session';
import { may } from '../../session/who';
import { Icon } from '../../ui/Icon';
import { Page } from '../../ui/Page';
import { ProblemHelp } from '../../ui/ProblemHelp';
import { StatusBadge } from '../../ui/StatusBadge';
import { AtWork } from './AtWork';
import { isOver, useReport } from './api';
import { Checks } from './Checks';
import { Comparison } from './Comparison';
import { ProveDialog } from './ProveDialog';
import { Summary } from './Summary';

const route = getRouteApi('/shell/operator/isolation/$id');

export function ReportPage() {
  const { id } = route.useParams();
  const report = useReport(id);
  if (report.data) return <Report report={report.data} />;
  return (
    <Page title="Isolation report">
      {report.isError ? (
        <ProblemHelp error={report.error} retry={() => void report.refetch()} />
      ) : (
        <Stack gap="4" aria-busy aria-label="Loading">
          <Skeleton h="24" />
          <Skeleton h="64" />
        </Stack>
      )}
    </Page>
  );
}

function Report({ report }: { report: IsolationReport }) {
  return (
    <Page
      title={report.tenant ? `Isolation of ${report.tenant}` : 'Isolation of all tenants'}
      badge={<StatusBadge status={report.status} />}
      lead={leadOf(report)}
      actions={isOver(report) && <ReportActions report={report} />}
    >
      <Stack gap="6">
        {report.error && (
          <Alert.Root status="error" role="alert">
            <Alert.Indicator />
            <Alert.Content>
              <Alert.Title>The proof did not come to its end</Alert.Title>
              <Alert.Description overflowWrap="anywhere">{report.error}</Alert.Description>
            </Alert.Content>
          </Alert.Root>
        )}
        {isOver(report) ? (
          <>
            <Summary report={report} />
            <Checks report={report} />
            {report.status !== 'broken' && <Comparison report={report} />}
          </>
        ) : (
          <>
            <AtWork report={report} />
            <Summary report={report} />
          </>
        )}
      </Stack>
    </Page>
  );
}

export function leadOf({ status, open, refusals, attempts }: IsolationReport): string {
  if (status === 'passed') return 'Nothing is open: whatever must be refused was refused.';
  if (status === 'failed')
    return `${open} open. Each is named below, with what is wrong. ${refusals} of ${attempts} attempts were refused.`;
  if (status === 'broken') return 'It says nothing about isolation, neither good nor bad.';
  return 'A worker looks and tries. This page follows.';
}

function ReportActions({ report }: { report: IsolationReport }) {
  const who = useWho();
  const [again, setAgain] = useState(false);
  const save = () =>
    saveFile(
      new Blob([`${JSON.stringify(report, null, 2)}\n`], { type: 'application/json' }),
      `isolation-${report.tenant ?? 'all'}-${report.requested_at.slice(0, 10)}-${report.id}.json`,
    );
  return (
    <>
      {may(who, 'ProveIsolation') && (
        <Button size="sm" variant="outline" onClick={() => setAgain(true)}>
          <Icon as={RotateCw} /> Run again
        </Button>
      )}
      <Button size="sm" variant="outline" onClick={save}>
        <Icon as={Download} /> Download JSON
      </Button>
      <Button asChild size="sm">
        <Link to="/isolation/$id/print" params={{ id: report.id }} target="_blank">
          <Icon as={Printer} /> Print report
        </Link>
      </Button>
      {again && <ProveDialog tenant={report.tenant} seed={report.seed} onClose={() => setAgain(false)} />}
    </>
  );
}
