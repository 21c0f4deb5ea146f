// Somebody else changed the tenant since it was read: nothing was saved, and what is there now can be loaded. Used by the settings.
import { Alert, Button } from '@chakra-ui/react';

export function Conflict({ onReload }: { onReload: () => void }) {
  return (
    <Alert.Root status="warning" size="sm" role="alert">
      <Alert.Indicator />
      <Alert.Content>
        <Alert.Title>Somebody else changed this</Alert.Title>
        <Alert.Description>
          Nothing of yours was saved, so that nothing of theirs is lost. Load what is there now, then make
          your change again.
        </Alert.Description>
        <Button size="xs" variant="outline" mt="2" alignSelf="start" onClick={onReload}>
          Load what is there now
        </Button>
      </Alert.Content>
    </Alert.Root>
  );
}
