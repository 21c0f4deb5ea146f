// Everything that can be done with a tenant, by role and state: one menu, and its dialogs. Used by `TenantPage`.
import { Button, Menu, Portal } from '@chakra-ui/react';
import { ChevronDown } from 'lucide-react';
import { useState } from 'react';
import type { Run, Tenant } from '../../api/types';
import { useWho } from '../../session/session';
import { type Action, may } from '../../session/who';
import { Icon } from '../../ui/Icon';
import { failed, said } from '../../ui/toast';
import { useExportData } from './api';
import { GrantDialog } from './GrantDialog';
import { KeyDialog } from './KeyDialog';
import { LifeDialog } from './LifeDialog';
import { LIFE, type LifeKind, lifeKinds } from './life';
import { OwnerDialog } from './OwnerDialog';

type Open = LifeKind | 'grant' | 'key' | 'owner';

interface Deed {
  value: Open | 'export';
  label: string;
  needs: Action;
  when: (tenant: Tenant) => boolean;
}

const DEEDS: Deed[] = [
  { value: 'grant', label: 'Open access grant', needs: 'OpenAccessGrant', when: isActive },
  { value: 'key', label: 'Make API key', needs: 'CreateApiKey', when: isActive },
  { value: 'owner', label: 'Renew owner invitation', needs: 'InviteOwner', when: isActive },
  {
    value: 'export',
    label: 'Export data',
    needs: 'ExportTenant',
    when: (tenant) => tenant.status !== 'provisioning',
  },
];

function isActive({ status }: Tenant) {
  return status === 'active';
}

export function TenantActions({ tenant, run }: { tenant: Tenant; run: Run | undefined }) {
  const who = useWho();
  const [open, setOpen] = useState<Open | null>(null);
  const exported = useExportData(tenant.slug);
  const deeds = DEEDS.filter((deed) => may(who, deed.needs) && deed.when(tenant));
  const lives = lifeKinds(who, tenant.status, run, Date.now());
  const choose = (value: string) => {
    if (value !== 'export') setOpen(value as Open);
    else
      exported.mutate(undefined, {
        onSuccess: () => said('Export saved', 'Its manifest is its end: without it the file is not whole.'),
        onError: (thrown) => failed('Not exported', thrown),
      });
  };
  const close = () => setOpen(null);
  if (deeds.length + lives.length === 0) return null;
  return (
    <>
      <Menu.Root
        onSelect={(choice) => choose(choice.value)}
        lazyMount
        positioning={{ placement: 'bottom-end' }}
      >
        <Menu.Trigger asChild>
          <Button size="sm" variant="outline" loading={exported.isPending} loadingText="Exporting">
            Actions <Icon as={ChevronDown} />
          </Button>
        </Menu.Trigger>
        <Portal>
          <Menu.Positioner>
            <Menu.Content>
              {deeds.map((deed) => (
                <Menu.Item key={deed.value} value={deed.value}>
                  {deed.label}
                </Menu.Item>
              ))}
              {deeds.length > 0 && lives.length > 0 && <Menu.Separator />}
              {lives.map((kind) => (
                <Menu.Item key={kind} value={kind} {...(LIFE[kind].danger ? { color: 'fg.error' } : {})}>
                  {LIFE[kind].verb}
                </Menu.Item>
              ))}
            </Menu.Content>
          </Menu.Positioner>
        </Portal>
      </Menu.Root>
      {open === 'grant' && <GrantDialog slug={tenant.slug} onClose={close} />}
      {open === 'key' && <KeyDialog slug={tenant.slug} onClose={close} />}
      {open === 'owner' && <OwnerDialog tenant={tenant} onClose={close} />}
      {open && open in LIFE && <LifeDialog kind={open as LifeKind} tenant={tenant} onClose={close} />}
    </>
  );
}
