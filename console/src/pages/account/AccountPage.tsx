// One's own account: profile, password, sessions, workspaces, data. For everybody who signed in as a person.
import { Text } from '@chakra-ui/react';
import { useWho } from '../../session/session';
import { may } from '../../session/who';
import { Page } from '../../ui/Page';
import { Data } from './Data';
import { Password } from './Password';
import { Places } from './Places';
import { Profile } from './Profile';
import { Sessions } from './Sessions';

export function AccountPage() {
  const who = useWho();
  if (!may(who, 'ManageSelf'))
    return (
      <Page title="Account" width="text">
        <Text color="fg.muted">
          You signed in with the operator token, which is nobody in person. Sign in with your address to see
          an account.
        </Text>
      </Page>
    );
  return (
    <Page title="Account" lead="You as a person: the same in every tenant." width="text">
      <Profile />
      <Password email={who.email} />
      <Sessions />
      <Places />
      {who.email && <Data email={who.email} />}
    </Page>
  );
}
