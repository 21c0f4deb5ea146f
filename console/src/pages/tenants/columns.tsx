// Columns of the tenants table. Used by `TenantsPage`.
import { Link } from '@tanstack/react-router';
import type { Tenant } from '../../api/types';
import { CopyId } from '../../ui/Copy';
import { sentence } from '../../ui/format';
import { StatusBadge } from '../../ui/StatusBadge';
import { Bytes, RelativeTime } from '../../ui/Time';
import { columnsOf } from '../../ui/table/features';

const column = columnsOf<Tenant>();

export const tenantColumns = column.columns([
  column.accessor('name', {
    meta: { label: 'Name', sort: 'name', fixed: true },
    cell: ({ row: { original } }) => (
      <div className="stacked">
        <Link className="named" to="/tenants/$slug" params={{ slug: original.slug }}>
          {original.name}
        </Link>
        <span className="under" title={original.admin_email}>
          {original.admin_email}
        </span>
      </div>
    ),
  }),
  column.accessor('slug', {
    meta: { label: 'Slug', sort: 'slug' },
    cell: (cell) => <CopyId id={cell.getValue()} label="slug" />,
  }),
  column.accessor('status', {
    meta: { label: 'Status' },
    cell: (cell) => <StatusBadge status={cell.getValue()} />,
  }),
  column.accessor('plan_tier', { meta: { label: 'Tier' }, cell: (cell) => sentence(cell.getValue()) }),
  column.accessor('schema_bytes', {
    meta: { label: 'Schema size', sort: 'schema_bytes', align: 'end' },
    cell: (cell) => <Bytes count={cell.getValue()} />,
  }),
  column.accessor('last_activity_at', {
    meta: { label: 'Last activity', sort: 'last_activity_at' },
    cell: ({ row: { original } }) => (
      <RelativeTime
        at={original.last_activity_at}
        none={original.sampled_at ? 'None' : 'Not looked at yet'}
      />
    ),
  }),
  column.accessor('created_at', {
    meta: { label: 'Created', sort: 'created_at' },
    cell: (cell) => <RelativeTime at={cell.getValue()} />,
  }),
]);
