// The filters of the audit viewer, all in the URL. Used by `AuditPage`.
import { Field, HStack, Input } from '@chakra-ui/react';
import { ClearFilters, TextFilter } from '../../ui/FilterBar';
import { useTableSearch } from '../../ui/table/useTableSearch';
import { FILTERS } from './filter';
import { fromLocal, toLocal } from './localTime';

export function Filters({ tenants }: { tenants: boolean }) {
  return (
    <>
      {tenants && <TextFilter name="tenant" label="Tenant slug or id" />}
      <TextFilter name="action" label="Action, such as tenant." />
      <TextFilter name="actor" label="Actor id" />
      <TextFilter name="target" label="Target id" />
      <HStack gap="2" wrap="wrap">
        <TimeFilter name="from" label="From" />
        <TimeFilter name="to" label="To" />
      </HStack>
      <ClearFilters names={[...FILTERS]} />
    </>
  );
}

function TimeFilter({ name, label }: { name: 'from' | 'to'; label: string }) {
  const { search, filter } = useTableSearch();
  const kept = (search as Record<string, string | undefined>)[name];
  return (
    <Field.Root w="auto" display="flex" flexDirection="row" alignItems="center" gap="1.5">
      <Field.Label color="fg.muted" fontWeight="normal" minW={{ base: '10', md: '0' }}>
        {label}
      </Field.Label>
      <Input
        // What is typed half must not be lost, what is cleared elsewhere must go.
        key={kept ?? ''}
        type="datetime-local"
        size="sm"
        w="auto"
        step={1}
        defaultValue={toLocal(kept)}
        onBlur={(event) => {
          const next = fromLocal(event.target.value);
          if (next !== kept) filter({ [name]: next });
        }}
        onKeyDown={(event) => event.key === 'Enter' && event.currentTarget.blur()}
      />
    </Field.Root>
  );
}
