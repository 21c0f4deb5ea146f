// What is known of oneself: take it out, or have it erased. Used by `AccountPage`.
import { Button, HStack } from '@chakra-ui/react';
import { useMutation } from '@tanstack/react-query';
import { Download, Trash2 } from 'lucide-react';
import { useState } from 'react';
import { accountErased } from '../../session/session';
import { ConfirmDialog } from '../../ui/ConfirmDialog';
import { Icon } from '../../ui/Icon';
import { failed, said } from '../../ui/toast';
import { useErase, wholeData } from './api';
import { Section } from './Section';

function save(name: string, content: unknown) {
  const url = URL.createObjectURL(new Blob([JSON.stringify(content, null, 2)], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}

export function Data({ email }: { email: string }) {
  const [erasing, setErasing] = useState(false);
  const take = useMutation({ mutationFn: wholeData, gcTime: 0 });
  const download = () =>
    take.mutate(undefined, {
      onSuccess: (data) => {
        save('tenantry-my-data.json', data);
        said(
          'Your data is downloaded',
          'Sign-ins, memberships, keys, mails and audit events, as JSON. No secrets.',
        );
      },
      onError: (thrown) => failed('Not downloaded', thrown),
    });
  return (
    <Section title="Your data" lead="Everything that is known of you, and the way to have it erased.">
      <HStack gap="2" wrap="wrap">
        <Button
          size="sm"
          variant="outline"
          loading={take.isPending}
          loadingText="Collecting"
          onClick={download}
        >
          <Icon as={Download} /> Download my data
        </Button>
        <Button size="sm" variant="outline" colorPalette="red" onClick={() => setErasing(true)}>
          <Icon as={Trash2} /> Erase my account
        </Button>
      </HStack>
      {erasing && <EraseDialog email={email} onClose={() => setErasing(false)} />}
    </Section>
  );
}

function EraseDialog({ email, onClose }: { email: string; onClose: () => void }) {
  const erase = useErase();
  return (
    <ConfirmDialog
      onClose={onClose}
      title="Erase your account?"
      action="Erase my account"
      word={email}
      effects={[
        'Your name, address, password, sessions and memberships are erased. This cannot be taken back.',
        'What you made for a tenant stays the tenant’s. The audit trail keeps your user id, and no name.',
        'An operator, or the only owner of a workspace, hands that over first.',
      ]}
      confirm={async () => {
        await erase.mutateAsync(email);
        accountErased();
      }}
    />
  );
}
