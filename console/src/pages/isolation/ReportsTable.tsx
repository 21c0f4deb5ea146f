// The proofs that were made, newest first. Used by `IsolationPage`.
import { ShieldCheck } from 'lucide-react';
import { EmptyState } from '../../ui/EmptyState';
import { DataTable } from '../../ui/table/DataTable';
import { useReports } from './api';
import { reportColumns } from './columns';

export function ReportsTable({ cursor, action }: { cursor: string | undefined; action: React.ReactNode }) {
  const reports = useReports(20, cursor);
  return (
    <DataTable
      label="Isolation reports"
      columns={reportColumns}
      query={reports}
      rowId={(report) => report.id}
      empty={
        <EmptyState icon={ShieldCheck} title="Isolation was never proved here" action={action}>
          The proof looks at the catalogue, tries from every tenant's scope what must be refused, and asks the
          API for what belongs to others. Every attempt is undone.
        </EmptyState>
      }
    />
  );
}
