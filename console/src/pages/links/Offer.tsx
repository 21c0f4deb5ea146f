// What an invitation is to, before it is accepted: which tenant, which workspace, as what, for whom and by whom. Used by the ways to accept one.
import { Text } from '@chakra-ui/react';
import type { Shape } from '../../api/types';

export type Preview = Shape<'InvitationPreview'>;

export function Offer({ offer }: { offer: Preview }) {
  return (
    <Text overflowWrap="anywhere">
      {offer.invited_by ? `${offer.invited_by} invites` : 'You are invited:'} <Strong>{offer.email}</Strong>{' '}
      to <Strong>{offer.tenant_name}</Strong>, workspace <Strong>{offer.workspace_name}</Strong>, as{' '}
      <Strong>{offer.role}</Strong>.
    </Text>
  );
}

function Strong({ children }: { children: string }) {
  return (
    <Text as="span" fontWeight="medium">
      {children}
    </Text>
  );
}
