// Where this tab works, with ids to copy. Used by the overview.
import type { MemberWho } from '../../session/who';
import { CopyId } from '../../ui/Copy';
import { sentence } from '../../ui/format';
import { KeyValue } from '../../ui/KeyValue';
import { Panel } from './Panel';

export function Place({ who }: { who: MemberWho }) {
  return (
    <Panel title="Where you are">
      <KeyValue
        rows={[
          ['Tenant', <CopyId key="slug" id={who.tenant} label="slug" />],
          ['Tenant id', <CopyId key="tenant" id={who.tenantId} label="tenant id" short />],
          ['Workspace', <CopyId key="name" id={who.workspace} label="workspace slug" />],
          ['Workspace id', <CopyId key="workspace" id={who.workspaceId} label="workspace id" short />],
          ['Your role', sentence(who.role)],
          ['Tier', sentence(who.tier)],
        ]}
      />
    </Panel>
  );
}
